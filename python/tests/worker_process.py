"""Node's part for tests: starts the real runtime over socket pairs and speaks frames to it."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pypool.frame import Frame, FrameType
from pypool.frame_channels import CONTROL_FROM_PYTHON, REPLY_TYPES
from pypool.frame_reader import FrameReader
from pypool.frame_writer import write_frame
from pypool.plain_json import parse_json, write_json
from tests.listener import Listener

FIXTURES = Path(__file__).parent / "fixtures"
RUNTIME_DIR = Path(__file__).parent.parent
PATIENCE_SECONDS = 30.0
"""How long a test waits for what should be there at once, before it fails rather than hangs."""

_BOOTSTRAP = f"""import sys
sys.path[:] = [{str(RUNTIME_DIR)!r}] + [p for p in sys.path if p]
from pypool.__main__ import main
main()
"""


def start_runtime(
    arguments: Sequence[str],
    *,
    through: Sequence[str] = (),
    cwd: str | None = None,
    env: Mapping[str, str] = {},
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start the runtime in a session of its own, with its output in pipes."""
    return subprocess.Popen(
        [*through, sys.executable, "-u", "-X", "faulthandler", "-c", _BOOTSTRAP, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=pass_fds,
        start_new_session=True,
        cwd=cwd,
        env={**os.environ, "PYTHON_COLORS": "0", **env},
    )


class WorkerProcess:
    """One runtime in a process of its own. A context manager that leaves no process behind.

    Args:
        module: Name of a fixture, absolute path, or dotted name.
        cwd: Its working directory.
        through: A command that starts the command behind it, to stand between this process and the worker.
        listener: Where the worker dials in. Without one it inherits its channels.
        welcome: What WELCOME says otherwise than usual.
    """

    def __init__(
        self,
        module: str = "echo",
        *,
        cwd: str | None = None,
        through: Sequence[str] = (),
        listener: Listener | None = None,
        **welcome: Any,
    ) -> None:
        if listener is None:
            pairs = [socket.socketpair() for _ in range(3)]
            theirs = [their for _, their in pairs]
            descriptors = ",".join(str(their.fileno()) for their in theirs)
            self.process = start_runtime(
                ["--channels", f"fd:{descriptors}"],
                through=through,
                cwd=cwd,
                pass_fds=[their.fileno() for their in theirs],
            )
            for their in theirs:
                their.close()
            channels = [ours for ours, _ in pairs]
        else:
            self.process = start_runtime(listener.arguments, through=through, cwd=cwd, env=listener.env)
            channels = listener.accept_worker()
        self.requests, self.replies_socket, self.control = channels
        for ours in channels:
            ours.settimeout(PATIENCE_SECONDS)
        self.replies = FrameReader(self.replies_socket, REPLY_TYPES)
        self.said = FrameReader(self.control, CONTROL_FROM_PYTHON)
        self.modules = [{"prefix": "", "source": self._source(module), "kind": self._kind(module)}]
        self.welcome_message = {
            "protocol": 1,
            "codec": "json",
            "workerId": "pool-0.1",
            "pool": "pool",
            "slot": 0,
            "incarnation": "test",
            "modules": self.modules,
            "expose": None,
            "limits": {"maxFrameBytes": 1 << 20, "maxBufferBytes": 1 << 24},
            "integers": "auto",
            "unencodable": "error",
            "parentPid": os.getpid(),
            "parentDeathSignal": False,
            "concurrency": 1,
            "engine": "sync",
            "logLevel": 20,
            "rlimits": [],
            "outputToken": None,
            **welcome,
        }
        self.calls = 0
        self._printed = b""

    def start(self) -> WorkerProcess:
        """Shake hands and wait until it is ready."""
        self.hello()
        self.send_control(FrameType.WELCOME, self.welcome_message)
        self.ready = self.hear(FrameType.READY)
        return self

    def start_failure(self) -> dict[str, Any]:
        """Shake hands and wait for the start to fail."""
        self.hello()
        self.send_control(FrameType.WELCOME, self.welcome_message)
        return self.hear(FrameType.START_FAILED)

    def hello(self) -> dict[str, Any]:
        """The worker's first message."""
        return self.hear(FrameType.HELLO)

    def send(self, name: str, *args: Any, meta: dict[str, Any] | None = None, **kwargs: Any) -> int:
        """Send a CALL without waiting; returns its id."""
        self.calls += 1
        write_frame(self.requests, FrameType.CALL, self.calls, write_json([name, args, kwargs, meta]))
        return self.calls

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function and return its result."""
        call_id = self.send(name, *args, **kwargs)
        frame = self.reply()
        if frame.type != FrameType.RESULT or frame.call_id != call_id:
            raise AssertionError(f"{frame}: {frame.envelope}")
        return parse_json(frame.envelope)

    def call_error(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function and return the error object that it ends with."""
        self.send(name, *args, **kwargs)
        return self.error()

    def error(self) -> Any:
        """The error object that the next reply holds."""
        frame = self.reply()
        if frame.type != FrameType.ERROR:
            raise AssertionError(f"{frame}: {frame.envelope}")
        return parse_json(frame.envelope)

    def reply(self) -> Frame:
        """The next frame on replies."""
        frame = self.replies.read()
        if frame is None:
            raise AssertionError(f"the worker is gone: {self.process.wait(PATIENCE_SECONDS)}")
        return frame

    def hear(self, kind: int) -> Any:
        """The next message on control, which must be of this type."""
        frame = self.said.read()
        if frame is None or frame.type != kind:
            raise AssertionError(f"{frame}: {frame.envelope if frame else self.stderr()}")
        return parse_json(frame.envelope)

    def send_control(self, kind: int, message: Any, call_id: int = 0) -> None:
        """Write a message on control."""
        write_frame(self.control, kind, call_id, write_json(message))

    def line(self) -> bytes:
        """The next line on stderr. One that does not come fails its test, and does not hold up all others."""
        assert self.process.stderr is not None
        while b"\n" not in self._printed:
            if not select.select([self.process.stderr], [], [], PATIENCE_SECONDS)[0]:
                raise AssertionError(f"nothing more was printed: {self._printed!r}")
            # Past the stream's own buffer, which would hide from the next look what is there.
            piece = os.read(self.process.stderr.fileno(), 65_536)
            if not piece:
                raise AssertionError(f"the worker is gone: {self._printed!r}")
            self._printed += piece
        line, _, self._printed = self._printed.partition(b"\n")
        return line + b"\n"

    def interrupt(self) -> None:
        """Send SIGINT until there is a reply: one that comes a moment too early is of no call, and lost."""
        for _ in range(int(PATIENCE_SECONDS)):
            os.kill(self.process.pid, signal.SIGINT)
            if select.select([self.replies_socket], [], [], 1)[0]:
                return
        raise AssertionError("no SIGINT has ended a call")

    def stop(self) -> int:
        """End the requests; returns the exit code."""
        self.requests.shutdown(socket.SHUT_WR)
        return self.process.wait(PATIENCE_SECONDS)

    def stdout(self) -> str:
        """All that the worker printed. Waits until it has ended."""
        return self.stdout_bytes().decode()

    def stdout_bytes(self) -> bytes:
        """As :meth:`stdout`."""
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def stderr(self) -> str:
        """As :meth:`stdout`."""
        return self.stderr_bytes().decode()

    def stderr_bytes(self) -> bytes:
        """As :meth:`stdout`, from behind the last :meth:`line`."""
        assert self.process.stderr is not None
        return self._printed + self.process.stderr.read()

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(PATIENCE_SECONDS)
        for stream in (
            self.process.stdout,
            self.process.stderr,
            self.requests,
            self.replies_socket,
            self.control,
        ):
            assert stream is not None
            stream.close()

    @staticmethod
    def _source(module: str) -> str:
        fixture = FIXTURES / f"{module}.py"
        return str(fixture) if fixture.exists() else module

    @staticmethod
    def _kind(module: str) -> str:
        return "path" if (FIXTURES / f"{module}.py").exists() or os.path.isabs(module) else "name"
