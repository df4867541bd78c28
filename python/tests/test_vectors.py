"""The golden vectors, read by this language's side."""

from __future__ import annotations

import unittest

from pypool import frame_channels as channels
from pypool import message_parse
from pypool.errors import FrameTooLarge, InvalidArguments, ProtocolError, Unencodable
from pypool.frame import Frame, FrameLimits, FrameType
from pypool.frame_decoder import FrameDecoder
from pypool.frame_reader import FrameReader
from pypool.frame_writer import write_frame
from pypool.message_shapes import check_message
from pypool.message_version import negotiate
from pypool.value import ValueCodec

from . import described
from .message_shapes import SHAPES
from .sockets import Script, Sink

ACCEPTS = {
    "requests": channels.REQUEST_TYPES,
    "replies": channels.REPLY_TYPES,
    "control-from-node": channels.CONTROL_FROM_NODE,
    "control-from-python": channels.CONTROL_FROM_PYTHON,
}
PLACED = ("index", "segment", "bytes")
ERRORS = {"protocol": ProtocolError, "frame-too-large": FrameTooLarge}

PARSERS = {
    FrameType.WELCOME: message_parse.parse_welcome,
    FrameType.PING: message_parse.parse_ping,
    FrameType.CANCEL: message_parse.parse_cancel,
    FrameType.CREDIT: message_parse.parse_credit,
    FrameType.DUMP: message_parse.parse_dump,
    FrameType.REVOKE: message_parse.parse_revoke,
    FrameType.INPUT: message_parse.parse_input,
    FrameType.INPUT_END: message_parse.parse_input_end,
    FrameType.SHUTDOWN: message_parse.parse_shutdown,
    FrameType.MAP: message_parse.parse_map,
    FrameType.OPENED: message_parse.parse_opened,
    FrameType.RELEASE: message_parse.parse_segments,
    FrameType.UNMAP: message_parse.parse_segments,
}


def parts(frame):
    """A frame as the vectors write it."""
    return {
        "type": frame.type,
        "tagged": frame.tagged,
        "callId": frame.call_id,
        "envelope": frame.envelope,
        "buffers": [bytes(buffer).hex() for buffer in frame.buffers],
        **({"placed": [dict(zip(PLACED, each)) for each in frame.placed]} if frame.placed else {}),
    }


def wire(vector):
    """The frame that carries a vector's envelope."""
    buffers = [bytearray.fromhex(buffer) for buffer in vector["buffers"]]
    return Frame(FrameType.RESULT, 1, vector["text"], vector["tagged"], buffers)


