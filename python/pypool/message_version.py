"""The version of the wire that both sides speak."""

from __future__ import annotations

from .errors import ProtocolError

__all__ = ["PROTOCOL_RANGE", "negotiate"]

PROTOCOL_RANGE = (1, 1)
"""Lowest and highest version of the wire that this runtime speaks."""


def negotiate(ours: tuple[int, int], theirs: tuple[int, int]) -> int:
    """Choose the version of the wire to speak: the highest that both ranges hold.

    Raises:
        ProtocolError: There is none; names both ranges.
    """
    version = min(ours[1], theirs[1])
    if version >= max(ours[0], theirs[0]):
        return version
    raise ProtocolError(
        "no common version of the wire: "
        f"this runtime speaks {ours[0]} to {ours[1]}, Node {theirs[0]} to {theirs[1]}"
    )
