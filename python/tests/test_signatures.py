"""What READY tells of functions, where Node asks for it."""

from __future__ import annotations

import functools
import inspect
import sys  # noqa: F401 - for a hint
import typing
import unittest
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NewType, Optional, Union

from pypool.expose import Exposed
from pypool.hint_schemas import SchemaWriter
from pypool.signatures import signature_entry

if typing.TYPE_CHECKING:
    from decimal import Decimal


class Point(typing.TypedDict):
    x: int
    y: float


class Tree(typing.TypedDict):
    children: list[Tree]


class Branch(typing.TypedDict):
    left: Branch
    middle: Branch
    right: Branch


IN_ITSELF = "{'type': 'object'}"


@dataclass
class Order:
    item: str


UserId = NewType("UserId", int)


def resize(image: bytes, width: int, *, ratio: float = 1.5, mode: Literal["fit", "fill"] = "fit") -> bytes:
    """Make it smaller.

    Or larger.
    """
    return image


def everything(a, /, b: str | None = None, *rest: int, c: Order = Order("tea"), **others: Any):  # noqa: B008
    pass


def tokens(prompt: str) -> Iterator[str]:
    yield prompt


async def ticks() -> AsyncIterator[int]:
    yield 1


def priced(amount: Decimal) -> Decimal:
    return amount


def told(function: Any) -> dict[str, Any]:
    return signature_entry(Exposed("f", function))


def default_of(value: Any) -> list[Any]:
    """The default that is told of a parameter; nothing where none is."""

    def function(a: Any = value) -> None: ...

    [parameter] = told(function)["parameters"]
    return [parameter["default"]] if "default" in parameter else []


class SignatureEntryTest(unittest.TestCase):
    maxDiff = None

    def test_tells_parameters_defaults_hints_and_the_docstring(self) -> None:
        self.assertEqual(
            told(resize),
            {
                "doc": "Make it smaller.\n\nOr larger.",
                "parameters": [
                    {
                        "name": "image",
                        "kind": "either",
                        "required": True,
                        "hint": "bytes",
                        "schema": {"contentMediaType": "application/octet-stream"},
                    },
                    {
                        "name": "width",
                        "kind": "either",
                        "required": True,
                        "hint": "int",
                        "schema": {"type": "integer"},
                    },
                    {
                        "name": "ratio",
                        "kind": "keyword",
                        "required": False,
                        "hint": "float",
                        "schema": {"type": "number"},
                        "default": 1.5,
                    },
                    {
                        "name": "mode",
                        "kind": "keyword",
                        "required": False,
                        "hint": "Literal['fit', 'fill']",
                        "schema": {"enum": ["fit", "fill"]},
                        "default": "fit",
                    },
                ],
                "returns": {"hint": "bytes", "schema": {"contentMediaType": "application/octet-stream"}},
            },
        )

    def test_tells_how_each_parameter_is_given_and_no_default_that_json_cannot_hold(self) -> None:
        entry = told(everything)
        self.assertEqual(
            [
                (each["name"], each["kind"], each["required"], "default" in each)
                for each in entry["parameters"]
            ],
            [
                ("a", "positional", True, False),
                ("b", "either", False, True),
                ("rest", "rest", False, False),
                ("c", "keyword", False, False),
                ("others", "keywords", False, False),
            ],
        )
        self.assertIsNone(entry["doc"])
        self.assertIsNone(entry["returns"])

    def test_tells_of_a_stream_what_each_item_is(self) -> None:
        self.assertEqual(told(tokens)["returns"], {"hint": "str", "schema": {"type": "string"}})
        self.assertEqual(told(ticks)["returns"], {"hint": "int", "schema": {"type": "integer"}})

    def test_looks_through_partials_and_wrappers(self) -> None:
        @functools.wraps(resize)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return resize(*args, **kwargs)

        self.assertEqual(told(wrapper), told(resize))
        parameters = told(functools.partial(resize, width=3))["parameters"]
        self.assertEqual(parameters[1], {**parameters[1], "kind": "keyword", "default": 3})

    def test_takes_anything_for_a_hint_that_has_no_value(self) -> None:
        [amount] = told(priced)["parameters"]
        self.assertEqual((amount["hint"], amount["schema"]), ("Decimal", {}))

    def test_says_nothing_of_what_does_not_tell(self) -> None:
        class Mute:
            __signature__ = "none"

            def __call__(self) -> None:
                """Say nothing."""

        entry = told(Mute())
        self.assertEqual((entry["parameters"], entry["returns"]), (None, None))

    def test_tells_no_default_that_javascript_could_not_hold(self) -> None:
        for default in (1 << 53, [-(1 << 53)], {"__proto__": 1}):
            with self.subTest(default=default):
                self.assertEqual(default_of(default), [])
        self.assertEqual(default_of((1 << 53) - 1), [(1 << 53) - 1])

    def test_tells_no_default_that_is_long_or_deep(self) -> None:
        deep: list[Any] = []
        for _ in range(150):
            deep = [deep]
        for default in ([0] * 101, [[0] * 50, [0] * 50], {n: 0 for n in map(str, range(101))}, deep):
            with self.subTest(default=default):
                self.assertEqual(default_of(default), [])
        self.assertEqual(default_of([0] * 100), [[0] * 100])

    def test_tells_nothing_of_a_function_whose_hint_leaves(self) -> None:
        def leaves(a: int) -> None: ...

        leaves.__annotations__ = {"a": "sys.exit(3)"}
        self.assertEqual(told(leaves), {"doc": None, "parameters": None, "returns": None})

    def test_tells_what_it_can_of_an_object_that_does_not_let_itself_be_looked_at(self) -> None:
        class Guarded:
            __signature__ = inspect.Signature([inspect.Parameter("a", inspect.Parameter.KEYWORD_ONLY)])

            @property
            def __globals__(self) -> Any:
                raise OSError("not for you")

            def __call__(self, *, a: int) -> None:
                """Do as told."""

        class Wrapped(Guarded):
            @property
            def __wrapped__(self) -> Any:
                return self

        class HasAll(Guarded):
            left = 10_000

            def __getattr__(self, name: str) -> Any:
                HasAll.left -= 1
                if HasAll.left == 0:
                    raise AssertionError("asked for ever")
                return HasAll()

        for function in (Guarded(), Wrapped(), HasAll()):
            with self.subTest(function=type(function)):
                entry = told(function)
                self.assertEqual([each["name"] for each in entry["parameters"]], ["a"])


