"""How a worker ends, what it leaves behind, and what it never lets near the channels."""

import os
import signal
import sys
import threading
import time
import unittest
from pathlib import Path
from typing import Any, ClassVar

from pypool.frame import FrameType
from pypool.frame_writer import write_frame
from tests.worker_process import WorkerProcess


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # before it was opened, or before it was read
        return False


def await_death(pid: int) -> bool:
    """Whether the process ends while a test may wait for it."""
    deadline = time.monotonic() + 30
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_alive(pid)


class Stop(unittest.TestCase):
    def test_runs_the_hooks_and_exits_with_0_once_the_requests_end(self) -> None:
        with WorkerProcess("print_noise") as worker:
            worker.start()
            worker.send("noise", 1)
            self.assertEqual(worker.stop(), 0)
            self.assertEqual(worker.reply().envelope, '"quiet"')
            self.assertIsNone(worker.replies.read())
            self.assertIn("ValueError: a hook that fails", worker.stderr())
            lines = worker.process.stdout.read().split(b"\n")
            self.assertEqual(lines[:3], [b"at import in two parts", b"\xff\x00\xfe", b"started pool-0.1"])
            self.assertEqual(lines[-3:], [b"stopped second", b"stopped first", b""])

    def test_runs_the_other_hooks_where_what_prints_the_exception_of_one_fails(self) -> None:
        with WorkerProcess("print_noise") as worker:
            worker.start().call("have_exceptions_printed_by_what_exits")
            self.assertEqual(worker.stop(), 0)
            self.assertIn("ValueError: a hook that fails", worker.stderr())
            self.assertIn(b"stopped first", worker.stdout_bytes())

    def test_does_not_wait_for_threads_that_were_left_behind(self) -> None:
        with WorkerProcess("print_noise") as worker:
            worker.start().call("leave_thread_behind")
            self.assertEqual(worker.stop(), 0)

    def test_what_is_printed_stays_away_from_the_channels(self) -> None:
        with WorkerProcess("print_noise") as worker:
            worker.start()
            readers = [
                threading.Thread(target=stream.read)
                for stream in (worker.process.stdout, worker.process.stderr)
            ]
            for reader in readers:
                reader.start()
            self.assertEqual(worker.call("noise", 5000), "quiet")
            self.assertEqual(worker.stop(), 0)
            for reader in readers:
                reader.join()

    def test_an_exception_in_a_thread_is_an_event_and_is_printed(self) -> None:
        with WorkerProcess("print_noise") as worker:
            worker.start().call("raise_in_thread")
            event = worker.hear(FrameType.EVENT)
            self.assertEqual((event["event"], event["error"]["type"]), ("thread-exception", "ValueError"))
            worker.stop()
            self.assertIn("Exception in thread", worker.stderr())


class NodeIsGone(unittest.TestCase):
    def test_the_whole_group_ends_with_the_control_channel(self) -> None:
        with WorkerProcess("fork_child") as worker:
            grandchild = worker.start().call("fork_sleeper")
            worker.send("block")
            worker.control.close()
            self.assertEqual(worker.process.wait(30), -signal.SIGKILL)
            self.assertTrue(await_death(grandchild))

    def test_a_worker_that_has_only_said_hello_ends_too(self) -> None:
        with WorkerProcess("fork_child") as worker:
            worker.hello()
            worker.control.close()
            self.assertEqual(worker.process.wait(30), 76)

    @unittest.skipUnless(sys.platform == "linux", "PR_SET_PDEATHSIG is Linux's")
    def test_dies_with_its_parent_though_every_channel_stays_open(self) -> None:
        start_and_wait = "import subprocess, sys; subprocess.run(sys.argv[1:], close_fds=False)"
        with WorkerProcess(through=[sys.executable, "-c", start_and_wait], parentDeathSignal=True) as worker:
            pid = worker.hello()["pid"]
            self.assertNotEqual(pid, worker.process.pid)
            self.assertEqual(os.getpgid(pid), pid)
            worker.send_control(FrameType.WELCOME, worker.welcome_message)
            worker.hear(FrameType.READY)
            worker.process.kill()
            self.assertTrue(await_death(pid))


