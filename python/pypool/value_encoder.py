"""Values that are not plain: copies of them, in which all that JSON lacks is a tag (SPEC.md section 5)."""

from __future__ import annotations

import sys
from math import isfinite

from .errors import Unencodable
from .plain import MAX_DEPTH, is_plain
from .plain_json import with_deeper_stack, write_json
from .value_forms import BASE_FORMS, EXACT_FORMS, registered_form
from .value_library_forms import LIBRARY_FORMS, dataclass_form
from .value_path import entry_step, field_step, key_step, path_of, type_name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from .frame import Buffer
    from .value import Encoded, ValueCodec
    from .value_forms import Form

    Step = str | int

__all__ = ["ValueEncoder", "Walk"]

_MAX_CACHED_TYPES = 1024
_SCALARS = frozenset({type(None), bool, str, int, float})


class ValueEncoder:
    """Encodes what is not plain. Remembers how each type is said.

    Args:
        codec: Says which integers, markers and registered types to use.
    """

    __slots__ = ("_codec", "_forms", "_generation")

    def __init__(self, codec: ValueCodec) -> None:
        self._codec = codec
        self._generation = -1
        self._forms: dict[type, Form] = {}

    def encode(self, value: Any, root: str, buffers: list[Buffer]) -> Encoded:
        """As :meth:`pypool.value.ValueCodec.encode`; also right for plain values, only slower."""
        return self._run(Walk.encode, value, root, buffers)

    def encode_items(self, items: Sequence[Any], first: int) -> Encoded:
        """As :meth:`pypool.value.ValueCodec.encode_items`."""

        def encode_each(walk: Walk, items: Sequence[Any]) -> list[Any]:
            copies: list[Any] = []
            try:
                for item in items:
                    copies.append(walk.encode(item))
            except _Refused as refused:
                refused.steps.append(first + len(copies))
                raise
            return copies

        return self._run(encode_each, items, "items", [])

    def _run(self, work: Callable[[Walk, Any], Any], value: Any, root: str, buffers: list[Buffer]) -> Encoded:
        before = len(buffers)
        options = (self, buffers, self._codec.integers, self._codec.unencodable == "marker")
        walk = Walk(*options)
        try:
            try:
                copy = work(walk, value)
            except RecursionError:  # the thread's stack was deep before
                del buffers[before:]
                walk = Walk(*options)  # the first may not have got to the end of what it was leaving
                copy = with_deeper_stack(work, walk, value)
            return write_json(copy), walk.tagged, buffers
        except _Refused as refused:
            del buffers[before:]
            path = path_of(root, reversed(refused.steps))
            raise Unencodable(path, type_name_of(refused.type), refused.reason) from None
        except BaseException:
            del buffers[before:]
            raise

    def form_of(self, cls: type) -> Form | None:
        """How values of a type are said; ``None`` where they are not."""
        types = self._codec.types
        if self._generation != types.generation or len(self._forms) > _MAX_CACHED_TYPES:
            self._forms = dict(EXACT_FORMS)
            self._generation = types.generation
        form = self._forms.get(cls)
        if form is None:
            form = self._find_form(cls)
            if form is not None:
                self._forms[cls] = form
        return form

    def _find_form(self, cls: type) -> Form | None:
        line = cls.__mro__
        registered = self._codec.types.by_class
        for base in line:
            if base in registered:
                return registered_form(registered[base].name, registered[base].encode)
        for module, name, form in LIBRARY_FORMS:
            # Never imported for this: without the module there are no such values.
            owner = sys.modules.get(module)
            known = getattr(owner, name, None)
            if known is not None and known in line:
                return form
        if any("__dataclass_fields__" in base.__dict__ for base in line):
            return dataclass_form(cls)
        for base in line:
            if base in BASE_FORMS:
                return BASE_FORMS[base]
        return None


class _Refused(Exception):
    """Gathers the way from the refused value out to the root while it passes upwards."""

    def __init__(self, cls: type, reason: str) -> None:
        self.type = cls
        self.reason = reason
        self.steps: list[Step] = []