class SchemaOfTest(unittest.TestCase):
    def test_says_what_json_can_hold(self) -> None:
        text = {"type": "string"}
        for hint, schema in [
            (None, {"type": "null"}),
            (bool, {"type": "boolean"}),
            (list[str], {"type": "array", "items": text}),
            (Sequence[str], {"type": "array", "items": text}),
            (list, {"type": "array"}),
            (list[Any], {"type": "array"}),
            (
                tuple[str, int],
                {
                    "type": "array",
                    "prefixItems": [text, {"type": "integer"}],
                    "minItems": 2,
                    "maxItems": 2,
                },
            ),
            (tuple[str, ...], {"type": "array", "items": text}),
            (dict[str, str], {"type": "object", "additionalProperties": text}),
            (Mapping[str, Any], {"type": "object"}),
            (Optional[str], {"anyOf": [text, {"type": "null"}]}),
            (Union[str, Order], {}),
            (Literal["a", 1], {"enum": ["a", 1]}),
            (Literal[b"a"], {}),
            (UserId, {"type": "integer"}),
            (
                Point,
                {
                    "type": "object",
                    "properties": {"x": {"type": "integer"}, "y": {"type": "number"}},
                    "required": ["x", "y"],
                },
            ),
            (typing.Iterable[str], {}),
            (Order, {}),
            (Any, {}),
            (typing.TypeVar("T"), {}),
            (memoryview, {"contentMediaType": "application/octet-stream"}),
        ]:  # fmt: skip
            with self.subTest(hint=hint):
                self.assertEqual(SchemaWriter().schema_of(hint), schema)

    def test_reads_annotated_as_what_it_annotates(self) -> None:
        self.assertEqual(SchemaWriter().schema_of(typing.Annotated[int, "seconds"]), {"type": "integer"})

    def test_comes_to_an_end_in_a_hint_that_mentions_itself(self) -> None:
        children = {"type": "array", "items": {"type": "object"}}
        self.assertEqual(SchemaWriter().schema_of(Tree)["properties"], {"children": children})
        # Nor does a second mention cost more than the first.
        self.assertEqual(set(map(str, SchemaWriter().schema_of(Branch)["properties"].values())), {IN_ITSELF})

    def test_writes_only_so_many_schemas_for_one_function(self) -> None:
        kind: Any = int
        for level in range(4):
            kind = typing.TypedDict(f"Level{level}", {f"field{n}": kind for n in range(8)})  # type: ignore[misc]
        self.assertLessEqual(str(SchemaWriter().schema_of(kind)).count("'type'"), 200)

    def test_takes_anything_where_javascript_could_not_hold_the_schema(self) -> None:
        named = typing.TypedDict("named", {"__proto__": int})
        self.assertEqual(SchemaWriter().schema_of(named), {"type": "object"})
        self.assertEqual(SchemaWriter().schema_of(Literal[1, 1 << 53]), {})


if __name__ == "__main__":
    unittest.main()
