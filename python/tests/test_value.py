"""The value codec beyond the golden vectors."""

from __future__ import annotations

import dataclasses
import decimal
import enum
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import types
import unittest
import uuid
from datetime import date, datetime, time, timedelta, timezone
from unittest import mock

from pypool.errors import InvalidArguments, ProtocolError, Unencodable
from pypool.frame import Frame, FrameType
from pypool.plain import is_plain
from pypool.value import ValueCodec
from pypool.value_types import TypeRegistry

from .described import registry, same

SEED = int(os.environ.get("PYPOOL_TEST_SEED", "20261123"))


def round_trip(value, codec=None):
    """What Python gets back when Node returns a value as it came."""
    codec = codec or ValueCodec()
    text, tagged, buffers = codec.encode(value)
    return codec.decode(
        Frame(FrameType.RESULT, 1, text.decode(), tagged, [bytearray(buffer) for buffer in buffers])
    )


class RoundTrips(unittest.TestCase):
    def test_random_values_come_back_as_they_were(self):
        print(f"PYPOOL_TEST_SEED={SEED}")
        rng = random.Random(SEED)
        for _ in range(2000):
            value = self.value(rng, rng.randint(0, 4))
            with self.subTest(value=repr(value)[:300]):
                self.assertTrue(same(round_trip(value), value))

    def test_random_plain_values_are_what_the_stock_encoder_writes(self):
        rng = random.Random(SEED)
        for _ in range(1000):
            value = self.value(rng, rng.randint(0, 4), plain=True)
            with self.subTest(value=repr(value)[:300]):
                text, tagged, buffers = ValueCodec().encode(value)
                self.assertEqual((json.loads(text), tagged, buffers), (value, False, []))

    def value(self, rng, depth, plain=False):
        kinds = ["none", "bool", "int", "float", "str"]
        if depth:
            kinds += ["list", "dict"] * 3
        if not plain:
            kinds += [
                "large",
                "odd float",
                "bytes",
                "datetime",
                "date",
                "time",
                "delta",
                "decimal",
                "uuid",
                "complex",
            ]
            if depth:
                kinds += ["map", "set", "dollar", "proto"]
        kind = rng.choice(kinds)
        if kind in ("list", "dict", "map", "dollar", "proto"):
            items = [self.value(rng, depth - 1, plain) for _ in range(rng.choice([0, 1, 2, 3, 20]))]
            if kind == "list":
                return items
            if kind == "dict":
                return {f"k{index}": item for index, item in enumerate(items)}
            if kind == "map":
                return {1: None, **{index: item for index, item in enumerate(items)}}
            return {"$" if kind == "dollar" else "__proto__": items}
        return {
            "none": lambda: None,
            "bool": lambda: rng.random() < 0.5,
            "int": lambda: rng.randint(-(2**53) + 1, 2**53 - 1),
            "float": lambda: rng.uniform(-1e9, 1e9),
            "str": lambda: "".join(
                chr(rng.choice([65, 0, 34, 92, 233, 0x4E16, 0x1F40D, 0xDFFF])) for _ in range(3)
            ),
            "large": lambda: rng.choice([-1, 1]) * rng.getrandbits(rng.randint(54, 400)) or 2**60,
            "odd float": lambda: rng.choice([math.nan, math.inf, -math.inf, -0.0]),
            "bytes": lambda: rng.getrandbits(64).to_bytes(8, "big")[: rng.randint(0, 8)],
            "datetime": lambda: datetime.fromtimestamp(
                rng.randint(0, 2**31), timezone(timedelta(minutes=rng.randint(-700, 700)))
            ),
            "date": lambda: date.fromordinal(rng.randint(1, 3_000_000)),
            "time": lambda: time(
                rng.randrange(24), rng.randrange(60), rng.randrange(60), rng.randrange(10**6)
            ),
            "delta": lambda: timedelta(microseconds=rng.randint(-(10**17), 10**17)),
            "decimal": lambda: decimal.Decimal(rng.randint(-(10**30), 10**30)).scaleb(rng.randint(-40, 40)),
            "uuid": lambda: uuid.UUID(int=rng.getrandbits(128)),
            "complex": lambda: complex(rng.uniform(-9, 9), rng.choice([0.0, -0.0, 1e-20])),
            "set": lambda: {f"a{rng.random()}"},
        }[kind]()

    def test_mutated_envelopes_are_values_or_typed_errors(self):
        rng = random.Random(SEED)
        value = [
            {1: {2}},
            2**60,
            math.nan,
            {"$": [b"abc"]},
            decimal.Decimal("1.1"),
            memoryview(b"12345678").cast("d"),
        ]
        codec = ValueCodec()
        text, tagged, buffers = codec.encode(value)
        for _ in range(3000):
            data = list(text.decode())
            for _ in range(rng.randint(1, 3)):
                data[rng.randrange(len(data))] = rng.choice('[]{}",:$0129.-eab\\ ')
            with self.subTest(text="".join(data)):
                try:
                    codec.decode(
                        Frame(FrameType.RESULT, 1, "".join(data), tagged, [bytearray(b) for b in buffers])
                    )
                except (ProtocolError, InvalidArguments):
                    pass