class Walk:
    """One encoding of one value: what forms say values with.

    Attributes:
        buffers: Out-of-band buffers so far.
        integers: What becomes of integers beyond 2^53 - 1.
        marker: Whether a marker stands for what is refused, rather than an error.
        tagged: Whether a tag was made.
    """

    __slots__ = ("_active", "_form_of", "buffers", "integers", "marker", "tagged")

    def __init__(self, encoder: ValueEncoder, buffers: list[Buffer], integers: str, marker: bool) -> None:
        self._form_of = encoder.form_of
        self._active: set[int] = set()
        self.buffers = buffers
        self.integers = integers
        self.marker = marker
        self.tagged = False

    def encode(self, value: Any) -> Any:
        """Whatever stands for a value in JSON."""
        return (self._form_of(type(value)) or _refuse)(self, value)

    def tag(self, *parts: Any) -> dict[str, Any]:
        """A tagged value: the tag, and the parts that it has in SPEC.md section 5."""
        self.tagged = True
        return {"$": parts}

    def refuse(self, value: Any, reason: str = "") -> Any:
        """Say that a value cannot be encoded. `reason` goes on from the path: "is a naive datetime"."""
        if self.marker:
            return self.tag("unencodable", type_name_of(type(value)))
        raise _Refused(type(value), reason)

    def attach(self, data: Buffer) -> int:
        """Send contiguous bytes as they are. Returns the index by which a tag names them."""
        self.buffers.append(data)
        return len(self.buffers) - 1

    def enter(self, container: Any) -> str:
        """Begin a container. Returns why it cannot be begun, or nothing; then `leave` must follow."""
        if id(container) in self._active:
            return "refers back to a value that holds it"
        if len(self._active) >= MAX_DEPTH:
            return f"is nested more than {MAX_DEPTH} levels deep"
        self._active.add(id(container))
        return ""

    def leave(self, container: Any) -> None:
        """End a container that was begun."""
        self._active.discard(id(container))

    def encode_items(self, container: Any, tag: str = "") -> Any:
        """A list of the items, under a tag where there is one."""
        refusal = self.enter(container)
        if refusal:
            return self.refuse(container, refusal)
        copy: Any = container
        try:
            if tag or not _is_flat(container, self.integers != "bigint"):
                form_of = self._form_of
                copy = []
                for item in container:
                    copy.append((form_of(type(item)) or _refuse)(self, item))
        except _Refused as refused:
            refused.steps.append(len(copy))
            raise
        finally:
            self.leave(container)
        return self.tag(tag, copy) if tag else copy

    def encode_fields(self, container: Any, fields: Iterable[tuple[str, Any]]) -> Any:
        """An object. `container` is whose fields they are."""
        refusal = self.enter(container)
        if refusal:
            return self.refuse(container, refusal)
        copy: dict[str, Any] = {}
        key = ""
        try:
            form_of = self._form_of
            for key, item in fields:
                copy[key] = (form_of(type(item)) or _refuse)(self, item)
        except _Refused as refused:
            refused.steps.append(field_step(key))
            raise
        finally:
            self.leave(container)
        return self.tag("object", copy) if len(copy) == 1 and "$" in copy else copy

    def encode_pairs(self, container: dict[Any, Any]) -> Any:
        """A map: of keys that no object has."""
        refusal = self.enter(container)
        if refusal:
            return self.refuse(container, refusal)
        pairs: list[list[Any]] = []
        pair: list[Any] = []
        key: Any = None
        try:
            form_of = self._form_of
            for key, item in container.items():
                pair = []
                pair.append((form_of(type(key)) or _refuse)(self, key))
                pair.append((form_of(type(item)) or _refuse)(self, item))
                pairs.append(pair)
        except _Refused as refused:
            refused.steps.append(entry_step(key) if pair else key_step(len(pairs)))
            raise
        finally:
            self.leave(container)
        return self.tag("map", pairs)


def _is_flat(items: Any, integers: bool) -> bool:
    """Whether items are scalars that JSON holds: most of a value that holds one odd thing needs no copy."""
    kinds = {*map(type, items)}
    if not kinds <= _SCALARS or not is_plain(items, integers):
        return False
    if float not in kinds:
        return True
    return all(map(isfinite, items if kinds == {float} else [item for item in items if type(item) is float]))


def _refuse(walk: Walk, value: Any) -> Any:
    return walk.refuse(value)
