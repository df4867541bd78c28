"""Cancels that arrive between two steps of a batch, in real engines."""

import asyncio
import sys
import unittest
from threading import Thread
from typing import Any, ClassVar
from unittest import mock

from pypool.batch_rule import BatchRule
from pypool.expose import Exposed
from tests.engine_here import EngineHere
from tests.own_process import in_own_process
from tests.worker_process import PATIENCE_SECONDS


class Moments(unittest.TestCase):
    kind: ClassVar[str]

    def use(self, **functions: "tuple[Any, BatchRule | None]") -> EngineHere:
        exposed = {
            name: Exposed(name, function, batch=batch) for name, (function, batch) in functions.items()
        }
        exposed["cancel"] = Exposed("cancel", self.cancel)
        self.here = EngineHere(self, self.kind, exposed)
        return self.here

    def cancel(self, *ids: int) -> None:
        for each in ids:
            self.here.engine.interrupts.cancel(each)

    def assert_never_started(self, answers: "list[tuple[int, Any]]", ids: list[int]) -> None:
        self.assertEqual([id for id, _ in answers], ids)
        for _, said in answers:
            self.assertIsInstance(said, dict)
            self.assertEqual((said["kind"], said["started"]), ("cancelled", False))


@in_own_process
class InTasks(Moments):
    kind = "async"

    def test_one_that_is_cancelled_while_another_of_its_batch_is_refused_is_answered_once(self) -> None:
        here = self.use(double=(double, BatchRule(3, 600)))
        # This runs before the task of the batch, which has been made by then and begins with one that is
        # cancelled.
        here.send("cancel", 2)
        here.send("double", 1)
        second, third = here.send("double", 2), here.send("double", 3)
        replies_begun: list[None] = []

        def on_reply() -> None:
            replies_begun.append(None)
            if len(replies_begun) == 2:  # that of the cancelled one
                self.cancel(second)

        here.on_reply = on_reply
        answers = here.serve()
        self.assertEqual([id for id, _ in answers], [1, 2, second, third])
        self.assertEqual([said["kind"] for _, said in answers[1:3]], ["cancelled"] * 2)
        self.assertEqual(answers[3], (third, 6))

    def test_a_batch_that_nobody_waits_for_as_it_becomes_known_never_starts(self) -> None:
        here = self.use(double=(double, BatchRule(2, 600)))
        ids = [here.send("double", 1), here.send("double", 2)]
        cancel = self.cancel

        class Batches(dict):  # type: ignore[type-arg]
            def __setitem__(self, id: int, batch: Any) -> None:
                cancel(*ids)
                super().__setitem__(id, batch)

        here.engine.interrupts.batches = Batches()
        self.assert_never_started(here.serve(), ids)

    @unittest.skipIf(sys.version_info < (3, 12), "there are no eager tasks")
    def test_is_a_task_that_can_be_cancelled_and_takes_what_has_arrived_where_others_are_eager(self) -> None:
        given = []

        async def hold(items: list[str]) -> list[str]:
            given.append(items)
            self.cancel(*ids)
            await asyncio.sleep(PATIENCE_SECONDS)
            return items

        here = self.use(hold=(hold, BatchRule(3, 0)))
        here.loop.ensure().set_task_factory(asyncio.eager_task_factory)
        ids = [here.send("hold", "a"), here.send("hold", "b")]
        answers = here.serve()
        self.assertEqual(given, [["a", "b"]])
        self.assertEqual([(id, said["kind"]) for id, said in answers], [(id, "cancelled") for id in ids])


@in_own_process
class InThreads(Moments):
    kind = "threads"

    def test_a_batch_that_nobody_waits_for_as_it_is_about_to_run_never_starts(self) -> None:
        here = self.use(double=(double, BatchRule(1, 0)))
        engine: Any = here.engine
        run = engine.run
        call_id = here.send("double", 1)

        def cancel_and_run(*args: Any) -> None:
            self.cancel(call_id)
            run(*args)

        engine.run = cancel_and_run
        self.assert_never_started(here.serve(), [call_id])

    def test_a_function_that_gets_no_thread_fails_that_call_and_serves_the_next(self) -> None:
        here = self.use(double=(double, BatchRule(1, 0)))
        ids = [here.send("double", number) for number in (1, 2, 3)]
        names: list[str] = []
        engine: Any = here.engine
        start_thread = engine.start_thread

        def start_with_little_luck(name: str, serve: Any) -> None:
            names.append(name)
            with mock.patch.object(Thread, "start", start_none if len(names) in (1, 3) else Thread.start):
                start_thread(name, serve)

        engine.start_thread = start_with_little_luck
        answers = dict(here.serve())
        self.assertEqual(names, ["pypool-batch-ends"] * 2 + ["pypool-batch-double"] * 2)
        for each in ids[:2]:
            self.assertEqual(
                (answers[each]["type"], answers[each]["message"]),
                (
                    "RuntimeError",
                    "no thread can be started to run the batches of double(): can't start new thread",
                ),
            )
        self.assertEqual(answers[ids[2]], 6)


def start_none(thread: Thread) -> None:
    raise RuntimeError("can't start new thread")


def double(items: list[int]) -> list[int]:
    return [2 * item for item in items]
