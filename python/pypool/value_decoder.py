"""Tagged values: what each ``{"$": [tag, ...]}`` stands for (SPEC.md section 5).

Two passes without recursion. The first goes from the outside in, since the ``object`` tag makes what is
directly inside it literal, and notes each tagged value. The second makes the values in reverse, so that
whatever is inside one is made before it.
"""

from __future__ import annotations

from .errors import InvalidArguments, ProtocolError
from .value_maker import Impossible, Maker
from .value_makers import ITEMS, NONE, PAIRS, TAGS, VALUE
from .value_path import entry_step, field_step, key_step, path_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from .frame import Buffer
    from .value_types import TypeRegistry

    Step = str | int
    Place = tuple["Place", tuple[Callable[[Any], str] | None, Any]] | None  # the way back to the root

__all__ = ["untag"]

_CONTAINERS = frozenset({dict, list})


def untag(value: Any, buffers: Sequence[Buffer], types: TypeRegistry, root: str) -> Any:
    """Put what they stand for in the place of the tagged values of parsed JSON, which is changed.

    Args:
        value: Parsed JSON.
        buffers: Of the frame.
        types: The registered types.
        root: What the value is called in the path of an error.

    Raises:
        ProtocolError: A tag is malformed.
        InvalidArguments: A value is well-formed, but cannot exist in this process.
    """
    holder = [value]
    maker = Maker(buffers, types)
    found = reversed(_find_tags(holder))
    for parent, key, tag, place in found:
        try:
            parent[key] = TAGS[tag[0]].make(maker, *tag)
        except Impossible as impossible:
            _check_rest(found, maker)
            path = path_of(root, [*_steps_to(place), *impossible.steps])
            raise InvalidArguments(f"{path} {impossible.reason}") from impossible.__cause__
    return holder[0]


def _check_rest(tags: Iterable[tuple[Any, Any, list[Any], Place]], maker: Maker) -> None:
    """Look for malformed tags after a value that cannot exist: those are worse, wherever they are.

    Raises:
        ProtocolError: There is one. What holds other values was checked when it was found.
    """
    for _, _, tag, _ in tags:
        form = TAGS[tag[0]]
        if form.inner == NONE:
            try:
                form.make(maker, *tag)
            except Impossible:
                pass


def _find_tags(holder: list[Any]) -> list[tuple[Any, Any, list[Any], Place]]:
    """All tagged values, each before those inside it.

    Of each: what holds it, under which key, the tag and its parts, and where it is.
    """
    found: list[tuple[Any, Any, list[Any], Place]] = []
    pending: list[tuple[Any, Any, Any, Place]] = []
    if type(holder[0]) in _CONTAINERS:
        pending.append((holder, 0, holder[0], None))
    while pending:
        parent, key, value, place = pending.pop()
        if type(value) is dict and len(value) == 1 and "$" in value:
            tag = _check_tag(value["$"])
            found.append((parent, key, tag, place))
            inner = TAGS[tag[0]].inner
            if inner == ITEMS:
                _add_children(pending, tag[1], place)
            elif inner == PAIRS:
                _add_pairs(pending, tag[1], place)
            elif inner == VALUE and type(tag[2]) in _CONTAINERS:
                pending.append((tag, 2, tag[2], place))
        else:
            _add_children(pending, value, place)
    return found


def _add_children(pending: list[tuple[Any, Any, Any, Place]], container: Any, place: Place) -> None:
    if type(container) is dict:
        for key, child in container.items():
            if type(child) in _CONTAINERS:
                pending.append((container, key, child, (place, (field_step, key))))
    elif not _CONTAINERS.isdisjoint({*map(type, container)}):  # long lists of numbers are passed over
        for index, child in enumerate(container):
            if type(child) in _CONTAINERS:
                pending.append((container, index, child, (place, (None, index))))


def _add_pairs(pending: list[tuple[Any, Any, Any, Place]], pairs: list[list[Any]], place: Place) -> None:
    for index, pair in enumerate(pairs):
        if type(pair[0]) in _CONTAINERS:
            pending.append((pair, 0, pair[0], (place, (key_step, index))))
        if type(pair[1]) in _CONTAINERS:
            pending.append((pair, 1, pair[1], (place, (entry_step, pair[0]))))


def _check_tag(tag: Any) -> list[Any]:
    if type(tag) is not list or not tag or type(tag[0]) is not str:
        raise ProtocolError("a tagged value is no list that begins with a tag")
    form = TAGS.get(tag[0])
    if form is None:
        raise ProtocolError(f"no value has the tag {tag[0][:40]!r}")
    if len(tag) - 1 != len(form.parts) or not all(map(isinstance, tag[1:], form.parts)):
        raise ProtocolError(f"the tag {tag[0]!r} has other parts than it must")
    if tag[0] == "map" and not all(type(pair) is list and len(pair) == 2 for pair in tag[1]):
        raise ProtocolError("the tag 'map' holds something else than pairs")
    return tag


def _steps_to(place: Place) -> list[Step]:
    steps: list[Step] = []
    while place is not None:
        place, (make, key) = place
        steps.append(key if make is None else make(key))
    return steps[::-1]