class FrameVectors(unittest.TestCase):
    vectors = described.load("frames.json")
    limits = FrameLimits(vectors["limits"]["maxFrameBytes"], vectors["limits"]["maxBufferBytes"])

    def test_decoder_finds_the_frames(self):
        for vector in self.vectors["valid"]:
            with self.subTest(vector["name"]):
                found = []
                decoder = FrameDecoder(ACCEPTS[vector["channel"]], found.append, self.limits)
                decoder.push(bytes.fromhex(vector["hex"]))
                decoder.end()
                self.assertEqual([parts(frame) for frame in found], vector["frames"])

    def test_decoder_finds_the_frames_whichever_byte_it_is_cut_at(self):
        for vector in self.vectors["valid"]:
            data = bytes.fromhex(vector["hex"])
            step = max(1, len(data) // 300)
            with self.subTest(vector["name"]):
                for cut in range(0, len(data), step):
                    found = []
                    decoder = FrameDecoder(ACCEPTS[vector["channel"]], found.append, self.limits)
                    decoder.push(data[:cut])
                    decoder.push(data[cut:])
                    decoder.end()
                    self.assertEqual([parts(frame) for frame in found], vector["frames"])

    def test_reader_finds_the_frames_in_any_pieces(self):
        for vector in self.vectors["valid"]:
            for size in (1, 7, 100_000):
                with self.subTest(vector["name"], size=size):
                    script = Script(bytes.fromhex(vector["hex"]), size)
                    reader = FrameReader(script, ACCEPTS[vector["channel"]], self.limits)
                    found = [parts(frame) for frame in iter(reader.read, None)]
                    self.assertEqual(found, vector["frames"])

    def test_writer_writes_the_bytes(self):
        for vector in self.vectors["valid"]:
            if not vector["encodes"]:
                continue
            for size in (3, 100_000):
                with self.subTest(vector["name"], size=size):
                    sink = Sink(size)
                    for frame in vector["frames"]:
                        self.write(sink, frame)
                    self.assertEqual(sink.data.hex(), vector["hex"])

    def test_decoder_refuses_what_is_malformed_and_stays_dead(self):
        for vector in self.vectors["malformed"]:
            with self.subTest(vector["name"]):
                decoder = FrameDecoder(ACCEPTS[vector["channel"]], lambda _frame: None, self.limits)
                if vector["at"] == "end":
                    decoder.push(bytes.fromhex(vector["hex"]))
                    self.assertRaises(ERRORS[vector["error"]], decoder.end)
                else:
                    with self.assertRaises(ERRORS[vector["error"]]):
                        decoder.push(bytes.fromhex(vector["hex"]))
                    self.assertRaises(ProtocolError, decoder.push, b"")

    def test_reader_refuses_what_is_malformed(self):
        for vector in self.vectors["malformed"]:
            for size in (1, 100_000):
                with self.subTest(vector["name"], size=size):
                    script = Script(bytes.fromhex(vector["hex"]), size)
                    reader = FrameReader(script, ACCEPTS[vector["channel"]], self.limits)
                    with self.assertRaises(ERRORS[vector["error"]]):
                        while reader.read() is not None:
                            pass

    def test_writer_refuses_what_is_too_large_and_writes_nothing(self):
        for vector in self.vectors["refused"]:
            with self.subTest(vector["name"]):
                sink = Sink()
                with self.assertRaises(ERRORS[vector["error"]]):
                    self.write(sink, vector["frame"])
                self.assertEqual(sink.data, b"")

    def write(self, sink, frame):
        buffers = [bytes.fromhex(buffer) for buffer in frame["buffers"]]
        placed = [tuple(each[key] for key in PLACED) for each in frame.get("placed", ())]
        write_frame(
            sink,
            frame["type"],
            frame["callId"],
            frame["envelope"],
            frame["tagged"],
            buffers,
            self.limits,
            placed,
        )


class FuzzVectors(unittest.TestCase):
    vectors = described.load("fuzz.json")

    def test_inputs_are_read_as_they_were_when_they_were_kept(self):
        codec = ValueCodec(types=described.registry())
        for vector in self.vectors["inputs"]:
            limits = FrameLimits(vector["limits"]["maxFrameBytes"], vector["limits"]["maxBufferBytes"])
            accepts, data = ACCEPTS[vector["channel"]], bytes.fromhex(vector["hex"])
            wanted = [value["python"] for value in vector["values"]]
            for read in (self.decode, self.receive):
                with self.subTest(vector["name"], read=read.__name__):
                    frames, error = read(data, accepts, limits)
                    self.assertEqual((error, len(frames)), (vector["error"], vector["frames"]))
                    self.assertEqual([self.ending(codec, frame) for frame in frames[: len(wanted)]], wanted)

    def decode(self, data, accepts, limits):
        frames = []
        decoder = FrameDecoder(accepts, frames.append, limits)
        try:
            decoder.push(data)
            decoder.end()
        except (ProtocolError, FrameTooLarge) as error:
            return frames, self.code(error)
        return frames, "none"

    def receive(self, data, accepts, limits):
        frames = []
        reader = FrameReader(Script(data, 7), accepts, limits)
        try:
            frames.extend(iter(reader.read, None))
        except (ProtocolError, FrameTooLarge) as error:
            return frames, self.code(error)
        return frames, "none"

    def code(self, error):
        return next(code for code, kind in ERRORS.items() if type(error) is kind)

    def ending(self, codec, frame):
        try:
            codec.decode(frame)
        except ProtocolError:
            return "protocol"
        except InvalidArguments:
            return "impossible"
        return "ok"


class ValueVectors(unittest.TestCase):
    vectors = described.load("values.json")

    def codec(self, vector):
        return ValueCodec(**vector.get("options", {}), types=described.registry())

    def each(self, direction):
        """The vectors that have a direction for Python, with the value that it describes.

        Those of numpy and pyarrow are read in `extras`.
        """
        for vector in self.vectors["valid"]:
            value = vector.get("python", {}).get(direction)
            if described.needs_numpy(value) or described.needs_pyarrow(value):
                continue
            if direction in vector.get("python", {}):
                yield vector, described.make(value)

    def test_values_are_written_exactly(self):
        for vector, value in self.each("sends"):
            with self.subTest(vector["name"]):
                text, tagged, buffers = self.codec(vector).encode(value)
                self.assertEqual(text.decode(), vector["text"])
                self.assertEqual(tagged, vector["tagged"])
                self.assertEqual([bytes(buffer).hex() for buffer in buffers], vector["buffers"])

    def test_values_are_read_exactly(self):
        for vector, value in self.each("receives"):
            with self.subTest(vector["name"]):
                read = self.codec(vector).decode(wire(vector))
                self.assertTrue(described.same(read, value), f"{read!r:.200} is not {value!r:.200}")

    def test_what_cannot_be_encoded_is_named_by_its_path(self):
        for vector in self.vectors["unencodable"]:
            if vector["language"] != "python":
                continue
            with self.subTest(vector["name"]):
                before = [b"kept"]
                with self.assertRaises(Unencodable) as caught:
                    self.codec(vector).encode(described.make(vector["value"]), vector["root"], before)
                self.assertEqual(caught.exception.path, vector["path"])
                self.assertEqual(caught.exception.type_name, vector["type"])
                self.assertEqual(before, [b"kept"])

    def test_what_is_malformed_breaks_the_protocol(self):
        for vector in self.vectors["malformed"]:
            with self.subTest(vector["name"]), self.assertRaises(ProtocolError):
                self.codec(vector).decode(wire(vector))

    def test_what_cannot_exist_here_fails_the_call(self):
        for vector in self.vectors["impossible"]:
            with self.subTest(vector["name"]):
                with self.assertRaises(InvalidArguments) as caught:
                    self.codec(vector).decode(wire(vector), vector["root"])
                self.assertTrue(str(caught.exception).startswith(f"{vector['path']} "), str(caught.exception))


class MessageVectors(unittest.TestCase):
    vectors = described.load("messages.json")

    def test_control_messages_are_read(self):
        for vector in self.vectors["valid"]:
            with self.subTest(vector["name"]):
                self.read(vector)

    def test_malformed_control_messages_break_the_protocol(self):
        for vector in self.vectors["malformed"]:
            with self.subTest(vector["name"]), self.assertRaises(ProtocolError):
                self.read(vector)

    def test_calls_are_read(self):
        codec = ValueCodec()
        for vector in self.vectors["calls"]:
            with self.subTest(vector["name"]):
                name, args, kwargs, meta = message_parse.parse_call(wire(vector), codec)
                wanted = vector["parsed"]
                self.assertEqual(name, wanted["name"])
                self.assertTrue(described.same(args, described.make(wanted["args"])))
                self.assertTrue(described.same(kwargs, described.make(wanted["kwargs"])))
                self.assertEqual(meta, wanted["meta"])

    def test_malformed_calls_break_the_protocol(self):
        codec = ValueCodec()
        for vector in self.vectors["malformedCalls"]:
            with self.subTest(vector["name"]), self.assertRaises(ProtocolError):
                message_parse.parse_call(wire(vector), codec)

    def test_versions_are_agreed(self):
        for vector in self.vectors["negotiation"]:
            ours, theirs = tuple(vector["ours"]), tuple(vector["theirs"])
            with self.subTest(ours=ours, theirs=theirs):
                if vector["version"] is None:
                    self.assertRaises(ProtocolError, negotiate, ours, theirs)
                else:
                    self.assertEqual(negotiate(ours, theirs), vector["version"])

    def read(self, vector):
        frame = Frame(vector["type"], 0, vector["text"])
        if vector["type"] in PARSERS:
            PARSERS[vector["type"]](frame)
        else:
            check_message(vector["name"], ValueCodec().decode(frame), SHAPES[vector["type"]])
