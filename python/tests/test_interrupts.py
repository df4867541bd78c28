"""Calls that are ended before their time: where, how often, and what is left of them."""

import os
import signal
import time
import unittest
from typing import Any, ClassVar

from pypool.frame import FrameType
from pypool.interrupts import LEAVE_SECONDS
from pypool.plain_json import parse_json
from tests.worker_process import PATIENCE_SECONDS, WorkerProcess


class Cancelling(unittest.TestCase):
    welcome: ClassVar[dict[str, Any]] = {}

    def setUp(self) -> None:
        worker = WorkerProcess("run_on", **self.welcome)
        self.addCleanup(worker.__exit__)
        self.worker = worker.start()
        self.pid = self.worker.call("pid")

    def begin(self, name: str, *args: Any, meta: "dict[str, Any] | None" = None) -> int:
        """Send a call and wait until it says that it is about to block."""
        call_id = self.worker.send(name, *args, meta=meta)
        self.assert_about_to_block()
        return call_id

    def assert_about_to_block(self) -> None:
        self.assertEqual(self.worker.line(), b"about to block\n")

    def cancel(self, call_id: int, mode: str = "interrupt") -> None:
        self.cancelled_at = time.monotonic()
        self.worker.send_control(FrameType.CANCEL, {"mode": mode}, call_id)

    def assert_cancelled(self, call_id: int, started: bool = True) -> None:
        frame = self.worker.reply()
        self.assertEqual((frame.type, frame.call_id), (FrameType.ERROR, call_id), frame.envelope)
        error = parse_json(frame.envelope)
        self.assertEqual(
            (error["kind"], error.get("started")), ("cancelled", started), error.get("traceback")
        )

    def assert_serves(self) -> None:
        """The same process, for any number of calls."""
        for _ in range(20):
            self.assertEqual(self.worker.call("pid"), self.pid)


class Blocked(Cancelling):
    places: "ClassVar[tuple[str, ...]]" = ("sleep", "spin", "socket", "lock", "condition", "event", "loop")

    def test_ends_a_call_wherever_it_is_and_runs_its_finally_once(self) -> None:
        for place in self.places:
            with self.subTest(place):
                self.cancel(call_id := self.begin("where", place))
                self.assert_cancelled(call_id)
                self.assertEqual(self.worker.call("tell"), [place])
                self.assert_serves()

    def test_leaves_no_lock_of_logging_behind(self) -> None:
        for _ in range(20):
            self.cancel(call_id := self.begin("where", "logging"))
            self.assert_cancelled(call_id)
            self.assertEqual(self.worker.call("locks_are_free"), [True])

    def test_tears_no_record_of_logging_by_sigint_either(self) -> None:
        for _ in range(10):
            call_id = self.begin("where", "logging")
            os.kill(self.pid, signal.SIGINT)
            self.cancel(call_id)
            self.worker.error()
        self.assertEqual(self.worker.call("torn_records"), 0)
        self.assertIsNone(self.worker.call("profiler"))

    def test_leaves_no_module_half_imported(self) -> None:
        for _ in range(5):
            self.cancel(call_id := self.begin("where", "importlib"))
            self.assert_cancelled(call_id)
        self.assertEqual(self.worker.call("half_imported"), [])

    def test_a_profiler_of_the_users_stays(self) -> None:
        self.assertIsNone(self.worker.call("profiler"))
        self.cancel(call_id := self.begin("where", "logging"))
        self.assert_cancelled(call_id)
        self.assertIsNone(self.worker.call("profiler"))