class Plainness(unittest.TestCase):
    def test_tables_are_checked_level_by_level(self):
        rows = [{"id": index, "tags": ["a", index], "at": {"x": 0.5}} for index in range(100)]
        self.assertTrue(is_plain(rows))
        for odd in (b"", {1: 2}, {"__proto__": 1}, 2**53, [2**53], {"a": {1}}, object()):
            with self.subTest(odd=odd):
                self.assertFalse(is_plain([*rows, odd]))
                self.assertFalse(is_plain([*rows, {"id": odd}]))
                self.assertFalse(is_plain([*rows, {"at": {"x": [odd]}}]))
        self.assertFalse(is_plain(rows, integers=False))

    def test_a_wide_cycle_ends(self):
        cycle = []
        cycle.extend([cycle] * 5000)
        self.assertFalse(is_plain(cycle))
        with self.assertRaises(Unencodable):
            ValueCodec().encode(cycle)

    def test_a_wide_cycle_ends_where_markers_are_asked_for(self):
        cycle = []
        cycle.extend([cycle] * 3)
        text, _tagged, _buffers = ValueCodec(unencodable="marker").encode(cycle)
        self.assertEqual(
            text.decode(), json.dumps([{"$": ["unencodable", "builtins.list"]}] * 3).replace(" ", "")
        )

    def test_the_depth_counts_the_same_for_narrow_and_wide_values(self):
        for width in (1, 20):
            with self.subTest(width=width):
                value = []
                for _ in range(255):
                    value = [value, *[0] * (width - 1)]
                ValueCodec().encode(value)
                with self.assertRaises(Unencodable):
                    ValueCodec().encode([value])

    def test_deep_values_are_encoded_and_decoded_on_a_deep_stack(self):
        value = []
        for _ in range(255):
            value = {1: value}

        plain = []
        for _ in range(255):
            plain = [plain]

        def deeper(count, given):
            return deeper(count - 1, given) if count else round_trip(given)

        for given, key in ((value, 1), (plain, 0)):
            found = deeper(sys.getrecursionlimit() * 8 // 10, given)
            depth = 0
            while found:
                found = found[key]
                depth += 1
            self.assertEqual(depth, 255)

    def test_json_nested_beyond_all_bounds_breaks_the_protocol_or_is_read(self):
        text = "[" * 200_000 + "]" * 200_000
        with self.assertRaises(ProtocolError):
            ValueCodec().decode(Frame(FrameType.RESULT, 1, text))

    def test_tags_nested_beyond_all_bounds_need_no_stack(self):
        for opening, closing in (
            ('{"$":["map",[[1,', "]]]}"),
            ('{"$":["type","point",{"y":0,"x":', "}]}"),
            ('{"$":["set",[', "]]}"),
        ):
            with self.subTest(opening):
                text = opening * 1000 + "1" + closing * 1000
                try:
                    ValueCodec(types=registry()).decode(Frame(FrameType.RESULT, 1, text, True))
                except (ProtocolError, InvalidArguments):
                    pass

    def test_the_recursion_limit_is_as_it_was(self):
        before = sys.getrecursionlimit()
        self.test_json_nested_beyond_all_bounds_breaks_the_protocol_or_is_read()
        self.assertEqual(sys.getrecursionlimit(), before)


class Items(unittest.TestCase):
    def test_items_are_one_array(self):
        codec = ValueCodec()
        self.assertEqual(codec.encode_items((1, "a")), (b'[1,"a"]', False, []))
        self.assertEqual(
            codec.encode_items([b"a", math.nan]),
            (b'[{"$":["bytes",0]},{"$":["float","nan"]}]', True, [b"a"]),
        )

    def test_an_item_is_named_by_its_place_in_the_stream(self):
        with self.assertRaises(Unencodable) as caught:
            ValueCodec().encode_items([1, {"owner": object()}], first=17)
        self.assertEqual(caught.exception.path, "items[18].owner")

    def test_an_item_may_be_as_deep_as_a_value(self):
        value = []
        for _ in range(255):
            value = [value]
        self.assertEqual(len(ValueCodec().encode_items([value])[0]), 2 + 512)
        with self.assertRaises(Unencodable):
            ValueCodec().encode_items([[value]])


class Registration(unittest.TestCase):
    class Money:
        def __init__(self, cents):
            self.cents = cents

    def test_a_subclass_goes_as_its_base(self):
        types_ = TypeRegistry()
        types_.register("money", self.Money, lambda money: money.cents, self.Money)
        coin = type("Coin", (self.Money,), {})(5)
        text, tagged, _ = ValueCodec(types=types_).encode([coin])
        self.assertEqual((text, tagged), (b'[{"$":["type","money",5]}]', True))

    def test_a_type_registered_later_is_known(self):
        types_ = TypeRegistry()
        codec = ValueCodec(types=types_)
        with self.assertRaises(Unencodable):
            codec.encode(self.Money(5))
        types_.register("money", self.Money, lambda money: money.cents, self.Money)
        self.assertEqual(round_trip(self.Money(5), codec).cents, 5)

    def test_a_registered_dataclass_goes_as_registered(self):
        types_ = TypeRegistry()
        cls = dataclasses.make_dataclass("Pair", ["a"])
        types_.register("pair", cls, lambda pair: [pair.a], lambda said: cls(*said))
        self.assertEqual(round_trip(cls(1), ValueCodec(types=types_)), cls(1))

    def test_a_type_whose_encoding_holds_itself_is_a_cycle(self):
        types_ = TypeRegistry()
        types_.register("money", self.Money, lambda money: [money], self.Money)
        with self.assertRaises(Unencodable):
            ValueCodec(types=types_).encode(self.Money(5))

    def test_names_and_classes_are_checked(self):
        types_ = registry()
        for cls in (5, int, dict, type(None)):
            with self.subTest(cls=cls), self.assertRaises(TypeError):
                types_.register("x", cls, str, str)
        with self.assertRaises(ValueError):
            types_.register("point", self.Money, str, str)

    def test_a_reloaded_module_may_register_its_class_again(self):
        types_ = TypeRegistry()
        for _ in range(2):
            cls = type("Reloaded", (), {})
            types_.register("reloaded", cls, lambda _: 1, lambda _, cls=cls: cls())
        self.assertEqual(ValueCodec(types=types_).encode(cls())[0], b'{"$":["type","reloaded",1]}')

    def test_what_an_encoder_raises_is_the_users(self):
        types_ = TypeRegistry()
        types_.register("money", self.Money, lambda _: 1 / 0, self.Money)
        buffers = []
        with self.assertRaises(ZeroDivisionError):
            ValueCodec(types=types_).encode([b"abc", self.Money(5)], buffers=buffers)
        self.assertEqual(buffers, [])


class Forms(unittest.TestCase):
    def encode(self, value, **options):
        return ValueCodec(**options).encode(value)[0].decode()

    def test_buffers_are_numbered_on_from_those_before(self):
        text, tagged, buffers = ValueCodec().encode([b"b", b"c"], buffers=[b"a"])
        self.assertEqual(text, b'[{"$":["bytes",1]},{"$":["bytes",2]}]')
        self.assertEqual((tagged, buffers), (True, [b"a", b"b", b"c"]))

    def test_buffers_are_not_copied(self):
        data = bytearray(b"abc")
        self.assertIs(ValueCodec().encode({"data": data})[2][0], data)

    def test_enums_are_their_values(self):
        class Color(enum.Enum):
            RED = "red"

        class Level(enum.IntEnum):
            HIGH = 3

        self.assertEqual(self.encode([Color.RED, Level.HIGH]), '["red",3]')
        self.assertEqual(self.encode(Level.HIGH, integers="bigint"), '{"$":["int","3"]}')

    def test_pydantic_models_are_their_dump(self):
        pydantic = types.ModuleType("pydantic")
        pydantic.BaseModel = type("BaseModel", (), {"model_dump": lambda self: {"at": self.at}})
        with mock.patch.dict(sys.modules, pydantic=pydantic):
            model = type("Model", (pydantic.BaseModel,), {"at": [1, b"x"]})()
            self.assertEqual(self.encode(model), '{"at":[1,{"$":["bytes",0]}]}')

    def test_a_dataclass_without_a_value_is_unencodable(self):
        cls = dataclasses.make_dataclass("Late", [("x", int, dataclasses.field(init=False))])
        with self.assertRaises(Unencodable):
            self.encode(cls())

    def test_a_dataclass_itself_is_unencodable(self):
        with self.assertRaises(Unencodable):
            self.encode(dataclasses.make_dataclass("Made", ["x"]))

    def test_messages_hold_numbers_whatever_integers_are(self):
        codec = ValueCodec(integers="bigint")
        self.assertEqual(codec.encode_message({"n": 1})[0], b'{"n":1}')
        self.assertEqual(codec.encode({"n": 1})[0], b'{"n":{"$":["int","1"]}}')

    def test_a_list_of_text_with_one_odd_thing_keeps_the_order(self):
        value = ["a"] * 50 + [math.nan] + ["b"] * 50
        self.assertTrue(same(round_trip(value), value))

    def test_a_set_of_unhashables_is_named_as_python_names_it(self):
        frame = Frame(FrameType.CALL, 1, '[{"$":["set",[{}]]}]', True)
        with self.assertRaisesRegex(InvalidArguments, r"^args\[0\]\[0\] is a dict"):
            ValueCodec().decode(frame, "args")

    def test_an_ndarray_without_numpy_says_so(self):
        frame = Frame(FrameType.CALL, 1, '[{"$":["ndarray",0,"f8",[1]]}]', True, [bytearray(8)])
        with mock.patch.dict(sys.modules, numpy=None), self.assertRaisesRegex(InvalidArguments, "no numpy"):
            ValueCodec().decode(frame, "args")

    def test_an_arrow_table_without_pyarrow_says_what_to_install(self):
        frame = Frame(FrameType.CALL, 1, '[{"$":["arrow",0]}]', True, [bytearray(8)])
        says = r"^args\[0\] is an Arrow table, and this Python has no pyarrow: install the package pyarrow$"
        with mock.patch.dict(sys.modules, pyarrow=None), self.assertRaisesRegex(InvalidArguments, says):
            ValueCodec().decode(frame, "args")

    def test_a_numpy_that_cannot_be_imported_fails_the_call_alone(self):
        frame = Frame(FrameType.CALL, 1, '[{"$":["ndarray",0,"f8",[1]]}]', True, [bytearray(8)])
        modules = {name: module for name, module in sys.modules.items() if name.split(".")[0] != "numpy"}
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "numpy.py"), "w", encoding="utf-8") as file:
                file.write("raise ValueError('is no library')")
            says = r"^args\[0\] .* numpy failed: is no library"
            hidden = mock.patch.dict(sys.modules, modules, clear=True)
            found = mock.patch.object(sys, "path", [folder, *sys.path])
            with hidden, found, self.assertRaisesRegex(InvalidArguments, says):
                ValueCodec().decode(frame, "args")

    def test_typed_arrays_can_be_written_to(self):
        view = round_trip(memoryview(bytearray(16)).cast("d"))
        view[0] = 1.5
        self.assertEqual(view.tolist(), [1.5, 0.0])


class StartUp(unittest.TestCase):
    def test_encoding_plain_values_imports_nothing_that_costs_time(self):
        program = (
            "import sys; before = set(sys.modules)\n"
            "from pypool import errors, frame_reader, frame_writer, message_parse, messages, value\n"
            "value.ValueCodec().encode([1, {'a': 'b'}])\n"
            "costly = {'datetime', 'decimal', 'uuid', 'dataclasses', 'inspect', 'traceback', 'asyncio'}\n"
            "costly |= {'socket', 'typing', 'numpy', 'pyarrow'}\n"
            "print(sorted(costly & (set(sys.modules) - before)))\n"
        )
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        shown = subprocess.run(
            [sys.executable, "-S", "-c", program], cwd=root, stdout=subprocess.PIPE, check=True, timeout=60
        )
        self.assertEqual(shown.stdout.decode().strip(), "[]")
