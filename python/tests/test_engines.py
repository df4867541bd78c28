"""The engines `async` and `threads`: many calls at once, and all that holds for one at a time."""

import asyncio
import sys
import tempfile
import time
import unittest
from array import array
from importlib.util import find_spec
from typing import Any, ClassVar

from pypool.expose import Exposed
from pypool.frame import FrameType
from pypool.frame_writer import write_frame
from pypool.plain_json import parse_json, write_json
from tests import test_worker_calls, test_worker_life, test_worker_streams
from tests.engine_here import EngineHere
from tests.own_process import in_own_process
from tests.worker_process import WorkerProcess

ASYNC: "dict[str, Any]" = {"engine": "async", "concurrency": 4}
THREADS: "dict[str, Any]" = {"engine": "threads", "concurrency": 4}


class ErrorsOfTasks(test_worker_calls.Errors):
    welcome = ASYNC


class ErrorsInThreads(test_worker_calls.Errors):
    welcome = THREADS


class StreamsOfTasks(test_worker_streams.Streams):
    welcome = ASYNC


class StreamsInThreads(test_worker_streams.Streams):
    welcome = THREADS


class ForksOfTasks(test_worker_life.Forks):
    welcome = ASYNC
    loop_sockets = 2  # by which asyncio wakes itself

    @unittest.skipIf(
        find_spec("uvloop"), "a child that goes back to uvloop runs what was about to be run there"
    )
    def test_a_child_that_awaits_ends_and_steps_no_other_call(self) -> None:
        with WorkerProcess("run_beside", **self.welcome) as worker, tempfile.NamedTemporaryFile() as file:
            worker.start()
            ids = {worker.send("note_pid", file.name), worker.send("fork_and_await")}
            replies = [worker.reply() for _ in ids]
            self.assertEqual({reply.call_id for reply in replies}, ids)
            self.assertEqual([reply.envelope for reply in replies], ["0", "null"])
            self.assertEqual(set(file.read().split()), {str(worker.process.pid).encode()})
            self.assertEqual(worker.call("echo", 1), 1)
            self.assertEqual(worker.stop(), 0)


class ForksInThreads(test_worker_life.Forks):
    welcome = THREADS


class Advice(unittest.TestCase):
    def test_suggests_the_async_engine_where_every_function_is_asynchronous(self) -> None:
        for welcome, is_advised in (({}, True), (ASYNC, False), (THREADS, False)):
            with self.subTest(welcome), WorkerProcess("be_async", **welcome) as worker:
                worker.start()
                if is_advised:
                    event = worker.hear(FrameType.EVENT)
                    self.assertEqual(event["event"], "suggestion")
                    self.assertIn("engine 'async'", event["message"])
                worker.send_control(FrameType.PING, {"n": 1})
                worker.hear(FrameType.PONG)

    def test_has_none_where_one_function_is_plain(self) -> None:
        with WorkerProcess("echo") as worker:
            worker.start()
            worker.send_control(FrameType.PING, {"n": 1})
            worker.hear(FrameType.PONG)


class LargeFramesOfTasks(unittest.TestCase):
    def test_large_buffers_arrive_whole_between_small_calls(self) -> None:
        with WorkerProcess("keep_arrays", **ASYNC).start() as worker:
            for length in (1, 40_000, 300_001):
                worker.send("look")
                worker.calls += 1
                values = array("d", range(length))
                envelope = write_json(["copy", [{"$": ["array", 0, "f8"]}]])
                write_frame(worker.requests, FrameType.CALL, worker.calls, envelope, True, [values.tobytes()])
                self.assertEqual(worker.reply().envelope, "[]")
                self.assertEqual(worker.reply().buffers, [values.tobytes()])


@in_own_process
class EagerTasks(unittest.TestCase):
    @unittest.skipIf(sys.version_info < (3, 12), "there are no eager tasks")
    def test_calls_that_end_as_they_start_are_not_started_each_by_the_one_before(self) -> None:
        async def let_others_come() -> None:
            await asyncio.sleep(0)

        exposed = [Exposed("let_others_come", let_others_come), Exposed("echo", lambda value: value)]
        here = EngineHere(self, "async", {each.name: each for each in exposed}, concurrency=1)
        here.loop.ensure().set_task_factory(asyncio.eager_task_factory)
        here.send("let_others_come")
        ids = [here.send("echo", number) for number in range(200)]
        self.assertEqual(here.serve()[1:], list(zip(ids, range(200))))


