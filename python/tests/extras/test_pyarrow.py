"""Tables of Arrow, both ways."""

from __future__ import annotations

import unittest

from pypool.errors import InvalidArguments
from pypool.frame import Frame, FrameType
from pypool.value import ValueCodec

from .. import described
from . import WHY_SKIPPED

try:
    import pyarrow
except ImportError:
    pyarrow = None


def encoded(value):
    """The envelope and the buffers that a value is sent as."""
    text, _, buffers = ValueCodec().encode(value)
    return text.decode(), buffers


def received(text, buffers):
    """What Python makes of an envelope with tags."""
    return ValueCodec().decode(Frame(FrameType.RESULT, 1, text, True, buffers))


def round_trip(value):
    """What Python gets back when Node returns a value as it came."""
    text, buffers = encoded(value)
    return received(text, [bytearray(buffer) for buffer in buffers])


@unittest.skipIf(pyarrow is None, WHY_SKIPPED)
class Tables(unittest.TestCase):
    def setUp(self):
        self.table = pyarrow.table({"x": [1.5, -2.0, 3.0], "name": ["a", None, "c"]})

    def test_of_the_vectors_are_read(self):
        found = [
            vector
            for vector in described.load("values.json")["valid"]
            if described.needs_pyarrow(vector.get("python", {}).get("receives"))
        ]
        self.assertTrue(found)
        for vector in found:
            with self.subTest(vector["name"]):
                read = received(vector["text"], [bytearray.fromhex(buffer) for buffer in vector["buffers"]])
                self.assertEqual(read, described.make(vector["python"]["receives"]))

    def test_come_back_as_they_were(self):
        parts = pyarrow.concat_tables([self.table, self.table.slice(1)])
        dictionary = pyarrow.table({"kind": pyarrow.array(["a", "b", "a"]).dictionary_encode()})
        nested = pyarrow.table({"pairs": [[{"a": 1}], [], None]}).replace_schema_metadata({"made": "here"})
        for table in (self.table, parts, self.table.slice(2), self.table[:0], dictionary, nested):
            with self.subTest(table=str(table.schema)):
                back = round_trip(table)
                self.assertEqual(back, table)
                self.assertEqual(back.schema.metadata, table.schema.metadata)

    def test_come_of_record_batches_too(self):
        batch = self.table.to_batches()[0]
        self.assertEqual(round_trip({"rows": [batch]}), {"rows": [self.table]})

    def test_are_one_buffer_each(self):
        text, buffers = encoded({"first": self.table, "more": [self.table]})
        self.assertEqual(text, '{"first":{"$":["arrow",0]},"more":[{"$":["arrow",1]}]}')
        self.assertEqual(bytes(buffers[0]), bytes(buffers[1]))

    def test_show_the_memory_that_was_received(self):
        memory = bytearray(encoded(pyarrow.table({"x": pyarrow.array([7], "i8")}))[1][0])
        table = received('{"$":["arrow",0]}', [memory])
        at = memory.index((7).to_bytes(8, "little"))
        memory[at] = 8
        self.assertEqual(table.to_pydict(), {"x": [8]})

    def test_that_are_none_fail_the_call(self):
        whole = bytes(encoded(self.table)[1][0])
        for data in (b"", b"abc", whole[:100], whole[:-60]):
            says = r"^value\[0\] is no Arrow table"
            with self.subTest(size=len(data)), self.assertRaisesRegex(InvalidArguments, says):
                received('[{"$":["arrow",0]}]', [bytearray(data)])
