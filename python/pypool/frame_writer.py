"""Writes frames to a blocking socket: the hot path out of a worker."""

from __future__ import annotations

import struct

from .errors import FrameTooLarge
from .frame import DEFAULT_LIMITS
from .frame_header import FLAG_PLACED, FLAG_TAGGED, pack_header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .frame import Buffer, FrameLimits, PlacedBuffer, Socket

__all__ = ["write_frame"]

_COALESCE_BYTES = 16 * 1024
_IOV_MAX = 1024  # of Linux and macOS; sendmsg refuses more parts in one call


def _encode_head(
    type: int,
    call_id: int,
    envelope: bytes,
    tagged: bool,
    lengths: Sequence[int],
    placed: Sequence[PlacedBuffer],
    limits: FrameLimits,
) -> bytes:
    """Everything of a frame up to the first buffer's padding.

    Raises:
        FrameTooLarge: The frame is over a limit.
    """
    count = len(lengths)
    entry_bytes = 16 if placed else 8
    frame_bytes = len(envelope) + entry_bytes * count
    if frame_bytes > limits.max_frame_bytes:
        raise FrameTooLarge("an envelope", frame_bytes, limits.max_frame_bytes)
    if not count:
        return pack_header(len(envelope), type, tagged, 0, call_id) + envelope
    if count > 0xFFFF:
        raise FrameTooLarge("a table for more than 65535 buffers", entry_bytes * count, entry_bytes * 0xFFFF)
    buffer_bytes = sum(lengths)
    if buffer_bytes > limits.max_buffer_bytes:
        raise FrameTooLarge("the buffers of a frame", buffer_bytes, limits.max_buffer_bytes)
    flags = FLAG_TAGGED if tagged else 0
    entries = lengths
    if placed:
        flags |= FLAG_PLACED
        entries = [0] * (2 * count)
        entries[::2] = lengths
        for index, segment, _ in placed:
            entries[2 * index + 1] = segment
    table = struct.pack(f"<{len(entries)}Q", *entries)
    return pack_header(len(envelope), type, flags, count, call_id) + table + envelope


def write_frame(
    sock: Socket,
    type: int,
    call_id: int,
    envelope: bytes | str,
    tagged: bool = False,
    buffers: Sequence[Buffer] = (),
    limits: FrameLimits = DEFAULT_LIMITS,
    placed: Sequence[PlacedBuffer] = (),
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
        placed: The buffers that lie in shared memory already: they are named and not written.

    Raises:
        FrameTooLarge: The frame is over a limit; nothing was written.
        OSError: The connection is gone.
    """
    if isinstance(envelope, str):
        envelope = envelope.encode()
    if not buffers:
        sock.sendall(_encode_head(type, call_id, envelope, tagged, (), (), limits))
        return
    views = [memoryview(buffer).cast("B") if len(buffer) else memoryview(b"") for buffer in buffers]
    lengths = [len(view) for view in views]
    for index, _, length in placed:
        lengths[index] = length
    head = _encode_head(type, call_id, envelope, tagged, lengths, placed, limits)
    if placed:
        elsewhere = {index for index, _, _ in placed}
        views = [view for index, view in enumerate(views) if index not in elsewhere]
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
