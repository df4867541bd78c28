"""What READY tells of functions, where Node asks for it."""

from __future__ import annotations

import functools
import typing
import unittest
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NewType, Optional, Union

from pypool.expose import Exposed
from pypool.hint_schemas import schema_of
from pypool.signatures import signature_entry

if typing.TYPE_CHECKING:
    from decimal import Decimal


class Point(typing.TypedDict):
    x: int
    y: float


class Tree(typing.TypedDict):
    children: list[Tree]


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
                self.assertEqual(schema_of(hint), schema)

    def test_reads_annotated_as_what_it_annotates(self) -> None:
        self.assertEqual(schema_of(typing.Annotated[int, "seconds"]), {"type": "integer"})

    def test_comes_to_an_end_in_a_hint_that_mentions_itself(self) -> None:
        self.assertIn("children", schema_of(Tree)["properties"])


if __name__ == "__main__":
    unittest.main()
