"""Streams: items against credit, their end, and leaving."""

import unittest
from threading import Thread
from typing import Any, ClassVar

from pypool.frame import FrameType
from pypool.plain_json import parse_json
from pypool.streams import Window
from tests.worker_process import WorkerProcess


class TheWindow(unittest.TestCase):
    def test_has_room_while_there_is_credit_of_both_kinds(self) -> None:
        window = Window()
        self.assertEqual(window.room(), 0)
        window.grant(3, 10)
        self.assertEqual((window.room(), window.wait()), (3, 3))
        window.spend(1, 9)
        self.assertEqual(window.room(), 2)
        window.spend(1, 50)
        self.assertEqual(window.room(), 0)
        window.grant(1, 50)
        self.assertEqual(window.room(), 2)
        window.leave()
        self.assertEqual((window.room(), window.wait()), (0, 0))

    def test_wakes_who_waits_for_it(self) -> None:
        window = Window()
        found: list[int] = []
        waiting = Thread(target=lambda: found.append(window.wait()), daemon=True)
        waiting.start()
        window.grant(1, 0)
        window.grant(1, 1)
        waiting.join(60)
        self.assertEqual(found, [2])


class Streams(unittest.TestCase):
    welcome: ClassVar[dict[str, Any]] = {}

    def setUp(self) -> None:
        worker = WorkerProcess("produce_items", **self.welcome)
        self.addCleanup(worker.__exit__)
        self.worker = worker.start()

    def open(self, name: str, *args: Any, credit: int) -> int:
        return self.worker.send(name, *args, meta={"credit": credit})

    def items(self, count: int) -> list[Any]:
        """Read this many items."""
        items: list[Any] = []
        while len(items) < count:
            frame = self.worker.reply()
            self.assertEqual(frame.type, FrameType.ITEM, frame.envelope)
            items += parse_json(frame.envelope)
        return items

    def grant(self, call_id: int, items: int) -> None:
        self.worker.send_control(FrameType.CREDIT, {"n": items}, call_id)

    def leave(self, call_id: int) -> None:
        self.worker.send_control(FrameType.CANCEL, {"mode": "leave"}, call_id)

    def assert_end(self) -> None:
        frame = self.worker.reply()
        self.assertEqual((frame.type, frame.envelope), (FrameType.RESULT, "null"))

    def assert_left(self) -> None:
        """It ends between two items, or interrupted where a busy machine keeps it from them for a moment."""
        frame = self.worker.reply()
        if frame.type == FrameType.ERROR:
            self.assertEqual(parse_json(frame.envelope)["kind"], "cancelled", frame.envelope)
        else:
            self.assertEqual((frame.type, frame.envelope), (FrameType.RESULT, "null"))

    def test_sends_items_in_order_and_one_end(self) -> None:
        for name in ("count", "count_async", "return_async_generator"):
            self.open(name, 100, credit=1000)
            self.assertEqual(self.items(100), list(range(100)), name)
            self.assert_end()
        self.open("return_generator", 3, credit=10)
        self.assertEqual(self.items(3), [0, 1, 4])
        self.assert_end()

    def test_sends_no_more_than_the_credit(self) -> None:
        for name in ("count", "count_async"):
            call_id = self.open(name, 100, credit=3)
            self.assertEqual(self.items(3), [0, 1, 2])
            self.grant(call_id, 2)
            self.assertEqual(self.items(2), [3, 4])
            self.grant(call_id, 200)
            self.assertEqual(self.items(95), list(range(5, 100)))
            self.assert_end()

    def test_sends_no_more_than_the_credit_in_bytes_and_one_item(self) -> None:
        size = 100_000
        for name in ("yield_texts", "return_list_iterator"):
            call_id = self.worker.send(name, 20, size, meta={"credit": 100, "creditBytes": 2 * size + 9})
            self.assertEqual([*map(len, self.items(3))], [size] * 3)
            self.worker.send_control(FrameType.CREDIT, {"n": 1, "bytes": size + 100}, call_id)
            self.assertEqual([*map(len, self.items(1))], [size])
            self.leave(call_id)
            self.assert_left()

    def test_a_large_item_keeps_small_ones_from_a_frame_of_their_own_but_for_a_while(self) -> None:
        self.open("return_mixed_iterator", 500, credit=1000)
        frames: list[int] = []
        while sum(frames) < 501:
            frames.append(len(self.items(1)))
        self.assert_end()
        self.assertLess(len(frames), 50)

    def test_counts_credit_that_arrives_before_its_call(self) -> None:
        self.grant(1, 5)
        self.worker.send_control(FrameType.PING, {"n": 1})
        self.worker.hear(FrameType.PONG)
        self.open("count", 6, credit=2)
        self.assertEqual(self.items(6), list(range(6)))
        self.assert_end()

    def test_ignores_credit_and_leaving_after_the_end(self) -> None:
        call_id = self.open("count", 1, credit=5)
        self.items(1)
        self.assert_end()
        self.grant(call_id, 5)
        self.leave(call_id)
        self.assertEqual(self.worker.call("closed"), ["count"])

    def test_closes_the_generator_once_when_the_consumer_leaves(self) -> None:
        for name in ("count", "count_async"):
            call_id = self.open(name, 1000, credit=2)
            self.items(2)
            self.leave(call_id)
            self.leave(call_id)
            self.assert_left()
        self.assertEqual(self.worker.call("closed"), ["count", "count_async"])

    def test_never_starts_a_stream_that_was_left_before_it_was_read(self) -> None:
        self.leave(1)
        self.worker.send_control(FrameType.PING, {"n": 1})
        self.worker.hear(FrameType.PONG)
        self.open("count", 6, credit=1)
        self.assert_end()
        self.assertEqual(self.worker.call("closed"), [])

    def test_tells_what_a_generator_that_was_left_ended_with(self) -> None:
        call_id = self.open("fail_when_closed", credit=1)
        self.items(1)
        self.leave(call_id)
        self.assertEqual(self.worker.error()["message"], "cannot close")

    def test_an_exception_comes_after_the_items_before_it(self) -> None:
        self.open("fail_after", 3, credit=10)
        self.assertEqual(self.items(3), [0, 1, 2])
        error = self.worker.error()
        self.assertEqual((error["type"], error["frames"][-1]["function"]), ("ValueError", "fail_after"))

    def test_an_item_that_cannot_be_encoded_is_named_by_its_place_in_the_stream(self) -> None:
        self.open("yield_object", 3, credit=10)
        self.items(3)
        self.assertEqual(self.worker.error()["path"], "items[3].owner")

    def test_sends_what_is_ready_together_within_frame_and_credit(self) -> None:
        self.open("return_list_iterator", 40, credit=30)
        frame = self.worker.reply()
        self.assertEqual(len(parse_json(frame.envelope)), 30)

    def test_splits_items_that_are_too_large_together(self) -> None:
        worker = WorkerProcess(
            "produce_items", **self.welcome, limits={"maxFrameBytes": 5000, "maxBufferBytes": 5000}
        )
        self.addCleanup(worker.__exit__)
        self.worker = worker.start()
        self.open("return_list_iterator", 40, credit=100)
        self.assertEqual(len(self.items(40)), 40)
        self.assert_end()

    def test_stops_between_items_at_shutdown(self) -> None:
        self.open("count", 1000, credit=2)
        self.items(2)
        self.worker.send_control(FrameType.SHUTDOWN, {})
        self.assert_end()
        self.open("count_async", 1000, credit=2)
        self.assert_end()
        self.assertEqual(self.worker.stop(), 0)

    def test_a_stream_is_not_called_and_a_plain_function_is_not_streamed(self) -> None:
        for name in ("count", "count_async", "return_generator", "return_async_generator"):
            error = self.worker.call_error(name, 3)
            self.assertEqual(error["kind"], "invalid-arguments")
            self.assertIn("use stream()", error["message"])
        self.open("plain", credit=1)
        error = self.worker.error()
        self.assertEqual(error["kind"], "invalid-arguments")
        self.assertIn("use call()", error["message"])
