"""Values of numpy, both ways."""

from __future__ import annotations

import math
import unittest

from pypool.errors import InvalidArguments, ProtocolError, Unencodable
from pypool.frame import Frame, FrameType
from pypool.value import ValueCodec

from .. import described
from ..described import same
from . import WHY_SKIPPED

try:
    import numpy
except ImportError:
    numpy = None


def encoded(value, **options):
    """The envelope and the buffers that a value is sent as."""
    text, tagged, buffers = ValueCodec(**options).encode(value)
    return text.decode(), tagged, [bytes(buffer) for buffer in buffers]


def received(text, buffers):
    """What Python makes of an envelope with tags."""
    frame = Frame(FrameType.RESULT, 1, text, True, [bytearray(buffer) for buffer in buffers])
    return ValueCodec().decode(frame)


def round_trip(value):
    """What Python gets back when Node returns a value as it came."""
    text, _, buffers = encoded(value)
    return received(text, buffers)


@unittest.skipIf(numpy is None, WHY_SKIPPED)
class Vectors(unittest.TestCase):
    vectors = described.load("values.json")["valid"]

    def each(self, direction):
        """The vectors of numpy, with the value that Python sends or receives."""
        found = [vector for vector in self.vectors if described.needs_numpy(vector["python"].get(direction))]
        self.assertTrue(found)
        for vector in found:
            with self.subTest(vector["name"]):
                yield vector, described.make(vector["python"][direction])

    def test_are_written_exactly(self):
        for vector, value in self.each("sends"):
            text, tagged, buffers = encoded(value)
            self.assertEqual((text, tagged), (vector["text"], vector["tagged"]))
            self.assertEqual([buffer.hex() for buffer in buffers], vector["buffers"])

    def test_are_read_exactly(self):
        for vector, value in self.each("receives"):
            read = received(vector["text"], [bytes.fromhex(buffer) for buffer in vector["buffers"]])
            self.assertTrue(same(read, value), f"{read!r} is not {value!r}")


@unittest.skipIf(numpy is None, WHY_SKIPPED)
class Arrays(unittest.TestCase):
    def test_of_every_element_type_come_back_as_they_were(self):
        for dtype in "?bhilqBHILQefdFD":
            for shape in ((2, 3), (6,), (1, 6, 1)):
                with self.subTest(dtype=dtype, shape=shape):
                    value = numpy.arange(6).reshape(shape).astype(dtype)
                    self.assertTrue(same(round_trip(value), value))

    def test_without_elements_or_dimensions_keep_their_shape(self):
        for value in (
            numpy.array(1.5),
            numpy.array(True),
            numpy.zeros(0, "i2"),
            numpy.zeros((0, 3)),
            numpy.zeros((3, 0), order="F"),
            numpy.zeros((1,) * 32, "u1"),
        ):
            with self.subTest(value=repr(value)):
                self.assertTrue(same(round_trip(value), value))

    def test_of_any_layout_arrive_in_c_order(self):
        plain = numpy.arange(12, dtype="i4").reshape(3, 4)
        odd = {
            "steps": plain[:, ::2],
            "backwards": plain[::-1, ::-1],
            "transposed": plain.T,
            "Fortran order": numpy.asfortranarray(plain),
            "one row for all": numpy.broadcast_to(plain[0], (3, 4)),
            "unaligned": numpy.frombuffer(b"\0" + plain.tobytes(), "u1")[1:].view("i4"),
        }
        for name, value in odd.items():
            with self.subTest(name):
                wanted = numpy.array(value, order="C")
                self.assertEqual(encoded(value)[2], [wanted.tobytes()])
                self.assertTrue(same(round_trip(value), wanted))

    def test_of_the_other_byte_order_are_turned_round(self):
        for dtype in ("i2", "u8", "f4", "f8", "c8", "c16"):
            for shape in ((2, 2), ()):
                with self.subTest(dtype=dtype, shape=shape):
                    value = numpy.full(shape, 258, f">{dtype}")
                    self.assertTrue(same(round_trip(value), value.astype(f"<{dtype}")))

    def test_of_a_subclass_arrive_as_plain_ones(self):
        class Own(numpy.ndarray):
            pass

        value = numpy.arange(4.0).reshape(2, 2)
        for special in (value.view(Own), numpy.asmatrix(value)):
            with self.subTest(type(special).__name__):
                self.assertTrue(same(round_trip(special), value))

    def test_that_are_contiguous_are_sent_without_a_copy(self):
        value = numpy.arange(4.0)
        buffers = ValueCodec().encode(value)[2]
        self.assertTrue(numpy.shares_memory(numpy.frombuffer(buffers[0]), value))

    def test_that_cannot_be_written_to_are_sent_and_received_ones_can_be(self):
        value = numpy.arange(3)
        value.flags.writeable = False
        copy = round_trip(value)
        copy[0] = 7
        self.assertEqual((copy.tolist(), value.tolist()), ([7, 1, 2], [0, 1, 2]))

    def test_inside_other_values_are_numbered_in_their_order(self):
        first, second = numpy.arange(2, dtype="u1"), numpy.array(1.5)
        text, _, buffers = encoded({"a": [first], "b": b"x", "c": second})
        self.assertEqual(buffers, [b"\0\1", b"x", second.tobytes()])
        back = received(text, buffers)
        self.assertTrue(same(back, {"a": [first], "b": b"x", "c": second}))

    def test_too_large_for_numpy_fail_the_call(self):
        for shape in ([0, 2**53 - 1, 2**53 - 1], [0] * 33):
            with self.subTest(shape=shape), self.assertRaisesRegex(InvalidArguments, "^value"):
                received(f'{{"$":["ndarray",0,"u1",{shape}]}}', [b""])

    def test_with_an_axis_beyond_what_javascript_counts_are_refused_on_either_way(self):
        with self.assertRaisesRegex(Unencodable, r"over 2\*\*53 - 1 items"):
            encoded(numpy.zeros((0, 2**53)))
        with self.assertRaises(ProtocolError):
            received(f'{{"$":["ndarray",0,"u1",[0, {2**53}]]}}', [b""])


