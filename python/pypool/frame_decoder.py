"""Turns bytes in any split into frames. A worker without an event loop needs none and does not load it."""

from __future__ import annotations

from .errors import ProtocolError
from .filling import Filling
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

_DIRECT_BYTES = 128 * 1024  # below, one read may bring what follows the buffer as well


class FrameDecoder:
    """Turns bytes in any split into frames. For channels that are read without blocking, and for tests.

    A large buffer need not pass through it: its bytes may be received where :meth:`room` says.

    Args:
        accepts: The frame types that this channel and direction may carry.
        on_frame: Called with each frame, in order, from :meth:`push` and :meth:`received`.
        limits: May be replaced between two frames.
        fill: Puts buffers that lie in shared memory in their places.
    """

    __slots__ = ("_accepts", "_dead", "_fill_placed", "_memory", "_on_frame", "_open", "limits")

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
        self._open: _OpenFrame | None = None
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
        self._dead = True  # and stays so where anything below raises
        with memoryview(self._memory) as view:
            position = self._read(view)
        del self._memory[:position]
        self._dead = False

    def room(self) -> memoryview | None:
        """Where the next bytes belong, in a large buffer: for :meth:`received`, or else ``None``."""
        return None if self._open is None or self._memory else self._open.room()

    def received(self, count: int) -> None:
        """So many bytes were written where :meth:`room` said.

        Raises:
            ProtocolError: As by :meth:`push`.
            FrameTooLarge: As by :meth:`push`.
        """
        if self._open is not None and self._open.filling is not None:
            self._open.filling.missing -= count
        self.push(b"")

    def end(self) -> None:
        """The stream has ended.

        Raises:
            ProtocolError: It ended inside a frame.
        """
        if self._open is not None:
            raise ProtocolError("the stream ended inside a frame, among its buffers")
        if self._memory:
            raise ProtocolError(f"the stream ended inside a frame, after {len(self._memory)} bytes of it")

    def _read(self, view: memoryview) -> int:
        """Read what is there, and say how much is done with."""
        position = 0
        while True:
            if self._open is None:
                size = self._begin(view[position:])
                if size == 0:
                    return position
                position += size
            opened: _OpenFrame = self._open  # type: ignore[assignment]
            position += opened.take(view[position:])
            if opened.filling is not None:
                return position
            self._open = None
            frame = opened.frame
            if frame.placed and self._fill_placed is not None:
                self._fill_placed(frame)
            self._on_frame(frame)

    def _begin(self, view: memoryview) -> int:
        """Read a frame up to its buffers; how long that is, or 0 where it is not all there."""
        if len(view) < HEADER_BYTES:
            return 0
        envelope_bytes, kind, flags, count, call_id = unpack_header(view, 0)
        head_bytes = HEADER_BYTES + entry_bytes(flags) * count
        size: int = head_bytes + envelope_bytes
        check_header(self._accepts, self.limits, kind, flags, call_id, size, count)
        if len(view) < head_bytes:
            return 0
        lengths: Sequence[int] = ()
        placed: Sequence[PlacedBuffer] = ()
        if count:
            lengths, placed = read_table(view, HEADER_BYTES, count, flags, self.limits)
        if len(view) < size:
            return 0
        envelope = decode_text(view[head_bytes:size])
        frame = Frame(kind, call_id, envelope, bool(flags & FLAG_TAGGED), (), placed)
        self._open = _OpenFrame(frame, lengths, size)
        return size


class _OpenFrame:
    """A frame whose buffers are arriving.

    Attributes:
        frame: Lacks its buffers while there is a `filling`.
        filling: The buffer that is arriving; ``None`` once all have.
    """

    __slots__ = ("_buffers", "_elsewhere", "_lengths", "_padding", "_position", "filling", "frame")

    def __init__(self, frame: Frame, lengths: Sequence[int], position: int) -> None:
        self.frame = frame
        self.filling: Filling | None = None
        self._lengths = lengths
        self._elsewhere = {index for index, _, _ in frame.placed}
        self._buffers: list[Buffer] = []
        self._position = position
        self._padding = 0
        self._begin_next()

    def take(self, view: memoryview) -> int:
        """Take what belongs to its buffers, and say how much that was."""
        at = 0
        while self.filling is not None:
            skipped = min(self._padding, len(view) - at)
            self._padding -= skipped
            at += skipped
            at += self.filling.take(view[at:])
            if self._padding or self.filling.missing:
                break
            self._buffers.append(self.filling.memory)
            self._begin_next()
        return at

    def room(self) -> memoryview | None:
        """Where the next bytes go, if it is worth the trouble to receive them there."""
        if self.filling is None or self._padding or self.filling.missing < _DIRECT_BYTES:
            return None
        return self.filling.room()

    def _begin_next(self) -> None:
        while len(self._buffers) in self._elsewhere:
            self._buffers.append(b"")
        if len(self._buffers) == len(self._lengths):
            self.filling = None
            self.frame.buffers = self._buffers
            return
        length = self._lengths[len(self._buffers)]
        self._padding = -self._position % 8
        self._position += self._padding + length
        self.filling = Filling(length)
