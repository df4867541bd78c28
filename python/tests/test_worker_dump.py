"""A worker that is asked where it is."""

import os
import signal
import time
import unittest
from typing import Any

from pypool.frame import FrameType
from tests.worker_process import FIXTURES, WorkerProcess

FILE = str(FIXTURES / "stand_still.py")
PATIENCE_SECONDS = 30
# Where the fixture's functions stand still. To be inside is not enough: one may be at its first line yet.
SLEEPS = "deeper: time.sleep(seconds)"
SLEEPS_IN_TASK = "sleep: "


def told(frames: "list[Any]") -> "list[str]":
    return [f"{at['function']}: {at['code']}" for at in frames]


class Dumps(unittest.TestCase):
    def setUp(self) -> None:
        worker = WorkerProcess("stand_still")
        self.addCleanup(worker.__exit__)
        self.worker = worker.start()
        self.asked = 0

    def ask(self) -> Any:
        self.asked += 1
        self.worker.send_control(FrameType.DUMP, {"n": self.asked})
        dumped = self.worker.hear(FrameType.DUMPED)
        self.assertEqual(dumped["n"], self.asked)
        return dumped

    def ask_until(self, innermost: str) -> Any:
        """Ask until the call has come to where it stands still."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            dumped = self.ask()
            if dumped["calls"] and "".join(self.stack_of(dumped["calls"][0])[:1]).startswith(innermost):
                return dumped
        raise AssertionError(dumped)

    def stack_of(self, call: Any) -> "list[str]":
        return told(call["frames"])


class Calls(Dumps):
    def test_of_a_plain_function_are_where_its_thread_is_without_the_runtime_below(self) -> None:
        call_id = self.worker.send("nap")
        dumped = self.ask_until(SLEEPS)
        [call] = dumped["calls"]
        self.assertEqual(call["id"], call_id)
        self.assertEqual(self.stack_of(call), ["deeper: time.sleep(seconds)", "nap: deeper(600)"])
        self.assertEqual({at["file"] for at in call["frames"]}, {FILE})
        self.assertEqual(call["frames"][1]["line"], 20)

    def test_of_a_coroutine_are_where_it_waits(self) -> None:
        self.worker.send("nap_async")
        dumped = self.ask_until(SLEEPS_IN_TASK)
        inner, *rest = self.stack_of(dumped["calls"][0])
        self.assertIn("sleep: ", inner)
        self.assertEqual(rest, ["deeper_async: await asyncio.sleep(600)", "nap_async: await deeper_async()"])
        # The thread itself waits in the loop.
        self.assertIn("run_until_complete", " ".join(self.stack_of(dumped["threads"][0])))

    def test_of_a_coroutine_that_blocks_its_loop_are_where_its_thread_is(self) -> None:
        self.worker.send("block_loop")
        stack = self.stack_of(self.ask_until(SLEEPS)["calls"][0])
        self.assertEqual(stack[:2], ["deeper: time.sleep(seconds)", "block_loop: deeper(600)"])

    def test_of_asynchronous_streams_are_where_their_next_item_waits(self) -> None:
        self.worker.send("yield_async", meta={"credit": 5})
        stack = self.stack_of(self.ask_until(SLEEPS_IN_TASK)["calls"][0])
        self.assertEqual(
            stack[1:],
            [
                "deeper_async: await asyncio.sleep(600)",
                "items: await deeper_async()",
                "yield_async: async for item in items():",
            ],
        )

    def test_are_none_where_none_runs(self) -> None:
        dumped = self.ask()
        self.assertEqual((dumped["calls"], dumped["tasks"]), ([], None))

    def test_are_told_before_what_comes_behind_on_control(self) -> None:
        call_id = self.worker.send("nap")
        self.ask_until(SLEEPS)
        self.worker.send_control(FrameType.DUMP, {"n": 1000})
        self.worker.send_control(FrameType.CANCEL, {"mode": "interrupt"}, call_id)
        self.assertEqual(self.worker.error()["kind"], "cancelled")
        [call] = self.worker.hear(FrameType.DUMPED)["calls"]
        self.assertEqual(self.stack_of(call), ["deeper: time.sleep(seconds)", "nap: deeper(600)"])


class SeveralAtOnce(unittest.TestCase):
    def stacks(self, engine: str, function: str, innermost: str) -> "list[list[str]]":
        """Of two calls of a function, once both have come to where they stand still."""
        with WorkerProcess("stand_still", engine=engine, concurrency=2) as worker:
            ids = [worker.start().send(function), worker.send(function)]
            deadline = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < deadline:
                worker.send_control(FrameType.DUMP, {"n": 1})
                calls = worker.hear(FrameType.DUMPED)["calls"]
                stacks = [told(call["frames"]) for call in calls]
                if len(stacks) == 2 and all("".join(stack[:1]).startswith(innermost) for stack in stacks):
                    break
            self.assertEqual([call["id"] for call in calls], ids)
            return [[at.split(":")[0] for at in stack] for stack in stacks]

    def test_are_each_told_by_themselves_on_one_loop(self) -> None:
        for stack in self.stacks("async", "nap_async", SLEEPS_IN_TASK):
            self.assertEqual(stack[1:], ["deeper_async", "nap_async"])

    def test_are_each_told_by_themselves_on_threads(self) -> None:
        for stack in self.stacks("threads", "nap", SLEEPS):
            self.assertEqual(stack, ["deeper", "nap"])
        for stack in self.stacks("threads", "nap_async", SLEEPS_IN_TASK):
            self.assertEqual(stack[1:], ["deeper_async", "nap_async"])


class Threads(Dumps):
    def test_are_those_of_the_user_and_the_main_one_first(self) -> None:
        self.worker.send("nap")
        main, *others = self.ask_until(SLEEPS)["threads"]
        self.assertEqual((main["name"], main["main"]), ("MainThread", True))
        self.assertTrue(main["frames"][-1]["file"].startswith("<"), main)
        self.assertEqual([(other["name"], other["main"]) for other in others], [("bystander", False)])

    def test_show_their_most_recent_frames_and_no_more_than_100(self) -> None:
        self.worker.send("recurse", 300)
        dumped = self.ask_until(SLEEPS)
        for frames in (dumped["threads"][0]["frames"], dumped["calls"][0]["frames"]):
            self.assertEqual(len(frames), 100)
            self.assertEqual([at["function"] for at in frames[:2]], ["deeper", "recurse"])


class Tasks(Dumps):
    def test_are_all_of_the_loop_with_their_names(self) -> None:
        self.worker.send("wait_for_tasks")
        waits = "deeper_async: await asyncio.sleep(600)"
        deadline = time.monotonic() + PATIENCE_SECONDS
        tasks: dict[str, Any] = {}
        # A task is told of before its first step too, where it stands at its first line.
        while sum(waits in stack for stack in tasks.values()) < 2 and time.monotonic() < deadline:
            tasks = {task["name"]: self.stack_of(task) for task in self.ask()["tasks"] or ()}
        for name in ("child 0", "child 1"):
            self.assertIn(waits, tasks[name])
        self.assertEqual(len(tasks), 3)


class SmallFrames(unittest.TestCase):
    def test_hold_fewer_frames_rather_than_none(self) -> None:
        limits = {"maxFrameBytes": 8_000, "maxBufferBytes": 1}
        with WorkerProcess("stand_still", limits=limits) as worker:
            worker.start().send("recurse", 300)
            deadline = time.monotonic() + PATIENCE_SECONDS
            frames: list[Any] = []
            # On its way there it may have so few frames that all of them fit.
            while told(frames[:1]) != [SLEEPS] and time.monotonic() < deadline:
                worker.send_control(FrameType.DUMP, {"n": 1})
                [call] = worker.hear(FrameType.DUMPED)["calls"] or [{"frames": []}]
                frames = call["frames"]
            self.assertEqual(len(frames), 10)


class Signalled(unittest.TestCase):
    def test_writes_its_stacks_while_c_code_holds_the_interpreter(self) -> None:
        with WorkerProcess("stand_still") as worker:
            worker.start().send("hold_gil")
            self.assertEqual(worker.line(), b"about to hold it\n")
            os.kill(worker.process.pid, signal.SIGWINCH)
            lines = [b""]
            while not lines[-1].startswith(
                b'  File "<string>"'
            ):  # where the main thread began, which is last
                lines.append(worker.line())
            self.assertIn(f'File "{FILE}"'.encode(), b"".join(lines))
            self.assertIn(b"in hold_gil", b"".join(lines))

    def test_does_nothing_between_calls_and_in_children(self) -> None:
        with WorkerProcess("stand_still") as worker:
            worker.start()
            os.kill(worker.process.pid, signal.SIGWINCH)
            self.assertEqual(worker.call("fork"), 7)
            self.assertEqual(worker.stop(), 0)
            self.assertEqual(worker.stderr().count("Current thread"), 1)
