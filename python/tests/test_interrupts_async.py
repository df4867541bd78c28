"""Calls of the `async` engine that are ended before their time, and that their neighbours live."""

import os
import random
import signal
import tempfile
import unittest
from typing import Any

from pypool.frame import FrameType
from pypool.plain_json import parse_json
from tests import test_interrupts
from tests.worker_process import WorkerProcess

ONE: "dict[str, Any]" = {"engine": "async", "concurrency": 1}


class Blocked(test_interrupts.Blocked):
    welcome = ONE
    places = ("sleep", "spin", "socket", "lock", "condition", "event")  # no loop inside a loop


class CleanUp(test_interrupts.CleanUp):
    welcome = ONE


class Coroutines(test_interrupts.Coroutines):
    welcome = ONE


class Streams(test_interrupts.Streams):
    welcome = ONE


class Asked(test_interrupts.Asked):
    welcome = ONE


class WhichCall(test_interrupts.WhichCall):
    welcome = ONE


class Beside(unittest.TestCase):
    def setUp(self) -> None:
        worker = WorkerProcess("run_beside", engine="async", concurrency=8)
        self.addCleanup(worker.__exit__)
        self.worker = worker.start()

    def begin(self, name: str, *args: Any) -> int:
        call_id = self.worker.send(name, *args)
        self.assert_about_to_block()
        return call_id

    def assert_about_to_block(self) -> None:
        self.assertEqual(self.worker.line(), b"about to block\n")

    def cancel(self, call_id: int) -> None:
        self.worker.send_control(FrameType.CANCEL, {"mode": "interrupt"}, call_id)
        self.worker.send_control(FrameType.PING, {"n": 1})
        self.worker.hear(FrameType.PONG)

    def replies(self, count: int) -> "dict[int, Any]":
        """The next replies: values by id, and of errors kind and whether the call had started."""
        found: dict[int, Any] = {}
        for _ in range(count):
            frame = self.worker.reply()
            self.assertNotIn(frame.call_id, found)
            said = parse_json(frame.envelope)
            failed = frame.type == FrameType.ERROR
            found[frame.call_id] = (said["kind"], said.get("started", False)) if failed else said
        return found


class Neighbours(Beside):
    def test_one_that_blocks_the_loop_is_not_interrupted_for_another(self) -> None:
        for how in ("block_plainly", "block", "spin"):
            with self.subTest(how), tempfile.TemporaryDirectory() as folder:
                over = os.path.join(folder, "over")
                waiting = self.begin("wait", "for ever")
                blocking = self.begin(how, over)
                self.cancel(waiting)
                os.kill(self.worker.process.pid, signal.SIGINT)
                os.mkdir(over)
                ended = self.replies(2)
                self.assertEqual(ended, {blocking: "whole", waiting: ("cancelled", True)})
                self.assertEqual(self.worker.call("tell"), ["for ever is cancelled"])

    def test_those_that_wait_live_on_when_one_is_interrupted(self) -> None:
        for how in ("block_plainly", "block", "block_in_task", "spin"):
            with self.subTest(how):
                waiting = self.begin("wait", how)
                blocking = self.begin(how)
                self.cancel(blocking)
                self.assertEqual(self.replies(1), {blocking: ("cancelled", True)})
                self.worker.send("release", how)
                self.assertEqual(self.replies(2)[waiting], how)

    def test_one_that_waits_in_the_loop_behind_another_never_starts(self) -> None:
        blocking = self.begin("block_plainly")
        behind = [self.worker.send("echo", "behind"), self.worker.send("wait", "behind")]
        for call_id in (*behind, blocking):
            self.cancel(call_id)
        ended = self.replies(3)
        self.assertEqual(
            ended, {blocking: ("cancelled", True), **dict.fromkeys(behind, ("cancelled", False))}
        )

    def test_one_whose_task_was_made_but_not_stepped_never_starts(self) -> None:
        # Both are read at once while the loop is blocked, and the first of them blocks it again.
        first = self.begin("block_plainly")
        second = self.worker.send("block_plainly")
        third = self.worker.send("wait", "never")
        self.cancel(first)
        self.assert_about_to_block()
        self.cancel(third)
        self.cancel(second)
        self.assertEqual(
            self.replies(3),
            {first: ("cancelled", True), second: ("cancelled", True), third: ("cancelled", False)},
        )

    def test_a_shield_holds_for_its_own_call_alone(self) -> None:
        shielded = self.begin("wait_shielded", "shielded")
        waiting = self.begin("wait", "for ever")
        self.cancel(shielded)
        self.cancel(waiting)
        self.assertEqual(self.replies(1), {waiting: ("cancelled", True)})
        self.worker.send("release", "shielded")
        self.assertEqual(self.replies(2)[shielded], "shielded")

    def test_sigint_reaches_c_code_and_what_was_swallowed_and_no_other(self) -> None:
        waiting = self.begin("wait", "neighbour")
        holding = self.begin("hold_the_gil")
        # The control thread does not run, so nobody has heard of the CANCEL when the signal comes.
        self.worker.send_control(FrameType.CANCEL, {"mode": "interrupt"}, holding)
        self.worker.interrupt()
        self.assertEqual(self.replies(1), {holding: ("cancelled", True)})
        swallowing = self.begin("swallow_and_block")
        self.cancel(swallowing)
        self.assert_about_to_block()
        self.worker.interrupt()
        self.assertEqual(self.replies(1), {swallowing: ("cancelled", True)})
        self.worker.send("release", "neighbour")
        self.assertEqual(self.replies(2)[waiting], "neighbour")

    def test_sigint_between_calls_does_nothing(self) -> None:
        os.kill(self.worker.process.pid, signal.SIGINT)
        self.assertEqual(self.worker.call("echo", 1), 1)

    def test_one_whose_task_user_code_cancels_is_answered_all_the_same(self) -> None:
        blocking = self.begin("block_plainly")
        cancelling, behind = self.worker.send("cancel_others"), self.worker.send("wait", "never")
        self.cancel(blocking)
        ended = self.replies(3)
        self.assertEqual((ended[blocking], ended[cancelling]), (("cancelled", True), None))
        self.assertEqual(ended[behind], ("cancelled", False))


class Often(Beside):
    def test_a_thousand_cancels_at_random_instants_lose_no_reply(self) -> None:
        chance = random.Random(3)
        open_calls: dict[int, int] = {}
        cancelled: set[int] = set()
        while len(cancelled) < 1000 or open_calls:
            if len(cancelled) < 1000 and len(open_calls) < 12:
                seed = chance.randrange(1 << 30)
                name = "do_something_plain" if chance.random() < 0.2 else "do_something"
                open_calls[self.worker.send(name, seed)] = seed
                if chance.random() < 0.7:
                    victim = chance.choice(list(open_calls))
                    self.worker.send_control(FrameType.CANCEL, {"mode": "interrupt"}, victim)
                    cancelled.add(victim)
            else:
                for call_id, said in self.replies(1).items():
                    seed = open_calls.pop(call_id)
                    if call_id in cancelled and said != [seed, call_id]:
                        self.assertEqual(said[0], "cancelled")
                    else:
                        self.assertEqual(said, [seed, call_id])
        entered = self.worker.call("still_entered")
        self.assertEqual(entered["now"], 0)
        self.assertGreater(entered["ever"], 100)
        self.assertEqual(self.worker.stop(), 0)
        self.assertEqual(self.worker.stderr(), "")
