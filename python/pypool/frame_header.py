"""The fixed head of a frame: its layout, and the checks that every reader makes (SPEC.md section 2)."""

from __future__ import annotations

import struct

from .errors import FrameTooLarge, ProtocolError
from .frame_channels import CALL_TYPES, PLACED_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .frame import FrameLimits, PlacedBuffer

__all__ = [
    "FLAG_PLACED",
    "FLAG_TAGGED",
    "HEADER_BYTES",
    "MAX_CALL_ID",
    "check_header",
    "decode_text",
    "entry_bytes",
    "pack_header",
    "read_table",
    "unpack_header",
]

HEADER_BYTES = 16
MAX_CALL_ID = 2**53 - 1

FLAG_TAGGED = 1
"""Flag bit 0: the envelope holds tagged values."""

FLAG_PLACED = 2
"""Flag bit 1: buffers lie in shared memory, and the table says in which segments."""

_HEADER = struct.Struct("<IBBHQ")

pack_header = _HEADER.pack
"""``(envelope_bytes, type, flags, buffer_count, call_id)`` as the header of a frame."""

unpack_header = _HEADER.unpack_from
"""The same five of the header at an offset."""


def check_header(
    accepts: frozenset[int], limits: FrameLimits, kind: int, flags: int, call_id: int, size: int, count: int
) -> None:
    """Refuse a frame before anything is allocated for it. `size` is of all but its `count` buffers.

    Raises:
        ProtocolError: It is no frame of this channel.
        FrameTooLarge: Its envelope and table are over the limit.
    """
    if kind not in accepts:
        raise ProtocolError(f"a frame of type {kind} does not belong on this channel")
    if flags > FLAG_TAGGED and not (flags <= FLAG_TAGGED | FLAG_PLACED and count and kind in PLACED_TYPES):
        raise ProtocolError(f"a frame has reserved flags: {flags:#04x}")
    if size - HEADER_BYTES > limits.max_frame_bytes:
        raise FrameTooLarge("an envelope", size - HEADER_BYTES, limits.max_frame_bytes)
    if (call_id == 0) == (kind in CALL_TYPES) or call_id > MAX_CALL_ID:
        raise ProtocolError(f"a frame of type {kind} has call id {call_id}")


def entry_bytes(flags: int) -> int:
    """How long each entry of a frame's buffer table is."""
    return 16 if flags & FLAG_PLACED else 8


def read_table(
    memory: bytearray | memoryview, offset: int, count: int, flags: int, limits: FrameLimits
) -> tuple[Sequence[int], Sequence[PlacedBuffer]]:
    """The buffer table at `offset`: the length of each buffer, and those that lie in shared memory.

    Raises:
        ProtocolError: It names a segment twice, or none at all where it has to.
        FrameTooLarge: Together the buffers are over the limit.
    """
    placed: list[PlacedBuffer] = []
    if flags & FLAG_PLACED:
        entries = struct.unpack_from(f"<{2 * count}Q", memory, offset)
        lengths, segments = entries[::2], entries[1::2]
        placed = [(index, segment, lengths[index]) for index, segment in enumerate(segments) if segment]
        named = {segment for _, segment, _ in placed}
    else:
        lengths = struct.unpack_from(f"<{count}Q", memory, offset)
    buffer_bytes = sum(lengths)
    if buffer_bytes > limits.max_buffer_bytes:
        raise FrameTooLarge("the buffers of a frame", buffer_bytes, limits.max_buffer_bytes)
    if flags & FLAG_PLACED and (not placed or len(named) < len(placed) or max(named) > MAX_CALL_ID):
        raise ProtocolError("the buffers of a frame lie in no segments, or in one twice")
    return lengths, placed


def decode_text(data: memoryview) -> str:
    """Read an envelope.

    Raises:
        ProtocolError: It is not UTF-8.
    """
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise ProtocolError(f"an envelope is not UTF-8: {error.reason} at byte {error.start}") from None
