"""The fork server as Node drives it: what it says, whom it forks, and what is left when it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path
from typing import Any

from pypool.frame import FrameType
from pypool.frame_channels import CONTROL_FROM_PYTHON
from pypool.frame_reader import FrameReader
from tests.listener import Listener
from tests.worker_process import FIXTURES, PATIENCE_SECONDS, RUNTIME_DIR

_BOOTSTRAP = f"""import sys
sys.path[:] = [{str(RUNTIME_DIR)!r}] + [p for p in sys.path if p]
from pypool.fork_server import main
main()
"""


class Server:
    """One fork server. A context manager that leaves nothing behind."""

    def __init__(self, module: str, *, preload: tuple[str, ...] = ()) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(PATIENCE_SECONDS)
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", _BOOTSTRAP, "--fork-server", f"fd:{theirs.fileno()}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        self._lines = self._socket.makefile("r")
        self.source = str(FIXTURES / f"{module}.py")
        self.hello = self.hear("hello")
        self.send(
            "import",
            modules=[{"prefix": "", "source": self.source, "kind": "path"}],
            preload=preload,
            tolerate=(),
            parentDeathSignal=False,
        )
        self.imported = self.hear("imported")
        self.forks = 0

    def send(self, type: str, **facts: Any) -> None:
        self._socket.sendall(json.dumps({"type": type, **facts}).encode() + b"\n")

    def hear(self, type: str) -> Any:
        line = self._lines.readline()
        if not line:
            raise AssertionError(f"the fork server is gone: {self.process.communicate()}")
        report = json.loads(line)
        if report["type"] != type:
            raise AssertionError(f"expected {type}, heard {report}")
        return report

    def order_fork(self, listener: Listener, **env: str) -> None:
        self.forks += 1
        self.send("fork", id=self.forks, args=listener.arguments, env={**listener.env, **env})

    def end(self) -> None:
        """As the death of Node."""
        self._lines.close()
        self._socket.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self.process.kill()
        self.process.communicate()


@unittest.skipUnless(sys.platform == "linux", "there are fork servers on Linux alone")
class TheForkServer(unittest.TestCase):
    def fork(self, server: Server, listener: Listener) -> int:
        """Fork a worker and wait for its HELLO."""
        server.order_fork(listener)
        pid: int = server.hear("forked")["pid"]
        server.send("opened", pid=pid)
        requests, replies, control = listener.accept_worker()
        for channel in (requests, replies, control):
            self.addCleanup(channel.close)
        frame = FrameReader(control, CONTROL_FROM_PYTHON).read()
        assert frame is not None
        self.assertEqual(frame.type, FrameType.HELLO)
        self.assertEqual(json.loads(frame.envelope)["pid"], pid)
        return pid

    def test_forks_workers_that_lead_a_session_and_tells_how_they_end(self) -> None:
        with Server("echo") as server, Listener() as one, Listener() as other:
            self.assertEqual(server.imported["hazards"], [])
            self.assertFalse(server.imported["failed"])
            first, second = self.fork(server, one), self.fork(server, other)
            self.assertEqual([os.getsid(pid) for pid in (first, second)], [first, second])
            os.kill(first, signal.SIGKILL)
            exited = server.hear("exited")
            self.assertEqual((exited["pid"], exited["exitCode"], exited["signal"]), (first, None, "SIGKILL"))
            # Until Node lets go of it, its number is nobody else's.
            self.assertEqual(state_of(first), "Z")
            server.send("reap", pid=first)
            reaped = server.hear("reaped")
            self.assertEqual(reaped["pid"], first)
            self.assertEqual({"userMs", "systemMs"} - reaped.keys(), set())
            self.assertGreater(reaped["maxRssBytes"], 1 << 20)
            self.assertIsNone(state_of(first))
            self.assertNotIn(state_of(second), (None, "Z"))

    def test_ends_all_of_them_when_node_is_gone(self) -> None:
        with Server("echo") as server, Listener() as one, Listener() as other:
            pids = [self.fork(server, one), self.fork(server, other)]
            server.end()
            self.assertEqual(server.process.wait(PATIENCE_SECONDS), 0)
            wait_until_gone(pids)

    def test_takes_them_along_when_it_is_killed(self) -> None:
        with Server("echo") as server, Listener() as listener:
            pid = self.fork(server, listener)
            server.process.kill()
            wait_until_gone([pid])

    def test_becomes_a_worker_itself(self) -> None:
        with Server("start_thread") as server, Listener() as listener:
            (hazard,) = server.imported["hazards"]
            self.assertEqual(hazard, {"hazard": "python-threads", "found": ["poller"]})
            server.send("become", args=listener.arguments, env=listener.env)
            requests, replies, control = listener.accept_worker()
            frame = FrameReader(control, CONTROL_FROM_PYTHON).read()
            assert frame is not None
            self.assertEqual(json.loads(frame.envelope)["pid"], server.process.pid)
            for channel in (requests, replies, control):
                channel.close()

    def test_is_not_to_be_forked_where_a_module_asks_which_worker_it_is_in(self) -> None:
        with Server("keep_context") as server:
            self.assertTrue(server.imported["failed"])
            (hazard,) = server.imported["hazards"]
            self.assertEqual(hazard["hazard"], "current-worker")

    def test_refuses_to_fork_beside_a_thread_that_started_since(self) -> None:
        with Server("start_thread_at_fork") as server, Listener() as listener, Listener() as other:
            self.assertEqual(server.imported["hazards"], [])
            self.fork(server, listener)
            server.order_fork(other)
            (hazard,) = server.hear("refused")["hazards"]
            self.assertEqual(hazard, {"hazard": "python-threads", "found": ["late"]})

    def test_tells_of_a_child_that_dies_before_it_is_one(self) -> None:
        with Server("exit_at_fork") as server, Listener() as listener:
            server.order_fork(listener)
            self.assertIn("os.register_at_fork", server.hear("failed")["message"])

    def test_imports_what_it_is_told_to_before_the_modules(self) -> None:
        with Server("start_thread", preload=("no_such_module",)) as server:
            self.assertEqual((server.imported["failed"], server.imported["hazards"]), (True, []))


def state_of(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    return chr(stat[stat.rindex(b")") + 2])


def wait_until_gone(pids: list[int]) -> None:
    """A zombie that waits for its new parent is gone."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(state_of(pid) not in (None, "Z") for pid in pids):
        if time.monotonic() > deadline:
            raise AssertionError(f"still there: {pids}")
        time.sleep(0.005)