class CleanUp(Cancelling):
    def test_waits_for_a_shield_to_end_however_deep(self) -> None:
        self.cancel(call_id := self.begin("shielded"))
        self.assert_cancelled(call_id)
        self.assertEqual(self.worker.call("tell"), ["inner", "outer"])

    def test_waits_for_no_shield_of_another_call(self) -> None:
        self.worker.call("shield_for_ever")
        self.cancel(call_id := self.begin("where", "sleep"))
        self.assert_cancelled(call_id)

    def test_lets_a_with_block_be_left_and_ends_one_that_blocks_as_it_is_entered(self) -> None:
        self.cancel(call_id := self.begin("pass_through", "exit"))
        self.assert_cancelled(call_id)
        self.assertEqual(self.worker.call("tell"), ["closed"])
        self.cancel(call_id := self.begin("pass_through", "enter"))
        self.assert_cancelled(call_id)
        self.assertEqual(self.worker.call("tell"), [])

    def test_does_not_interrupt_clean_up_code(self) -> None:
        self.cancel(call_id := self.begin("clean_up_slowly"))
        self.assert_cancelled(call_id)
        self.assertEqual(self.worker.call("tell"), ["cleaned up"])

    def test_raises_again_where_it_was_swallowed(self) -> None:
        self.cancel(call_id := self.begin("swallow", 3))
        self.assert_about_to_block()
        self.assert_about_to_block()
        self.assert_cancelled(call_id)
        self.assertEqual(self.worker.call("tell"), ["swallowed"] * 3)

    def test_a_handler_may_return_all_the_same(self) -> None:
        self.cancel(self.begin("swallow_and_return"))
        self.assertEqual(self.worker.reply().envelope, '"all the same"')
        self.assert_serves()

    def test_a_child_that_the_handler_forked_is_not_cancelled(self) -> None:
        self.cancel(call_id := self.begin("fork_and_sleep"))
        self.assert_cancelled(call_id)
        self.assertEqual(self.worker.call("tell"), ["whole"])


class Coroutines(Cancelling):
    def test_are_cancelled_as_tasks_and_clean_up_in_peace(self) -> None:
        self.cancel(call_id := self.begin("await_on"))
        self.assert_cancelled(call_id)
        self.assertEqual(self.worker.call("tell"), ["cancelled as a task"])
        self.assert_serves()

    def test_are_interrupted_where_they_block_the_loop(self) -> None:
        self.cancel(call_id := self.begin("block_the_loop"))
        self.assert_cancelled(call_id)
        self.assertEqual(self.worker.call("tell"), ["unblocked"])
        self.assert_serves()

    def test_wait_for_a_shield_that_awaits(self) -> None:
        self.cancel(call_id := self.begin("await_shielded"))
        self.assert_cancelled(call_id)
        self.assertEqual(self.worker.call("tell"), ["shielded"])


class Streams(Cancelling):
    def open(self, name: str, credit: int) -> int:
        """Begin a stream and take its first item."""
        call_id = self.worker.send(name, meta={"credit": credit})
        self.assertEqual(self.worker.reply().envelope, "[0]")
        return call_id

    def assert_end(self, call_id: int, mode: str, closing_seconds: float = 0.0) -> None:
        """One that is left between two items ends well, unless a busy machine has kept it from that for too
        long; one that is to be interrupted may be caught there, too.
        """
        frame = self.worker.reply()
        while frame.type == FrameType.ITEM:
            frame = self.worker.reply()
        self.assertEqual(frame.call_id, call_id)
        may_be_caught = mode == "interrupt" or (
            time.monotonic() - self.cancelled_at >= LEAVE_SECONDS + closing_seconds
        )
        if may_be_caught and frame.type == FrameType.ERROR:
            self.assertEqual(parse_json(frame.envelope)["kind"], "cancelled")
        else:
            self.assertEqual((frame.type, frame.envelope), (FrameType.RESULT, "null"))

    def test_end_where_they_are_and_clean_up_once(self) -> None:
        for name in ("yield_and_sleep", "yield_and_await"):
            for mode in ("leave", "interrupt"):
                with self.subTest(f"{name} {mode}"):
                    call_id = self.open(name, 5)
                    self.assert_about_to_block()
                    self.cancel(call_id, mode)
                    self.assert_cancelled(call_id)
                    self.assertEqual(self.worker.call("tell"), ["closed"])

    def test_end_where_they_wait_for_credit(self) -> None:
        for name in ("yield_and_sleep", "yield_and_await"):
            for mode in ("leave", "interrupt"):
                with self.subTest(f"{name} {mode}"):
                    self.cancel(call_id := self.open(name, 1), mode)
                    self.assert_end(call_id, mode)
                    self.assertEqual(self.worker.call("tell"), ["closed"])

    def test_close_their_generators_uninterrupted(self) -> None:
        for name in ("yield_and_close_slowly", "yield_and_close_slowly_async"):
            for mode in ("leave", "interrupt"):
                with self.subTest(f"{name} {mode}"):
                    self.cancel(call_id := self.open(name, 1), mode)
                    self.assert_end(call_id, mode, closing_seconds=0.3)
                    self.assertEqual(self.worker.call("tell"), ["closed"])


