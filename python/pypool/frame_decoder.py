"""Turns bytes in any split into frames. A worker without an event loop needs none and does not load it."""

from __future__ import annotations

from .errors import ProtocolError
from .frame import DEFAULT_LIMITS, Frame
from .frame_header import (
    FLAG_TAGGED,
    HEADER_BYTES,
    check_header,
    decode_text,
    entry_bytes,
    read_table,
    unpack_header,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .frame import Buffer, FrameLimits, PlacedBuffer

__all__ = ["FrameDecoder"]


class FrameDecoder:
    """Turns bytes in any split into frames. For channels that are read without blocking, and for tests.

    Args:
        accepts: The frame types that this channel and direction may carry.
        on_frame: Called with each frame, in order, from :meth:`push`.
        limits: May be replaced between two frames.
        fill: Puts buffers that lie in shared memory in their places.
    """

    __slots__ = ("_accepts", "_dead", "_fill_placed", "_memory", "_on_frame", "limits")

    def __init__(
        self,
        accepts: frozenset[int],
        on_frame: Callable[[Frame], None],
        limits: FrameLimits = DEFAULT_LIMITS,
        fill: Callable[[Frame], None] | None = None,
    ) -> None:
        self.limits = limits
        self._accepts = accepts
        self._fill_placed = fill
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
            if frame.placed and self._fill_placed is not None:
                self._fill_placed(frame)
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
        envelope_bytes, kind, flags, count, call_id = unpack_header(memory, start)
        head_bytes = HEADER_BYTES + entry_bytes(flags) * count
        size = head_bytes + envelope_bytes
        check_header(self._accepts, self.limits, kind, flags, call_id, size, count)
        if have < head_bytes:
            return None, start
        spans: list[tuple[int, int]] = []
        lengths: Sequence[int] = ()
        placed: Sequence[PlacedBuffer] = ()
        if count:
            lengths, placed = read_table(memory, start + HEADER_BYTES, count, flags, self.limits)
        elsewhere = {index for index, _, _ in placed}
        for index, length in enumerate(lengths):
            if index in elsewhere:
                spans.append((start, start))
                continue
            size += -size % 8
            spans.append((start + size, start + size + length))
            size += length
        if have < size:
            return None, start
        with memoryview(memory) as view:
            envelope = decode_text(view[start + head_bytes : start + head_bytes + envelope_bytes])
            buffers = [bytearray(view[begin:end]) for begin, end in spans]
        return Frame(kind, call_id, envelope, bool(flags & FLAG_TAGGED), buffers, placed), start + size