class Forks(unittest.TestCase):
    welcome: ClassVar[dict[str, Any]] = {}
    loop_sockets = 0

    def test_a_forked_child_does_not_hold_the_channels(self) -> None:
        with WorkerProcess("fork_child", **self.welcome) as worker:
            child = worker.start().call("fork_sleeper")
            os.kill(worker.process.pid, signal.SIGKILL)
            self.assertIsNone(worker.replies.read())
            self.assertIsNone(worker.said.read())
            self.assertTrue(is_alive(child))
            held = " ".join(map(os.readlink, Path(f"/proc/{child}/fd").iterdir()))
            self.assertEqual(held.count("socket"), self.loop_sockets, held)

    def test_a_child_that_comes_back_to_the_runtime_ends_and_writes_nothing(self) -> None:
        with WorkerProcess("fork_child", **self.welcome) as worker:
            worker.start()
            self.assertEqual(worker.call("fork_and_return"), 0)
            self.assertEqual(worker.call("fork_and_exit", 7), 7)
            self.assertEqual(worker.call("multiprocess", 6), 36)
            self.assertEqual(worker.stop(), 0)

    def test_a_child_that_is_forked_at_import_ends_where_the_worker_would_get_ready(self) -> None:
        with WorkerProcess("fork_on_import", **self.welcome) as worker:
            self.assertEqual(worker.start().call("exit_code_of_child"), 0)


class Interrupts(unittest.TestCase):
    def test_sigint_between_calls_does_nothing_and_in_a_call_ends_it(self) -> None:
        with WorkerProcess("fork_child") as worker:
            worker.start()
            os.kill(worker.process.pid, signal.SIGINT)
            self.assertEqual(worker.call("multiprocess", 2), 4)
            call_id = worker.send("block")
            running = None
            while running != call_id:
                worker.send_control(FrameType.PING, {"n": 1})
                running = worker.hear(FrameType.PONG)["running"]
            # It says that the call runs a moment before it enters the code of the user, and a signal in that
            # moment is one between calls.
            worker.interrupt()
            self.assertEqual(worker.error()["type"], "KeyboardInterrupt")
            self.assertEqual(worker.call("multiprocess", 3), 9)

    @unittest.skipUnless(sys.platform == "linux", "reads /proc")
    def test_no_thread_but_the_main_one_takes_sigint(self) -> None:
        with WorkerProcess("echo") as worker:
            worker.start()
            # The thread that answers has begun, and has blocked it; that it was started says nothing of that.
            worker.send_control(FrameType.PING, {"n": 1})
            worker.hear(FrameType.PONG)
            blocked = {}
            for task in Path(f"/proc/{worker.process.pid}/task").iterdir():
                fields = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines())
                mask = int(fields["SigBlk"], 16)
                blocked[int(task.name)] = bool(mask & 1 << (signal.SIGINT - 1))
            self.assertFalse(blocked.pop(worker.process.pid))
            self.assertGreaterEqual(len(blocked), 1)
            self.assertNotIn(False, blocked.values())


class BrokenProtocol(unittest.TestCase):
    def dies_of(self, worker: WorkerProcess) -> str:
        self.assertEqual(worker.process.wait(30), 76)
        said = worker.stderr()
        self.assertRegex(said, r"\Apypool: protocol error: .*\n\Z")
        return said

    def test_ends_at_a_frame_that_does_not_belong_on_requests(self) -> None:
        with WorkerProcess() as worker:
            worker.start()
            write_frame(worker.requests, FrameType.PING, 0, "{}")
            self.assertIn("type 20", self.dies_of(worker))

    def test_ends_at_an_envelope_that_is_no_call(self) -> None:
        for envelope in ('{"name":"echo"}', "[1]", "not JSON", '["echo",5]'):
            with self.subTest(envelope), WorkerProcess() as worker:
                worker.start()
                write_frame(worker.requests, FrameType.CALL, 1, envelope)
                self.dies_of(worker)

    def test_ends_at_noise_on_control(self) -> None:
        with WorkerProcess() as worker:
            worker.start()
            worker.control.sendall(b"GET / HTTP/1.1\r\n\r\n")
            self.assertIn("control", self.dies_of(worker))

    def test_ends_at_a_frame_over_the_limit_before_its_bytes_arrive(self) -> None:
        with WorkerProcess() as worker:
            worker.start()
            worker.requests.sendall(b"\xff\xff\xff\x7f\x01\x00\x00\x00\x01" + bytes(7))
            self.assertIn("limit", self.dies_of(worker))