class Asked(Cancelling):
    def test_a_cooperative_function_and_its_threads_see_it_and_are_not_interrupted(self) -> None:
        for name in ("ask", "ask_from_thread"):
            self.cancel(self.begin(name))
            self.assertEqual(self.worker.reply().envelope, '"asked"')

    def test_a_shield_that_ends_in_a_cooperative_function_ends_it_no_sooner(self) -> None:
        self.cancel(self.begin("ask_shielded"))
        self.assertEqual(self.worker.reply().envelope, '"asked"')

    def test_the_modes_are_told_to_node(self) -> None:
        modes = {entry["name"]: entry["cancel"] for entry in self.worker.ready["functions"]}
        self.assertEqual((modes["ask"], modes["where"]), ("cooperative", "interrupt"))


class WhichCall(Cancelling):
    def assert_heard(self) -> None:
        self.worker.send_control(FrameType.PING, {"n": 1})
        self.worker.hear(FrameType.PONG)

    def test_one_that_has_not_been_read_never_starts(self) -> None:
        first = self.begin("where", "sleep")
        second = first + 1
        self.cancel(second)
        self.assert_heard()
        self.worker.send("where", "spin")
        third = self.worker.send("echo", "third")
        self.cancel(first)
        self.assert_cancelled(first)
        self.assert_cancelled(second, started=False)
        reply = self.worker.reply()
        self.assertEqual((reply.call_id, reply.envelope), (third, '"third"'))

    def test_one_that_waits_in_the_channel_never_starts(self) -> None:
        first = self.begin("where", "sleep")
        second = self.worker.send("where", "spin")
        self.cancel(second)
        self.assert_heard()
        self.cancel(first)
        self.assert_cancelled(first)
        self.assert_cancelled(second, started=False)
        self.assertEqual(self.worker.call("tell"), ["sleep"])

    def test_one_that_has_ended_is_let_be_and_so_is_the_next(self) -> None:
        for number in range(50):
            call_id = self.worker.send("echo", number)
            self.assertEqual(self.worker.reply().envelope, str(number))
            self.cancel(call_id)
        self.assert_serves()

    def test_an_unknown_function_may_be_cancelled(self) -> None:
        self.cancel(self.worker.calls + 1)
        self.assert_heard()
        self.worker.send("no_such_function")
        self.assertEqual(self.worker.error()["kind"], "unknown-function")
        self.assert_serves()


class Harder(Cancelling):
    """The rungs that are Node's: what the runtime makes of them."""

    def test_c_code_that_asks_for_signals_ends_with_sigint(self) -> None:
        self.begin("hold_the_gil", "re")
        # The control thread does not run, so the runtime would not hear of a CANCEL before this.
        os.kill(self.pid, signal.SIGINT)
        self.assertEqual(self.worker.error()["type"], "KeyboardInterrupt")
        self.assert_serves()

    def test_gives_back_what_is_behind_c_code_that_sigint_ends_before_that_has_ended(self) -> None:
        self.worker.call("wait_for_control", PATIENCE_SECONDS)
        holding = self.begin("hold_the_gil", "re")
        behind = [self.worker.send("echo", number) for number in range(40)]
        # The control thread does not run: it reads this when the signal comes. At the reply, Node ends the
        # process.
        self.worker.send_control(FrameType.REVOKE, {"ids": behind})
        self.cancel(holding)
        os.kill(self.pid, signal.SIGINT)
        self.assert_cancelled(holding)
        self.assertEqual(self.worker.hear(FrameType.REVOKED), {"ids": behind})
        self.assert_serves()

    def test_sigint_that_was_for_the_call_before_is_no_trouble_of_the_next(self) -> None:
        self.cancel(before := self.begin("where", "sleep"))
        self.assert_cancelled(before)
        resting = self.begin("rest", 0.3)
        os.kill(self.pid, signal.SIGINT)
        frame = self.worker.reply()
        self.assertEqual((frame.call_id, frame.envelope), (resting, '"rested"'))

    def test_c_code_that_does_not_ends_with_sigterm(self) -> None:
        call_id = self.begin("hold_the_gil", "deque")
        self.cancel(call_id)
        os.kill(self.pid, signal.SIGINT)
        os.kill(self.pid, signal.SIGTERM)
        self.assertEqual(self.worker.process.wait(30), -signal.SIGTERM)
