"""Frames: the unit of the wire (SPEC.md section 2), read and written with explicit limits.

:class:`FrameReader` and :func:`write_frame` are the hot path of a worker and block on a socket;
:class:`FrameDecoder` takes bytes in any split and blocks on nothing.
"""

from __future__ import annotations

import struct

from .errors import FrameTooLarge, ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Protocol

    Buffer = bytes | bytearray | memoryview

    class Socket(Protocol):
        """What is asked of a socket; ``socket.socket`` and ``_socket.socket`` both have it."""

        def recv_into(self, buffer: memoryview) -> int:
            """Block until at least one byte is there, or the end (0)."""

        def sendall(self, data: Buffer) -> None:
            """Block until everything is written."""

        def sendmsg(self, buffers: Iterable[Buffer]) -> int:
            """Write some bytes of the buffers, in order, and say how many."""


__all__ = [
    "CALL_TYPES",
    "CONTROL_FROM_NODE",
    "CONTROL_FROM_PYTHON",
    "DEFAULT_LIMITS",
    "REPLY_TYPES",
    "REQUEST_TYPES",
    "Frame",
    "FrameDecoder",
    "FrameLimits",
    "FrameReader",
    "FrameType",
    "encode_frame_head",
    "write_frame",
]


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


REQUEST_TYPES = frozenset({FrameType.CALL, FrameType.HOST_RESULT})
REPLY_TYPES = frozenset({FrameType.RESULT, FrameType.ERROR, FrameType.ITEM, FrameType.HOST_CALL})
CONTROL_FROM_NODE = frozenset(
    {
        FrameType.WELCOME,
        FrameType.PING,
        FrameType.CANCEL,
        FrameType.CREDIT,
        FrameType.REVOKE,
        FrameType.SHUTDOWN,
    }
)
CONTROL_FROM_PYTHON = frozenset(
    {
        FrameType.HELLO,
        FrameType.READY,
        FrameType.START_FAILED,
        FrameType.PONG,
        FrameType.REVOKED,
        FrameType.LOG,
        FrameType.EVENT,
    }
)
CALL_TYPES = REQUEST_TYPES | REPLY_TYPES | {FrameType.CANCEL, FrameType.CREDIT}
"""Types whose frames name a call: their call id is not 0, that of all others is."""

HEADER_BYTES = 16
MAX_CALL_ID = 2**53 - 1

