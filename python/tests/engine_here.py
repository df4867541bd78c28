"""A real engine in the process of the test, which can act between two of its steps."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast
from unittest import TestCase

from pypool.engine import make_engine
from pypool.expose import Exposed
from pypool.frame import Frame, FrameLimits, FrameType
from pypool.frame_channels import REPLY_TYPES
from pypool.frame_reader import FrameReader
from pypool.frame_writer import write_frame
from pypool.output import Output
from pypool.plain_json import parse_json, write_json
from pypool.replies import Replies
from pypool.shielding import when_unshielded
from pypool.streams import Streams
from pypool.user_code import UserCode
from pypool.value import ValueCodec

if TYPE_CHECKING:
    from pypool.messages import Welcome


class EngineHere:
    """An engine with its channels. It reads nothing before :meth:`serve`.

    Args:
        test: Cleans up behind it.
        kind: Which engine.
        functions: What may be called.
        concurrency: As the welcome says it.

    Attributes:
        engine: The real one.
        loop: Of the main thread.
        on_reply: Called before each reply is written, with no lock of the engine's loop held. What it does
            happens where writing lets go of the interpreter.
    """

    def __init__(
        self, test: TestCase, kind: str, functions: Mapping[str, Exposed], concurrency: int = 8
    ) -> None:
        for number in (signal.SIGINT, signal.SIGURG):
            test.addCleanup(signal.signal, number, signal.getsignal(number))
        test.addCleanup(when_unshielded, lambda: None)
        self.on_reply: Callable[[], None] = lambda: None
        self._requests, theirs = self._pair(test)
        self._replies, written = self._pair(test)
        limits = FrameLimits()
        replies = Replies(_Told(written, lambda: self.on_reply()), ValueCodec(), limits, Output())
        welcome = cast("Welcome", {"engine": kind, "concurrency": concurrency})
        self.engine, self.loop = make_engine(welcome, theirs, replies, Streams(), limits, UserCode())
        self.engine.functions = functions
        self._calls = 0
        self._written = written

    def send(self, name: str, *args: Any) -> int:
        """Send a call; returns its id."""
        self._calls += 1
        write_frame(self._requests, FrameType.CALL, self._calls, write_json([name, args, {}, None]))
        return self._calls

    def serve(self) -> list[tuple[int, Any]]:
        """End the requests and answer them all; returns the replies as ids and what they say, in order."""
        self._requests.shutdown(socket.SHUT_WR)
        self.engine.serve()
        self.engine.close()
        self._written.shutdown(socket.SHUT_WR)
        reader = FrameReader(self._replies, REPLY_TYPES)
        frames: list[Frame] = []
        while True:
            frame = reader.read()
            if frame is None:
                return [(each.call_id, parse_json(each.envelope)) for each in frames]
            frames.append(frame)

    @staticmethod
    def _pair(test: TestCase) -> tuple[socket.socket, socket.socket]:
        pair = socket.socketpair()
        for each in pair:
            test.addCleanup(each.close)
        return pair


class _Told:
    """A socket, and whoever is told before it writes."""

    def __init__(self, sock: socket.socket, tell: Callable[[], None]) -> None:
        self._sock = sock
        self._tell = tell

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, data: Any) -> None:
        self._tell()
        self._sock.sendall(data)

    def sendmsg(self, *args: Any) -> int:
        self._tell()
        return self._sock.sendmsg(*args)
