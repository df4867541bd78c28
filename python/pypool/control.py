"""The control channel: a small thread that hears Node while the main thread works."""

from __future__ import annotations

import time
from signal import SIG_BLOCK, SIGINT, pthread_sigmask
from threading import Lock, Thread

from . import lifecycle
from .errors import FrameTooLarge, ProtocolError
from .failure_encoding import encode_failure
from .frame import FrameType
from .frame_writer import write_frame
from .message_parse import (
    parse_cancel,
    parse_credit,
    parse_dump,
    parse_input,
    parse_input_end,
    parse_map,
    parse_opened,
    parse_ping,
    parse_revoke,
    parse_segments,
    parse_shutdown,
)
from .messages import dumped_message, pong_message, revoked_message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    from .context import Call
    from .frame import Frame, FrameLimits, Socket
    from .frame_reader import FrameReader
    from .inputs import Inputs
    from .interrupts import Interrupts
    from .revocations import Revocations
    from .shared_memory import SharedMemory
    from .streams import Streams
    from .value import Encoded, ValueCodec

__all__ = ["ControlSender", "ControlThread"]

_FRAMES_TOLD = (100, 10, 0)
"""Of each stack in a DUMPED: as many as fit."""


class ControlSender:
    """Writes to the control channel, from any thread.

    Attributes:
        codec: How values in messages are said; replaced once Node has told.
        limits: Of the connection; likewise.
    """

    __slots__ = ("_lock", "_sock", "codec", "limits")

    def __init__(self, sock: Socket, codec: ValueCodec, limits: FrameLimits) -> None:
        self.codec = codec
        self.limits = limits
        self._sock = sock
        self._lock = Lock()

    def send(self, type: int, message: Any, call_id: int = 0) -> None:
        """Write one message; with the id of the call that it is about, if it is.

        Raises:
            OSError: Node is gone, or this is a forked child that has no channels.
        """
        self._write(type, self.codec.encode_message(message), call_id)

    def send_failure(
        self,
        type: int,
        error: BaseException,
        wrap: Callable[[dict[str, Any]], dict[str, Any]] = lambda said: said,
    ) -> None:
        """Write a message about an exception.

        Raises:
            OSError: As above.
        """
        self._write(type, encode_failure(error, self.codec, self.limits, wrap))

    def disarm(self) -> None:
        """In a forked child: wait for no lock that another thread held."""
        self._lock = Lock()

    def _write(self, type: int, encoded: Encoded, call_id: int = 0) -> None:
        envelope, tagged, buffers = encoded
        with self._lock:
            write_frame(self._sock, type, call_id, envelope, tagged, buffers, self.limits)


class ControlThread:
    """Does what Node asks for while calls run, and ends the process group when Node is gone.

    Args:
        reader: Of the control channel; nobody else may read from now on.
        sender: Of the control channel.
        streams: The streams of this worker.
        memory: The memory that it shares with Node.
        inputs: The inputs of calls.
        interrupts: What ends calls that run.
        revocations: Which calls never start.
        running: Tells which call has run for longest.
        describe: Makes the DUMPED that answers a DUMP, given its number and how many frames of each stack
            to tell.
        on_start: Run first, on this thread.
    """

    def __init__(
        self,
        reader: FrameReader,
        sender: ControlSender,
        streams: Streams,
        memory: SharedMemory,
        inputs: Inputs,
        interrupts: Interrupts,
        revocations: Revocations,
        running: Callable[[], Call | None],
        describe: Callable[[int, int], dict[str, Any]],
        on_start: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._sender = sender
        self._streams = streams
        self._memory = memory
        self._inputs = inputs
        self._interrupts = interrupts
        self._revocations = revocations
        self._running = running
        self._describe = describe
        self._on_start = on_start
        self._thread = Thread(target=self._run, name="pypool-control", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def _run(self) -> None:
        # The kernel gives a signal to any thread that takes it, if the main one has just got another. Then C
        # code that holds the interpreter would sleep on.
        pthread_sigmask(SIG_BLOCK, {SIGINT})
        try:
            self._on_start()
            while True:
                frame = self._reader.read()
                if frame is None:
                    break
                self._receive(frame)
                del frame  # the items of an input, before waiting for the next
        except (ProtocolError, FrameTooLarge) as error:
            lifecycle.die_of_protocol(f"control: {error}")
        except OSError:
            pass  # as good as the end
        except BaseException:
            # Without this thread the worker would be deaf to cancelling and to Node's death.
            lifecycle.die_of_bug()
        # Node keeps control open until this process has been reaped, so it is dead, and nobody waits for what
        # runs here.
        lifecycle.kill_process_group()

    def _receive(self, frame: Frame) -> None:
        kind = frame.type
        if kind == FrameType.PING:
            self._answer_ping(parse_ping(frame))
        elif kind == FrameType.CREDIT:
            self._streams.grant(frame.call_id, *parse_credit(frame))
        elif kind == FrameType.INPUT:
            self._inputs.receive(frame.call_id, parse_input(frame))
        elif kind == FrameType.INPUT_END:
            self._inputs.end(frame.call_id, parse_input_end(frame))
        elif kind == FrameType.CANCEL:
            self._cancel(frame.call_id, parse_cancel(frame))
        elif kind == FrameType.REVOKE:
            revoked = self._revocations.take_back(parse_revoke(frame))
            self._sender.send(FrameType.REVOKED, revoked_message(revoked))
        elif kind == FrameType.DUMP:
            self._answer_dump(parse_dump(frame))
        elif kind == FrameType.RELEASE:
            self._memory.release(parse_segments(frame))
        elif kind == FrameType.MAP:
            self._memory.map(parse_map(frame))
        elif kind == FrameType.OPENED:
            self._memory.opened(parse_opened(frame))
        elif kind == FrameType.UNMAP:
            self._memory.unmap(parse_segments(frame))
        elif kind == FrameType.SHUTDOWN:
            parse_shutdown(frame)
            self._streams.stop()
        else:
            raise ProtocolError(f"a frame of type {kind} where none is expected")

    def _cancel(self, call_id: int, mode: Literal["leave", "interrupt"]) -> None:
        if mode == "leave":
            self._streams.leave(call_id)
            self._interrupts.leave(call_id)
        else:
            # In this order: a stream that opens in between sees that it was cancelled.
            self._interrupts.cancel(call_id)
            self._streams.leave_open(call_id)
        self._inputs.stop(call_id)

    def _answer_dump(self, number: int) -> None:
        for most in _FRAMES_TOLD:
            try:
                message = self._describe(number, most)
            except Exception:
                # It reads what others change meanwhile. To tell nothing costs less than the worker.
                message = dumped_message(number, (), None, ())
            try:
                self._sender.send(FrameType.DUMPED, message)
                return
            except FrameTooLarge:
                pass  # fewer frames, then; where not even their headings fit, Node hears nothing

    def _answer_ping(self, number: int) -> None:
        call = self._running()
        busy_ms = 0.0 if call is None else (time.monotonic() - call.started) * 1000
        running = None if call is None else call.id
        self._sender.send(FrameType.PONG, pong_message(number, running, busy_ms))
