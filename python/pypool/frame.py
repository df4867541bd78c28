"""Frames: the unit of the wire (SPEC.md section 2), decoded as far as their parts."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Protocol

    Buffer = bytes | bytearray | memoryview
    PlacedBuffer = tuple[int, int, int]  # the index of a buffer, the segment that it lies in, its length

    class Socket(Protocol):
        """What is asked of a socket; ``socket.socket`` and ``_socket.socket`` both have it."""

        def recv_into(self, buffer: memoryview) -> int:
            """Block until at least one byte is there, or the end (0)."""

        def sendall(self, data: Buffer) -> None:
            """Block until everything is written."""

        def sendmsg(self, buffers: Iterable[Buffer]) -> int:
            """Write some bytes of the buffers, in order, and say how many."""

    class Channel(Socket, Protocol):
        """What the runtime asks of a channel beyond its bytes."""

        def recv(self, size: int) -> bytes:
            """About so many bytes, as few as there are; none at the end."""

        def settimeout(self, seconds: float | None) -> None:
            """How long to block; ``None``: for ever."""

        def setblocking(self, flag: bool) -> None:
            """Whether to block for ever or not at all."""

        def fileno(self) -> int:
            """What becomes readable."""

        def close(self) -> None:
            """Close on this side, in this process."""


__all__ = ["DEFAULT_LIMITS", "Frame", "FrameLimits", "FrameType"]


class FrameType:
    """The ``type`` byte of a frame. SPEC.md section 3."""

    CALL = 1
    RESULT = 2
    ERROR = 3
    ITEM = 4
    HOST_CALL = 5
    HOST_RESULT = 6
    HELLO = 16
    WELCOME = 17
    READY = 18
    START_FAILED = 19
    PING = 20
    PONG = 21
    CANCEL = 22
    CREDIT = 23
    REVOKE = 24
    REVOKED = 25
    SHUTDOWN = 26
    LOG = 27
    EVENT = 28
    DUMP = 29
    DUMPED = 30
    MAP = 31
    MAPPED = 32
    OPENED = 33
    RELEASE = 34
    RELEASED = 35
    UNMAP = 36
    UNMAPPED = 37
    PULL = 38
    INPUT = 39
    INPUT_END = 40


class FrameLimits:
    """Limits of one connection, the same in both directions.

    Args:
        max_frame_bytes: Envelope and buffer table of one frame. 64 MiB unless given.
        max_buffer_bytes: All buffers of one frame together. 1 GiB unless given.
    """

    __slots__ = ("max_buffer_bytes", "max_frame_bytes")

    def __init__(self, max_frame_bytes: int = 64 * 1024 * 1024, max_buffer_bytes: int = 1024**3) -> None:
        self.max_frame_bytes = max_frame_bytes
        self.max_buffer_bytes = max_buffer_bytes


DEFAULT_LIMITS = FrameLimits()


class Frame:
    """One frame, decoded as far as its parts: the envelope is still text, the buffers are raw.

    Attributes:
        type: One of :class:`FrameType`.
        call_id: 0 where the frame is about no call.
        envelope: JSON text.
        tagged: Whether the envelope holds tagged values.
        buffers: Out-of-band buffers. Received ones are ``bytearray``: writable, aligned, owned by whoever
            holds the frame.
        placed: Of those that lie in shared memory, the index, the segment and the length. Received, they are
            empty in `buffers`.
    """

    __slots__ = ("buffers", "call_id", "envelope", "placed", "tagged", "type")

    def __init__(
        self,
        type: int,
        call_id: int,
        envelope: str,
        tagged: bool = False,
        buffers: Sequence[Buffer] = (),
        placed: Sequence[PlacedBuffer] = (),
    ) -> None:
        self.type = type
        self.call_id = call_id
        self.envelope = envelope
        self.tagged = tagged
        self.buffers = buffers
        self.placed = placed

    def __repr__(self) -> str:
        return f"Frame(type={self.type}, call_id={self.call_id}, buffers={len(self.buffers)})"