class Common:
    # Inside a class, for unittest would run it by itself.
    class Together(unittest.TestCase):
        """What holds in both. Subclasses name the engine."""

        welcome: "ClassVar[dict[str, Any]]"
        wait: str

        def setUp(self) -> None:
            self.worker = self.new_worker(**self.welcome)

        def new_worker(self, **welcome: Any) -> WorkerProcess:
            worker = WorkerProcess("run_together", **welcome)
            self.addCleanup(worker.__exit__)
            return worker.start()

        def result(self) -> "tuple[int, Any]":
            """The next reply, which must be a result: the call's id and the value."""
            frame = self.worker.reply()
            self.assertEqual(frame.type, FrameType.RESULT, frame.envelope)
            return frame.call_id, parse_json(frame.envelope)

        def test_calls_end_in_any_order_with_their_own_result(self) -> None:
            ids = [
                self.worker.send(self.wait, name, meta={"session": {"id": f"session {name}"}})
                for name in "abc"
            ]
            for number in (1, 2, 0):
                let = self.worker.send("let", "abc"[number])
                ended = dict([self.result(), self.result()])
                self.assertEqual(ended, {let: None, ids[number]: [ids[number], f"session {'abc'[number]}"]})

        def test_no_more_run_at_once_than_they_may(self) -> None:
            names = [f"call {number}" for number in range(10)]
            for name in names[:3]:
                self.worker.send(self.wait, name)
            let = [self.worker.send("let", *names[:3])]
            for name in names[3:]:
                self.worker.send(self.wait, name)
                let.append(self.worker.send("let", name))
            ended = [self.result()[0] for _ in range(len(names) + len(let))]
            self.assertEqual(sorted(ended), list(range(1, self.worker.calls + 1)))
            began, most = self.worker.call("tell")
            self.assertEqual(sorted(began[1:]), sorted(names))
            self.assertLessEqual(most, 4)

        def test_one_at_a_time_they_begin_in_order(self) -> None:
            self.worker = self.new_worker(**{**self.welcome, "concurrency": 1})
            for number in range(50):
                self.worker.send("let", f"call {number}")
                self.worker.send(self.wait, f"call {number}")
            self.assertEqual([self.result()[0] for _ in range(100)], list(range(1, 101)))
            self.assertEqual(self.worker.call("tell")[0][1:], [f"call {number}" for number in range(50)])

        def test_a_pong_tells_the_oldest(self) -> None:
            first, second = (self.worker.send(self.wait, name) for name in "ab")
            self.worker.call("tell")
            self.await_running(first)
            self.worker.send("let", "a")
            self.result()
            self.result()
            self.await_running(second)
            self.worker.send("let", "b")
            self.result()
            self.result()
            self.await_running(None)

        def await_running(self, call_id: "int | None") -> None:
            """A call counts as running for a moment after its reply is on the wire."""
            deadline = time.monotonic() + 30
            running: Any = "nothing asked"
            while running != call_id and time.monotonic() < deadline:
                self.worker.send_control(FrameType.PING, {"n": 1})
                running = self.worker.hear(FrameType.PONG)["running"]
            self.assertEqual(running, call_id)

        def test_tasks_and_threads_of_a_handler_know_its_call(self) -> None:
            said = self.worker.call("ask_in_tasks_and_threads", meta={"session": {"id": "ann"}})
            self.assertEqual(said, ["ann"] * 4)

        def test_what_a_call_sets_in_its_context_is_nothing_to_the_next(self) -> None:
            # One at a time, each is started as the one before it ends.
            self.worker = self.new_worker(**{**self.welcome, "concurrency": 1})
            for number in range(3):
                self.worker.send("remember", number)
                self.worker.send("remember_in_task", number)
            said = [self.result()[1] for _ in range(6)]
            self.assertEqual(said, [None, [None, 0], None, [None, 1], None, [None, 2]])

        def test_leaving_in_a_task_is_an_error_of_its_call_alone(self) -> None:
            neighbour = self.worker.send(self.wait, "a")
            self.assertEqual(self.worker.call_error("raise_in_task")["type"], "SystemExit")
            self.worker.send("let", "a")
            self.assertIn(neighbour, (self.result()[0], self.result()[0]))

        def test_the_end_of_requests_waits_for_what_runs_then_the_hooks_run(self) -> None:
            waiting = self.worker.send(self.wait, "a")
            self.worker.send("let", "a")
            self.assertEqual(self.worker.stop(), 0)
            self.assertIn(waiting, (self.result()[0], self.result()[0]))
            self.assertIsNone(self.worker.replies.read())
            self.assertEqual(self.worker.stdout(), "stopped 2\n")
            self.assertEqual(self.worker.stderr(), "")

        def test_a_stream_that_waits_for_credit_holds_up_nobody(self) -> None:
            stream = self.worker.send("count_for_ever", meta={"credit": 1})
            self.assertEqual(self.worker.reply().envelope, "[0]")
            self.assertIsNone(self.worker.call("let", "anything"))
            self.worker.send_control(FrameType.CREDIT, {"n": 2}, stream)
            self.assertEqual([self.worker.reply().envelope for _ in range(2)], ["[1]", "[2]"])
            self.worker.send_control(FrameType.CANCEL, {"mode": "leave"}, stream)
            self.assertEqual(self.result(), (stream, None))

        def test_streams_interleave_whole_items(self) -> None:
            ids = [self.worker.send("count_up", "now", 200, meta={"credit": 1000}) for _ in range(3)]
            items: dict[int, list[int]] = {id: [] for id in ids}
            self.worker.send("let", "now")
            ended = set()
            while len(ended) < 4:
                frame = self.worker.reply()
                if frame.type == FrameType.RESULT:
                    ended.add(frame.call_id)
                else:
                    items[frame.call_id] += parse_json(frame.envelope)
            self.assertEqual(list(items.values()), [list(range(200))] * 3)


class TasksTogether(Common.Together):
    welcome = ASYNC
    wait = "wait"


class ThreadsTogether(Common.Together):
    welcome = THREADS
    wait = "wait_plainly"


class CoroutinesInThreadsTogether(Common.Together):
    welcome = THREADS
    wait = "wait"
