"""Inputs: what Node makes while a handler reads it."""

import asyncio
import unittest
from typing import Any

from pypool import HostError
from pypool.frame import FrameType
from pypool.frame_writer import write_frame
from pypool.inputs import Input
from pypool.plain_json import write_json
from tests.worker_process import PATIENCE_SECONDS, WorkerProcess


def made(**_: Any) -> "tuple[Input, list[tuple[int, int]]]":
    pulls: list[tuple[int, int]] = []
    one = Input(lambda items, size: pulls.append((items, size)), lambda items, _: list(items), True)
    return one, pulls


class Inputs(unittest.TestCase):
    def test_asks_for_nothing_before_it_is_read_then_for_what_was_taken_half_a_window_at_a_time(self) -> None:
        one, pulls = made()
        self.assertEqual(pulls, [])
        for number in range(64):
            one.put((0, [number], 10, None))
        self.assertEqual([next(one) for _ in range(31)], list(range(31)))
        self.assertEqual(pulls, [(64, 1024 * 1024)])
        self.assertEqual([next(one) for _ in range(33)], list(range(31, 64)))
        self.assertEqual(pulls[1:], [(32, 320), (32, 320)])

    def test_gives_the_bytes_of_large_items_back_at_once(self) -> None:
        one, pulls = made()
        one.put((0, ["a", "b"], 600_000, None))
        self.assertEqual([next(one), len(pulls)], ["a", 1])
        self.assertEqual([next(one), pulls[1:]], ["b", [(2, 600_000)]])

    def test_raises_what_the_iterable_failed_with_once_after_the_items_before(self) -> None:
        one, _ = made()
        one.put((0, [1, 2], 9, None))
        one.put(HostError("TypeError", "no"))
        seen: list[int] = []
        with self.assertRaisesRegex(HostError, "^TypeError: no$") as raised:
            seen.extend(one)
        self.assertEqual((raised.exception.name, raised.exception.message), ("TypeError", "no"))
        self.assertEqual(list(one), [])

    def test_is_read_by_coroutines_alike(self) -> None:
        async def read() -> "tuple[list[int], list[int]]":
            one, _ = made()
            loop = asyncio.get_running_loop()
            loop.call_soon(one.put, (0, [1, 2], 9, None))
            loop.call_later(0.001, one.put, StopIteration())
            return [item async for item in one], [item async for item in one]

        self.assertEqual(asyncio.run(read()), ([1, 2], []))

    def test_is_shared_by_coroutines_each_of_which_learns_of_the_end(self) -> None:
        async def read() -> "list[list[int]]":
            one, _ = made()
            seen: list[list[int]] = [[], [], []]

            async def take(into: "list[int]") -> None:
                async for item in one:
                    into.append(item)
                    await asyncio.sleep(0)  # for the others to take theirs

            tasks = [asyncio.ensure_future(take(into)) for into in seen]
            await asyncio.sleep(0)  # now each of them waits
            one.put((0, [1, 2, 3], 9, None))
            while sum(map(len, seen)) < 3:
                await asyncio.sleep(0)
            one.put(StopIteration())
            await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_SECONDS)
            return seen

        self.assertEqual(sorted(asyncio.run(read())), [[1], [2], [3]])

    def test_an_item_that_was_read_is_not_held_until_something_else_arrives(self) -> None:
        with WorkerProcess("read_items") as worker:
            worker.start()
            call_id = worker.send("await_that_no_item_is_held", None, meta={"inputs": [0]})
            worker.hear(FrameType.PULL)
            items = write_json([0, {"$": ["bytes", 0]}])
            write_frame(worker.control, FrameType.INPUT, call_id, items, True, [b"large"])
            self.assertEqual(worker.reply().envelope, '"none"')
