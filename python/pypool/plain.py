"""Proof that a value is plain: that the stock JSON encoder writes it exactly.

Few items are looked at one by one, which is the fastest for what most calls return. Of more, the checks look
at sets of types, made at C speed: many containers are checked together, level by level, so that a table of
rows costs a few operations per level and not per row.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

__all__ = ["MAX_DEPTH", "MAX_SAFE_INTEGER", "is_plain"]

MAX_DEPTH = 256
"""How deep containers may be nested."""

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that a JavaScript number holds with all below it."""

_SAFE_BITS = 53
_SCALARS = frozenset({type(None), bool, str, int, float})
_CONTAINERS = frozenset({list, tuple, dict})
_LISTS = frozenset({list, tuple})
_INTS = frozenset({int, bool})
_STR_ONLY = {str}
_OTHER_SCALARS = frozenset({type(None), bool, float})
_FEW = 16  # from here on sets are as fast; measured with CPython 3.9 to 3.13
_MANY = 64

_values = dict.values
_bit_length = int.bit_length
_union = set[Any]().union if TYPE_CHECKING else set().union


def is_plain(value: Any, integers: bool = True) -> bool:
    """Whether JSON holds this value exactly.

    Args:
        value: Any value.
        integers: Whether an ``int`` within 2^53 - 1 counts as plain.

    Returns:
        ``True`` may be wrong about NaN and infinities alone, which the stock encoder refuses.
    """
    kind = type(value)
    if kind in _CONTAINERS:
        return _holds_plain(value, MAX_DEPTH, integers)
    if kind is int:
        return integers and -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER
    return kind in _SCALARS


def _holds_plain(container: Any, depth: int, integers: bool) -> bool:
    if len(container) > _FEW:
        return _holds_many_plain(container, depth, integers)
    items = container
    if type(container) is dict:
        if "__proto__" in container:
            return False
        for key in [*container]:  # a copy, for another thread may add to it meanwhile
            if type(key) is not str:
                return False
        items = [*_values(container)]
    for item in items:
        kind = type(item)
        if kind is str:
            continue
        if kind is int:
            if not integers or not -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER:
                return False
        elif kind in _CONTAINERS:
            if depth == 1 or not _holds_plain(item, depth - 1, integers):
                return False
        elif kind not in _OTHER_SCALARS:
            return False
    return True


def _holds_many_plain(container: Any, depth: int, integers: bool) -> bool:
    items = container
    if type(container) is dict:
        if {*map(type, container)} != _STR_ONLY or "__proto__" in container:
            return False
        items = _values(container)
    kinds = {*map(type, items)}
    if int in kinds and not (integers and _fit(items, kinds)):
        return False
    kinds -= _SCALARS
    if not kinds:
        return True
    return depth > 1 and kinds <= _CONTAINERS and _hold_plain((items,), kinds, depth - 1, integers)


def _hold_plain(parents: Sequence[Iterable[Any]], kinds: set[type], depth: int, integers: bool) -> bool:
    """Whether the containers among the items of `parents`, which are of `kinds`, hold plain values alone."""
    while True:
        if dict in kinds:
            dicts = _distinct([item for parent in parents for item in parent if type(item) is dict])
            keys = _union(*dicts)
            if (keys and {*map(type, keys)} != _STR_ONLY) or "__proto__" in keys:
                return False
            groups: list[Any] = [*map(_values, dicts)]
            if len(kinds) > 1:
                groups += _distinct([item for parent in parents for item in parent if type(item) in _LISTS])
        else:
            groups = _distinct([item for parent in parents for item in parent if type(item) in _LISTS])
        kinds = _union(*[map(type, group) for group in groups])
        if int in kinds and not (integers and _fit([item for group in groups for item in group], kinds)):
            return False
        kinds -= _SCALARS
        if not kinds:
            return True
        if depth == 1 or not kinds <= _CONTAINERS:
            return False
        depth -= 1
        parents = groups


def _distinct(containers: list[Any]) -> list[Any]:
    """Each container once, so that those of a cycle do not multiply from level to level."""
    if len(containers) <= _MANY:
        return containers
    return [*dict(zip(map(id, containers), containers)).values()]


def _fit(items: Iterable[Any], kinds: set[type]) -> bool:
    """Whether all integers among the items are safe. Bit lengths are few, so their set is small and fast."""
    if not kinds <= _INTS:
        items = [item for item in items if type(item) is int]
    return max({*map(_bit_length, items)}) <= _SAFE_BITS