_HEADER = struct.Struct("<IBBHQ")
_TAGGED = 1
_RING_BYTES = 64 * 1024
_FIRST_STEP_BYTES = 1024 * 1024
_STEP_BYTES = 16 * 1024 * 1024
_COALESCE_BYTES = 16 * 1024
_IOV_MAX = 1024  # of Linux and macOS; sendmsg refuses more parts in one call


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
    """

    __slots__ = ("buffers", "call_id", "envelope", "tagged", "type")

    def __init__(
        self, type: int, call_id: int, envelope: str, tagged: bool = False, buffers: Sequence[Buffer] = ()
    ) -> None:
        self.type = type
        self.call_id = call_id
        self.envelope = envelope
        self.tagged = tagged
        self.buffers = buffers

    def __repr__(self) -> str:
        return f"Frame(type={self.type}, call_id={self.call_id}, buffers={len(self.buffers)})"


pack_header = _HEADER.pack
"""``(envelope_bytes, type, flags, buffer_count, call_id)`` as the header of a frame."""

_unpack = _HEADER.unpack_from
_CALL = int(FrameType.CALL)
_NO_BUFFERS: tuple[Buffer, ...] = ()


class FrameReader:
    """Reads frames from a blocking socket. One thread at a time.

    Small frames are parsed from one reused buffer; a large one makes it grow as its bytes arrive, so a peer
    that lies about a length makes us allocate nothing but what it sends. Large out-of-band buffers are
    received straight into the memory that is handed out.

    Args:
        sock: A blocking stream socket. Stays the caller's.
        accepts: The frame types that this channel and direction may carry.
        limits: May be replaced between two reads.
    """

    __slots__ = ("_accepts", "_end", "_ring", "_sock", "_start", "_view", "limits")

    def __init__(self, sock: Socket, accepts: frozenset[int], limits: FrameLimits = DEFAULT_LIMITS) -> None:
        self.limits = limits
        self._sock = sock
        self._accepts = accepts
        self._ring = bytearray(_RING_BYTES)
        self._view = memoryview(self._ring)
        self._start = 0
        self._end = 0

    def read(self) -> Frame | None:
        """Wait for the next frame.

        Returns:
            The frame, or ``None`` at the end of the stream.

        Raises:
            ProtocolError: The bytes are no frame of this channel, or end inside one. The reader is dead.
            FrameTooLarge: A length is over its limit. The reader is dead.
        """
        start = self._start
        if self._end == start:
            # One small CALL at a time is the usual case: received whole, and read where it arrived.
            start = self._start = self._end = 0
            end = self._end = self._receive(self._view)
            if end == 0:
                return None
        if self._end - start >= HEADER_BYTES:
            envelope_bytes, kind, flags, count, call_id = _unpack(self._ring, start)
            begin = start + HEADER_BYTES
            stop = begin + envelope_bytes
            # Written out, for nearly every call comes this way; the unusual goes the long way below.
            if (
                kind == _CALL
                and kind in self._accepts
                and flags == 0 == count
                and 0 < call_id <= MAX_CALL_ID
                and stop <= self._end <= _RING_BYTES
                and envelope_bytes <= self.limits.max_frame_bytes
                and len(self._ring) == _RING_BYTES
            ):
                try:
                    envelope = str(self._view[begin:stop], "utf-8")
                except UnicodeDecodeError:
                    envelope = _decode_text(self._view[begin:stop])  # to say what is wrong
                self._start = stop
                return Frame(kind, call_id, envelope, False, _NO_BUFFERS)
        if self._end - self._start < HEADER_BYTES and not self._fill(HEADER_BYTES):
            return None
        envelope_bytes, kind, flags, count, call_id = _HEADER.unpack_from(self._ring, self._start)
        head_bytes = HEADER_BYTES + 8 * count
        _check_header(self._accepts, self.limits, kind, flags, call_id, head_bytes + envelope_bytes)
        lengths: tuple[int, ...] = ()
        if count:
            if self._end - self._start < head_bytes:
                self._fill(head_bytes)
            lengths = _read_table(self._ring, self._start + HEADER_BYTES, count, self.limits)
        size = head_bytes + envelope_bytes
        if self._end - self._start < size:
            self._fill(size)
        start = self._start
        envelope = _decode_text(self._view[start + head_bytes : start + size])
        self._start = start + size
        buffers: list[Buffer] = []
        if count:
            position = size
            for length in lengths:
                padding = -position % 8
                self._skip(padding)
                buffers.append(self._take(length))
                position += padding + length
        if len(self._ring) > _RING_BYTES:
            self._shrink()
        return Frame(kind, call_id, envelope, flags == _TAGGED, buffers)

    def _receive(self, into: memoryview) -> int:
        """Wait for bytes: the one place where a worker without work blocks.

        An exception that a signal handler raises in here loses no byte: nothing was received, or nothing
        was counted yet.
        """
        try:
            return self._sock.recv_into(into)
        except ConnectionResetError:  # Node went away with replies unread: the end, like any other
            return 0

    def _fill(self, need: int) -> bool:
        """Have `need` bytes in one piece from `_start` on. False where the stream ends before the first."""
        have = self._end - self._start
        if have == 0:
            self._start = self._end = 0
        while have < need:
            if self._start + need > len(self._ring):
                self._move(have, need)
            received = self._receive(self._view[self._end :])
            if received == 0:
                if have == 0 and need == HEADER_BYTES:
                    return False
                raise ProtocolError(f"the stream ended inside a frame, after {have} of {need} bytes")
            self._end += received
            have += received
        return True

    def _move(self, have: int, need: int) -> None:
        """Make room behind what is there. Growth follows what has arrived, never what was announced."""
        if self._start:
            self._ring[:have] = self._view[self._start : self._end].tobytes()
            self._start = 0
            self._end = have
        if have == len(self._ring):
            self._replace(min(need, 2 * have), have)

    def _replace(self, size: int, have: int) -> None:
        ring = bytearray(size)
        ring[:have] = self._view[self._start : self._start + have]
        self._ring = ring
        self._view = memoryview(ring)

    def _shrink(self) -> None:
        """Give the memory of a large envelope back once what follows it fits the usual buffer."""
        have = self._end - self._start
        if have <= _RING_BYTES:
            self._replace(_RING_BYTES, have)
            self._start = 0
            self._end = have

    def _skip(self, count: int) -> None:
        if self._end - self._start < count:
            self._fill(count)
        self._start += count

    def _take(self, length: int) -> bytearray:
        """The next `length` bytes in memory of their own."""
        have = min(length, self._end - self._start)
        taken = bytearray(self._view[self._start : self._start + have])
        self._start += have
        while have < length:
            step = min(length - have, max(have, _FIRST_STEP_BYTES), _STEP_BYTES)
            taken += bytes(step)
            end = have + step
            with memoryview(taken) as view:
                while have < end:
                    received = self._receive(view[have:])
                    if received == 0:
                        raise ProtocolError(f"the stream ended after {have} of {length} bytes of a buffer")
                    have += received
        return taken


class FrameDecoder:
    """Turns bytes in any split into frames. For channels that are read without blocking, and for tests.

    Args:
        accepts: The frame types that this channel and direction may carry.
        on_frame: Called with each frame, in order, from :meth:`push`.
        limits: May be replaced between two frames.
    """

    __slots__ = ("_accepts", "_dead", "_memory", "_on_frame", "limits")

    def __init__(
        self,
        accepts: frozenset[int],
        on_frame: Callable[[Frame], None],
        limits: FrameLimits = DEFAULT_LIMITS,
    ) -> None:
        self.limits = limits
        self._accepts = accepts
        self._on_frame = on_frame
        self._memory = bytearray()
        self._dead = False

    def push(self, data: Buffer) -> None:
        """Take the next bytes of the stream, and hand out the frames that they complete.

        Raises:
            ProtocolError: The bytes are no frame of this channel. The decoder stays dead.
            FrameTooLarge: A length is over its limit. The decoder stays dead.
        """
        if self._dead:
            raise ProtocolError("the stream was broken before these bytes")
        self._memory += data
        position = 0
        self._dead = True  # and stays so where anything below raises
        while True:
            frame, following = self._parse(position)
            if frame is None:
                break
            self._on_frame(frame)
            position = following
        del self._memory[:position]
        self._dead = False

    def end(self) -> None:
        """The stream has ended.

        Raises:
            ProtocolError: It ended inside a frame.
        """
        if self._memory:
            raise ProtocolError(f"the stream ended inside a frame, after {len(self._memory)} bytes of it")

    def _parse(self, start: int) -> tuple[Frame | None, int]:
        memory = self._memory
        have = len(memory) - start
        if have < HEADER_BYTES:
            return None, start
        envelope_bytes, kind, flags, count, call_id = _HEADER.unpack_from(memory, start)
        head_bytes = HEADER_BYTES + 8 * count
        size = head_bytes + envelope_bytes
        _check_header(self._accepts, self.limits, kind, flags, call_id, size)
        if have < head_bytes:
            return None, start
        spans: list[tuple[int, int]] = []
        for length in _read_table(memory, start + HEADER_BYTES, count, self.limits) if count else ():
            size += -size % 8
            spans.append((start + size, start + size + length))
            size += length
        if have < size:
            return None, start
        with memoryview(memory) as view:
            envelope = _decode_text(view[start + head_bytes : start + head_bytes + envelope_bytes])
            buffers = [bytearray(view[begin:end]) for begin, end in spans]
        return Frame(kind, call_id, envelope, flags == _TAGGED, buffers), start + size


def encode_frame_head(
    type: int, call_id: int, envelope: bytes, tagged: bool, lengths: Sequence[int], limits: FrameLimits
) -> bytes:
    """Everything of a frame up to the first buffer's padding.

    Raises:
        FrameTooLarge: The frame is over a limit.
    """
    count = len(lengths)
    frame_bytes = len(envelope) + 8 * count
    if frame_bytes > limits.max_frame_bytes:
        raise FrameTooLarge("an envelope", frame_bytes, limits.max_frame_bytes)
    if not count:
        return _HEADER.pack(len(envelope), type, tagged, 0, call_id) + envelope
    if count > 0xFFFF:
        raise FrameTooLarge("a table for more than 65535 buffers", 8 * count, 8 * 0xFFFF)
    buffer_bytes = sum(lengths)
    if buffer_bytes > limits.max_buffer_bytes:
        raise FrameTooLarge("the buffers of a frame", buffer_bytes, limits.max_buffer_bytes)
    table = struct.pack(f"<{count}Q", *lengths)
    return _HEADER.pack(len(envelope), type, tagged, count, call_id) + table + envelope


def write_frame(
    sock: Socket,
    type: int,
    call_id: int,
    envelope: bytes | str,
    tagged: bool = False,
    buffers: Sequence[Buffer] = (),
    limits: FrameLimits = DEFAULT_LIMITS,
) -> None:
    """Write one frame and block until the kernel has all of it.

    Args:
        sock: A blocking stream socket.
        type: One of :class:`FrameType`.
        call_id: 0 where the frame is about no call.
        envelope: JSON, as UTF-8 or as text without lone surrogates.
        tagged: Whether the envelope holds tagged values.
        buffers: Contiguous; not copied.
        limits: Of the connection.

    Raises:
        FrameTooLarge: The frame is over a limit; nothing was written.
        OSError: The connection is gone.
    """
    if isinstance(envelope, str):
        envelope = envelope.encode()
    if not buffers:
        sock.sendall(encode_frame_head(type, call_id, envelope, tagged, (), limits))
        return
    views = [memoryview(buffer).cast("B") if len(buffer) else memoryview(b"") for buffer in buffers]
    head = encode_frame_head(type, call_id, envelope, tagged, [len(view) for view in views], limits)
    _send_parts(sock, _lay_out(head, views))


def _lay_out(head: bytes, views: Sequence[memoryview]) -> list[memoryview]:
    """The parts of a frame in order, each buffer aligned; neighbours that are small are joined."""
    parts: list[memoryview] = []
    small = bytearray(head)
    position = len(head)
    for view in views:
        padding = -position % 8
        small += bytes(padding)
        if len(view) <= _COALESCE_BYTES:
            small += view
        else:
            parts.append(memoryview(small))
            parts.append(view)
            small = bytearray()
        position += padding + len(view)
    if small:
        parts.append(memoryview(small))
    return parts


def _send_parts(sock: Socket, parts: list[memoryview]) -> None:
    first = 0
    while first < len(parts):
        sent = sock.sendmsg(parts[first : first + _IOV_MAX])
        while first < len(parts) and sent >= len(parts[first]):
            sent -= len(parts[first])
            first += 1
        if sent:
            parts[first] = parts[first][sent:]


def _check_header(
    accepts: frozenset[int], limits: FrameLimits, kind: int, flags: int, call_id: int, size: int
) -> None:
    if kind not in accepts:
        raise ProtocolError(f"a frame of type {kind} does not belong on this channel")
    if flags > _TAGGED:
        raise ProtocolError(f"a frame has reserved flags: {flags:#04x}")
    if size - HEADER_BYTES > limits.max_frame_bytes:
        raise FrameTooLarge("an envelope", size - HEADER_BYTES, limits.max_frame_bytes)
    if (call_id == 0) == (kind in CALL_TYPES) or call_id > MAX_CALL_ID:
        raise ProtocolError(f"a frame of type {kind} has call id {call_id}")


def _read_table(memory: bytearray, offset: int, count: int, limits: FrameLimits) -> tuple[int, ...]:
    lengths = struct.unpack_from(f"<{count}Q", memory, offset)
    buffer_bytes = sum(lengths)
    if buffer_bytes > limits.max_buffer_bytes:
        raise FrameTooLarge("the buffers of a frame", buffer_bytes, limits.max_buffer_bytes)
    return lengths


def _decode_text(data: memoryview) -> str:
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise ProtocolError(f"an envelope is not UTF-8: {error.reason} at byte {error.start}") from None
