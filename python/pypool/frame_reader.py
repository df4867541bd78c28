"""Reads frames from a blocking socket: the hot path into a worker."""

from __future__ import annotations

import struct

from .errors import ProtocolError
from .frame import DEFAULT_LIMITS, Frame, FrameType
from .frame_header import (
    FLAG_TAGGED,
    HEADER_BYTES,
    MAX_CALL_ID,
    check_header,
    decode_text,
    entry_bytes,
    read_table,
    unpack_header,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .frame import Buffer, FrameLimits, PlacedBuffer, Socket

__all__ = ["FrameReader", "capacity"]

_RING_BYTES = 64 * 1024
_FIRST_STEP_BYTES = 256 * 1024  # lengths below 8 times this are believed
_GROWTH = 8  # a peer makes us hold at most this many times what it has sent
_USUAL_KIND = int(FrameType.CALL)
"""Bytes 4 to 8 of the header of a CALL without flags and buffers, as one number."""

_unpack_usual = struct.Struct("<IIQ").unpack_from


class FrameReader:
    """Reads frames from a blocking socket. One thread at a time.

    Small frames are parsed from one reused buffer; a large one makes it grow as its bytes arrive, so a peer
    that lies about a length makes us allocate nothing but what it sends. Large out-of-band buffers are
    received straight into the memory that is handed out.

    Args:
        sock: A blocking stream socket. Stays the caller's.
        accepts: The frame types that this channel and direction may carry.
        limits: May be replaced between two reads.
        fill: Puts buffers that lie in shared memory in their places.
    """

    __slots__ = (
        "_accepts",
        "_end",
        "_fill_placed",
        "_ring",
        "_sock",
        "_start",
        "_takes_calls",
        "_usual",
        "_view",
        "limits",
    )

    def __init__(
        self,
        sock: Socket,
        accepts: frozenset[int],
        limits: FrameLimits = DEFAULT_LIMITS,
        fill: Callable[[Frame], None] | None = None,
    ) -> None:
        self.limits = limits
        self._sock = sock
        self._accepts = accepts
        self._takes_calls = FrameType.CALL in accepts
        self._usual = Frame(FrameType.CALL, 0, "")
        self._fill_placed = fill
        self._ring = bytearray(_RING_BYTES)
        self._view = memoryview(self._ring)
        self._start = 0
        self._end = 0

    def read(self) -> Frame | None:
        """Wait for the next frame.

        Returns:
            The frame, or ``None`` at the end of the stream. A CALL without buffers is the same object each
            time: it holds until the next is read.

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
            envelope_bytes, kind, call_id = _unpack_usual(self._ring, start)
            begin = start + HEADER_BYTES
            stop = begin + envelope_bytes
            # Written out, for nearly every call comes this way; the unusual goes the long way below.
            if (
                kind == _USUAL_KIND
                and self._takes_calls
                and 0 < call_id <= MAX_CALL_ID
                and stop <= self._end <= _RING_BYTES
                and envelope_bytes <= self.limits.max_frame_bytes
                and len(self._ring) == _RING_BYTES
            ):
                try:
                    envelope = str(self._view[begin:stop], "utf-8")
                except UnicodeDecodeError:
                    envelope = decode_text(self._view[begin:stop])  # to say what is wrong
                self._start = stop
                frame = self._usual
                frame.call_id = call_id
                frame.envelope = envelope
                return frame
        if self._end - self._start < HEADER_BYTES:
            self._fill(HEADER_BYTES)
        envelope_bytes, kind, flags, count, call_id = unpack_header(self._ring, self._start)
        head_bytes = HEADER_BYTES + entry_bytes(flags) * count
        check_header(self._accepts, self.limits, kind, flags, call_id, head_bytes + envelope_bytes, count)
        lengths: Sequence[int] = ()
        placed: Sequence[PlacedBuffer] = ()
        if count:
            if self._end - self._start < head_bytes:
                self._fill(head_bytes)
            lengths, placed = read_table(self._ring, self._start + HEADER_BYTES, count, flags, self.limits)
        size = head_bytes + envelope_bytes
        if self._end - self._start < size:
            self._fill(size)
        start = self._start
        envelope = decode_text(self._view[start + head_bytes : start + size])
        self._start = start + size
        buffers: list[Buffer] = []
        if count:
            position = size
            elsewhere = {index for index, _, _ in placed}
            for index, length in enumerate(lengths):
                if index in elsewhere:
                    buffers.append(b"")
                    continue
                padding = -position % 8
                self._skip(padding)
                buffers.append(self._take(length))
                position += padding + length
        if len(self._ring) > _RING_BYTES:
            self._shrink()
        frame = Frame(kind, call_id, envelope, bool(flags & FLAG_TAGGED), buffers, placed)
        if placed and self._fill_placed is not None:
            self._fill_placed(frame)
        return frame

    def _receive(self, into: memoryview) -> int:
        """Wait for bytes: the one place where a worker without work blocks.

        An exception that a signal handler raises in here is the end: bytes may have been received that were
        not counted yet.
        """
        try:
            return self._sock.recv_into(into)
        except ConnectionResetError:  # Node went away with replies unread: the end, like any other
            return 0

    def _fill(self, need: int) -> None:
        """Have `need` bytes in one piece from `_start` on, inside a frame."""
        have = self._end - self._start
        if have == 0:
            self._start = self._end = 0
        while have < need:
            if self._start + need > len(self._ring):
                self._move(have, need)
            received = self._receive(self._view[self._end :])
            if received == 0:
                raise ProtocolError(f"the stream ended inside a frame, after {have} of {need} bytes")
            self._end += received
            have += received

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
            # Not grown by appending, which writes each new byte twice and may move the old ones.
            larger = bytearray(capacity(length, have + 1))
            larger[:have] = taken
            taken = larger
            with memoryview(taken) as view:
                while have < len(taken):
                    received = self._receive(view[have:])
                    if received == 0:
                        raise ProtocolError(f"the stream ended after {have} of {length} bytes of a buffer")
                    have += received
        return taken


def capacity(length: int, arrived: int) -> int:
    """The smallest of `length`, `length / 8`, `length / 64`, ... that holds `arrived` and is worth a step."""
    capacity = length
    while True:
        smaller = -(-capacity // _GROWTH)
        if smaller < arrived or smaller < _FIRST_STEP_BYTES:
            return capacity
        capacity = smaller
