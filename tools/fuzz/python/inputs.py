"""The flat form of an input: the twin of ``src/inputs/input.ts`` and ``src/javascript/splits.ts``."""

from __future__ import annotations

import hashlib

from pypool import frame_channels as channels
from pypool.frame import FrameLimits

_CHANNELS = (
    channels.REQUEST_TYPES,
    channels.REPLY_TYPES,
    channels.CONTROL_FROM_NODE,
    channels.CONTROL_FROM_PYTHON,
)
_LIMITS = (FrameLimits(4096, 16_384), FrameLimits(262_144, 524_288), FrameLimits())
_EVERYWHERE_BYTES = 200


def read_input(flat):
    """The types that its channel accepts, its limits, and all that arrives."""
    channel, limits, tail = (flat[:3] + bytes(3))[:3]
    spaces = 0 if tail < 200 else (tail - 199) * 40_000
    return _CHANNELS[channel % 4], _LIMITS[limits % 3], flat[3:] + b" " * spaces


def splits(data):
    """Sizes of pieces to push at once: lists of them, decided by the bytes. The whole is not among them."""
    length = len(data)
    if length == 0:
        return []
    mixed = _hash(data)
    ways = [_pieces(length, 1000 + mixed % 60_000 if length > 20_000 else 1 + mixed % min(length, 97))]
    if length <= _EVERYWHERE_BYTES and mixed % 16 == 0:
        ways += [[cut, length - cut] for cut in range(1, length)]
        ways.append([1] * length)
    else:
        cut = (mixed >> 8) % length
        ways.append([cut, length - cut])
    return ways


def _pieces(length, size):
    return [min(size, length - at) for at in range(0, length, size)]


def _hash(data):
    return int.from_bytes(hashlib.sha1(data[:4096]).digest()[:4], "little") ^ len(data)
