"""Calls of the `threads` engine that are ended before their time: nothing is raised in a thread."""

import signal
import unittest
from typing import Any

from pypool.frame import FrameType
from pypool.plain_json import parse_json
from tests.worker_process import WorkerProcess


class InThreads(unittest.TestCase):
    def setUp(self) -> None:
        worker = WorkerProcess("run_in_threads", engine="threads", concurrency=3)
        self.addCleanup(worker.__exit__)
        self.worker = worker.start()

    def begin(self, name: str, *args: Any) -> int:
        call_id = self.worker.send(name, *args)
        self.assert_runs()
        return call_id

    def assert_runs(self) -> None:
        self.assertEqual(self.worker.line(), b"runs\n")

    def cancel(self, call_id: int, mode: str = "interrupt") -> None:
        self.worker.send_control(FrameType.CANCEL, {"mode": mode}, call_id)
        self.worker.send_control(FrameType.PING, {"n": 1})
        self.worker.hear(FrameType.PONG)

    def assert_cancelled(self, call_id: int, started: bool = True) -> None:
        frame = self.worker.reply()
        self.assertEqual((frame.type, frame.call_id), (FrameType.ERROR, call_id), frame.envelope)
        error = parse_json(frame.envelope)
        self.assertEqual((error["kind"], error.get("started")), ("cancelled", started))

    def assert_result(self, call_id: int, value: Any) -> None:
        frame = self.worker.reply()
        self.assertEqual((frame.call_id, parse_json(frame.envelope)), (call_id, value))


class Cancelling(InThreads):
    def test_plain_functions_see_it_and_are_not_interrupted(self) -> None:
        asking, taking = self.begin("ask"), self.begin("take")
        self.cancel(taking)
        self.cancel(asking)
        self.worker.process.send_signal(signal.SIGINT)
        self.assert_result(asking, "asked")
        let = self.worker.send("let")
        replies = {
            reply.call_id: parse_json(reply.envelope) for reply in (self.worker.reply(), self.worker.reply())
        }
        self.assertEqual(replies, {taking: "whole", let: None})

    def test_coroutines_are_cancelled_as_tasks_of_their_threads_alone(self) -> None:
        first, second = self.begin("wait"), self.begin("wait")
        self.cancel(second)
        self.assert_cancelled(second)
        self.assertEqual(self.worker.call("tell"), ["cleaned up"])
        self.cancel(first)
        self.cancel(first)
        self.assert_cancelled(first)
        self.assertEqual(self.worker.call("tell"), ["cleaned up"])

    def test_a_thread_serves_on_after_a_cancel(self) -> None:
        for _ in range(20):
            self.cancel(call_id := self.begin("wait"))
            self.assert_cancelled(call_id)
        self.assertEqual(self.worker.call("tell"), ["cleaned up"] * 20)

    def test_a_shield_puts_it_off(self) -> None:
        self.cancel(call_id := self.begin("wait_shielded"))
        self.assert_cancelled(call_id)
        self.assertEqual(self.worker.call("tell"), ["shielded"])

    def test_a_coroutine_is_not_entered_once_its_call_is_cancelled(self) -> None:
        self.cancel(call_id := self.begin("return_coroutine_when_cancelled"))
        self.assert_cancelled(call_id)
        self.assertEqual(self.worker.call("tell"), [])

    def test_one_that_waits_for_a_place_never_starts(self) -> None:
        first, second, third = self.begin("ask"), self.begin("ask"), self.begin("ask")
        behind = self.worker.send("ask")
        self.cancel(behind)
        self.cancel(second)
        self.assert_result(second, "asked")
        self.assert_cancelled(behind, started=False)
        self.cancel(first)
        self.assert_result(first, "asked")
        self.cancel(third)
        self.assert_result(third, "asked")

    def test_streams_end_between_items_or_where_they_wait(self) -> None:
        for mode in ("leave", "interrupt"):
            call_id = self.worker.send("count_plainly", meta={"credit": 1})
            self.assertEqual(self.worker.reply().envelope, "[0]")
            self.cancel(call_id, mode)
            self.assert_result(call_id, None)
            self.assertEqual(self.worker.call("tell"), ["closed"])
            call_id = self.worker.send("count", meta={"credit": 9})
            self.assert_runs()
            self.assertEqual([self.worker.reply().envelope for _ in range(2)], ["[0]", "[1]"])
            self.cancel(call_id, mode)
            self.assert_cancelled(call_id)
            self.assertEqual(self.worker.call("tell"), ["closed"])


class Ending(InThreads):
    def test_threads_close_their_loops_after_the_hooks_which_run_on_the_main_thread(self) -> None:
        self.worker.call("leave_task")
        self.assertEqual(self.worker.stop(), 0)
        self.assertEqual(self.worker.stdout(), "stopped on MainThread\ntask closed\n")

    def test_a_child_that_is_forked_in_a_thread_ends_where_it_comes_back(self) -> None:
        asking = self.begin("ask")
        self.assertEqual(self.worker.call("fork_and_return"), 0)
        self.cancel(asking)
        self.assert_result(asking, "asked")
        self.assertEqual(self.worker.stop(), 0)