@unittest.skipIf(numpy is None, WHY_SKIPPED)
class Scalars(unittest.TestCase):
    def test_are_plain_values(self):
        for value, wanted in (
            (numpy.float32(0.5), 0.5),
            (numpy.float64(-0.0), -0.0),
            (numpy.float64("nan"), math.nan),
            (numpy.float16("inf"), math.inf),
            (numpy.int8(-5), -5),
            (numpy.int64(2**62), 2**62),
            (numpy.uint64(2**64 - 1), 2**64 - 1),
            (numpy.bool_(True), True),
            (numpy.complex64(1 - 2j), 1 - 2j),
            (numpy.str_("a"), "a"),
            (numpy.bytes_(b"a\0b"), b"a\0b"),
        ):
            with self.subTest(value=repr(value)):
                self.assertTrue(same(round_trip([value]), [wanted]))

    def test_are_keys_like_the_plain_ones(self):
        value = {numpy.int64(5): 1, numpy.float64(1.5): 2}
        self.assertTrue(same(round_trip(value), {5: 1, 1.5: 2}))
        self.assertEqual(encoded({numpy.str_("k"): 1})[0], '{"k":1}')

    def test_follow_the_options_for_integers(self):
        self.assertEqual(encoded(numpy.int8(5), integers="bigint")[0], '{"$":["int","5"]}')
        with self.assertRaisesRegex(Unencodable, r"^result is an integer beyond"):
            encoded(numpy.int64(2**62), integers="error")


@unittest.skipIf(numpy is None, WHY_SKIPPED)
class Refused(unittest.TestCase):
    def values(self):
        """What the wire has no form for, with what its error says."""
        pair = numpy.dtype([("a", "i4"), ("b", "f4")])  # 8 bytes, as an i8 has
        return (
            (numpy.array([object()]), "is a numpy array of dtype object"),
            (numpy.array(["a"]), "is a numpy array of dtype <U1"),
            (numpy.array([b"a"]), r"is a numpy array of dtype \|S1"),
            (numpy.array(["2026-01-01"], "M8[D]"), "is a numpy array of dtype datetime64"),
            (numpy.array([1], "m8[s]"), "is a numpy array of dtype timedelta64"),
            (numpy.array([1], "g"), "is a numpy array of dtype float128"),
            (numpy.zeros(1, pair), r"is a numpy array of dtype \[\('a'"),
            (numpy.zeros(1, pair).view(numpy.recarray), "is a numpy array of dtype .*numpy.record"),
            (numpy.ma.masked_array([1, 2], mask=[True, False]), "is a masked array"),
            (numpy.zeros(1, pair)[0], r"is a numpy scalar of dtype \[\('a'"),
            (numpy.datetime64("2026-01-01", "ns"), "is a numpy scalar of dtype datetime64"),
            (numpy.timedelta64(1, "ns"), "is a numpy scalar of dtype timedelta64"),
            (numpy.longdouble(1), "is a numpy scalar of dtype float128"),
        )

    def test_values_are_named_by_their_path(self):
        for value, says in self.values():
            with self.subTest(value=repr(value)):
                if "float128" in says and numpy.longdouble(1).dtype.itemsize == 8:
                    continue  # where a long double is a double, it is sent
                with self.assertRaisesRegex(Unencodable, rf"^result\.rows\[1\] {says}") as caught:
                    encoded({"rows": [0, value]})
                self.assertEqual(caught.exception.path, "result.rows[1]")

    def test_values_become_markers_where_those_are_asked_for(self):
        for value, _ in self.values()[-4:-2]:
            text, _, buffers = encoded([value], unencodable="marker")
            self.assertEqual((text[:23], buffers), ('[{"$":["unencodable","n', []))
