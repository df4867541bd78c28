"""The fixed head of a frame: its layout, and the checks that every reader makes (SPEC.md section 2)."""

from __future__ import annotations

import struct

from .errors import FrameTooLarge, ProtocolError
from .frame_channels import CALL_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .frame import FrameLimits

__all__ = [
    "FLAG_TAGGED",
    "HEADER_BYTES",
    "MAX_CALL_ID",
    "check_header",
    "decode_text",
    "pack_header",
    "read_table",
    "unpack_header",
]

HEADER_BYTES = 16
MAX_CALL_ID = 2**53 - 1

FLAG_TAGGED = 1
"""Flag bit 0: the envelope holds tagged values."""

_HEADER = struct.Struct("<IBBHQ")

pack_header = _HEADER.pack
"""``(envelope_bytes, type, flags, buffer_count, call_id)`` as the header of a frame."""

unpack_header = _HEADER.unpack_from
"""The same five of the header at an offset."""


def check_header(
    accepts: frozenset[int], limits: FrameLimits, kind: int, flags: int, call_id: int, size: int
) -> None:
    """Refuse a frame before anything is allocated for it. `size` is of all but its buffers.

    Raises:
        ProtocolError: It is no frame of this channel.
        FrameTooLarge: Its envelope and table are over the limit.
    """
    if kind not in accepts:
        raise ProtocolError(f"a frame of type {kind} does not belong on this channel")
    if flags > FLAG_TAGGED:
        raise ProtocolError(f"a frame has reserved flags: {flags:#04x}")
    if size - HEADER_BYTES > limits.max_frame_bytes:
        raise FrameTooLarge("an envelope", size - HEADER_BYTES, limits.max_frame_bytes)
    if (call_id == 0) == (kind in CALL_TYPES) or call_id > MAX_CALL_ID:
        raise ProtocolError(f"a frame of type {kind} has call id {call_id}")


def read_table(memory: bytearray, offset: int, count: int, limits: FrameLimits) -> tuple[int, ...]:
    """The lengths of a frame's buffers, from the table at `offset`.

    Raises:
        FrameTooLarge: Together they are over the limit.
    """
    lengths = struct.unpack_from(f"<{count}Q", memory, offset)
    buffer_bytes = sum(lengths)
    if buffer_bytes > limits.max_buffer_bytes:
        raise FrameTooLarge("the buffers of a frame", buffer_bytes, limits.max_buffer_bytes)
    return lengths


def decode_text(data: memoryview) -> str:
    """Read an envelope.

    Raises:
        ProtocolError: It is not UTF-8.
    """
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise ProtocolError(f"an envelope is not UTF-8: {error.reason} at byte {error.start}") from None
