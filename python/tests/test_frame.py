"""Frames beyond the golden vectors: every split point, mutated bytes, memory, sockets."""

from __future__ import annotations

import os
import random
import socket
import threading
import tracemalloc
import unittest

from pypool.errors import FrameTooLarge, ProtocolError
from pypool.frame import Frame, FrameLimits, FrameType
from pypool.frame_channels import (
    CALL_TYPES,
    CONTROL_FROM_NODE,
    CONTROL_FROM_PYTHON,
    REPLY_TYPES,
    REQUEST_TYPES,
)
from pypool.frame_decoder import FrameDecoder
from pypool.frame_reader import FrameReader
from pypool.frame_writer import write_frame

from .sockets import Script, Sink

SEED = int(os.environ.get("PYPOOL_TEST_SEED", "20261123"))
MIB = 1024 * 1024


def content(frame):
    """What two equal frames have in common."""
    return (
        frame.type,
        frame.call_id,
        frame.envelope,
        frame.tagged,
        [bytes(buffer) for buffer in frame.buffers],
    )


def encoded(*frames):
    """Frames as bytes."""
    sink = Sink()
    for frame in frames:
        write_frame(sink, frame.type, frame.call_id, frame.envelope, frame.tagged, frame.buffers)
    return bytes(sink.data)


STREAM = (
    Frame(FrameType.RESULT, 1, "null"),
    Frame(FrameType.ITEM, 2, '["\u4e16"]', True, [b"abc", b"", b"0123456789"]),
    Frame(FrameType.RESULT, 3, ""),
    Frame(FrameType.ERROR, 4, '{"a":1}', False, [b"12345678"]),
)


class Splits(unittest.TestCase):
    def test_decoder_takes_the_stream_cut_at_any_two_points(self):
        data = encoded(*STREAM)
        wanted = [content(frame) for frame in STREAM]
        for first in range(len(data) + 1):
            for second in range(first, len(data) + 1, 5):
                found = []
                decoder = FrameDecoder(REPLY_TYPES, found.append)
                for piece in (data[:first], data[first:second], data[second:]):
                    decoder.push(piece)
                decoder.end()
                self.assertEqual([content(frame) for frame in found], wanted)

    def test_decoder_has_large_buffers_received_in_their_places(self):
        buffers = [bytes(range(17)), os.urandom(MIB), b"", os.urandom(300_001)]
        sent = (Frame(FrameType.RESULT, 1, "1", True, buffers), *STREAM)
        data = memoryview(encoded(*sent))
        first_buffers = len(data) - len(encoded(*STREAM)) - sum(map(len, buffers))
        for cut in range(16, first_buffers + 20):
            found = []
            decoder = FrameDecoder(REPLY_TYPES, found.append)
            decoder.push(data[:cut])
            pushed = position = cut
            while position < len(data):
                room = decoder.room()
                piece = data[position : position + min(70_001, 70_001 if room is None else len(room))]
                if room is None:
                    decoder.push(piece)
                    pushed += len(piece)
                else:
                    room[: len(piece)] = piece
                    decoder.received(len(piece))
                position += len(piece)
            decoder.end()
            self.assertEqual([content(frame) for frame in found], [content(frame) for frame in sent])
            self.assertLess(pushed, MIB // 2)

    def test_reader_takes_the_stream_in_pieces_of_any_size(self):
        data = encoded(*STREAM)
        for size in range(1, len(data) + 1):
            reader = FrameReader(Script(data, size), REPLY_TYPES)
            self.assertEqual([content(frame) for frame in iter(reader.read, None)], [*map(content, STREAM)])

    def test_every_truncation_is_an_error(self):
        data = encoded(*STREAM)
        whole = {sum(len(encoded(frame)) for frame in STREAM[:count]) for count in range(len(STREAM) + 1)}
        for length in range(len(data)):
            decoder = FrameDecoder(REPLY_TYPES, lambda _frame: None)
            decoder.push(data[:length])
            reader = FrameReader(Script(data[:length], 11), REPLY_TYPES)
            if length in whole:
                decoder.end()
                self.assertLess(len([*iter(reader.read, None)]), len(STREAM))
            else:
                self.assertRaises(ProtocolError, decoder.end)
                with self.assertRaises(ProtocolError):
                    [*iter(reader.read, None)]

    def test_reader_and_decoder_agree_on_mutated_bytes(self):
        print(f"PYPOOL_TEST_SEED={SEED}")
        rng = random.Random(SEED)
        limits = FrameLimits(1024, 4096)
        pristine = encoded(*STREAM)
        for _ in range(3000):
            data = bytearray(pristine)
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
            if rng.random() < 0.3:
                del data[rng.randrange(len(data)) :]
            size = rng.randint(1, 64)
            with self.subTest(data=data.hex(), size=size):
                self.assertEqual(self.read_all(data, size, limits), self.decode_all(data, size, limits))

    def read_all(self, data, size, limits):
        reader = FrameReader(Script(data, size), REPLY_TYPES, limits)
        found = []
        try:
            for frame in iter(reader.read, None):
                found.append(content(frame))
        except (ProtocolError, FrameTooLarge) as error:
            found.append(type(error))
        return found

    def decode_all(self, data, size, limits):
        found = []
        decoder = FrameDecoder(REPLY_TYPES, lambda frame: found.append(content(frame)), limits)
        try:
            for start in range(0, len(data), size):
                decoder.push(data[start : start + size])
            decoder.end()
        except (ProtocolError, FrameTooLarge) as error:
            found.append(type(error))
        return found


class Memory(unittest.TestCase):
    def peak(self, work):
        tracemalloc.start()
        try:
            work()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def test_an_announced_envelope_takes_no_memory_before_it_comes(self):
        head = encoded(Frame(FrameType.RESULT, 1, "1"))
        lying = (60 * MIB).to_bytes(4, "little") + head[4:]

        def read():
            with self.assertRaises(ProtocolError):
                FrameReader(Script(lying), REPLY_TYPES).read()

        self.assertLess(self.peak(read), MIB)

    def test_an_announced_buffer_takes_little_memory_before_it_comes(self):
        head = encoded(Frame(FrameType.RESULT, 1, "1", True, [b"abc"]))
        lying = head[:16] + (1000 * MIB).to_bytes(8, "little") + head[24:]

        def read():
            with self.assertRaises(ProtocolError):
                FrameReader(Script(lying), REPLY_TYPES).read()

        self.assertLess(self.peak(read), 4 * MIB)

    def test_a_decoder_is_not_lied_to_about_a_buffer(self):
        head = encoded(Frame(FrameType.RESULT, 1, "1", True, [b"abc"]))
        lying = head[:16] + (1000 * MIB).to_bytes(8, "little") + head[24:]

        def read():
            decoder = FrameDecoder(REPLY_TYPES, lambda _frame: None)
            decoder.push(lying)
            self.assertIsNotNone(decoder.room())
            self.assertRaises(ProtocolError, decoder.end)

        self.assertLess(self.peak(read), 4 * MIB)

    def test_the_memory_of_a_large_envelope_is_given_back(self):
        large = Frame(FrameType.RESULT, 1, '"' + "x" * (3 * MIB) + '"')
        script = Script(encoded(large, *STREAM))
        reader = FrameReader(script, REPLY_TYPES)
        self.assertEqual(reader.read().envelope, large.envelope)
        script.largest = 0
        self.assertEqual([content(frame) for frame in iter(reader.read, None)], [*map(content, STREAM)])
        self.assertLessEqual(script.largest, 64 * 1024)

    def test_buffers_are_aligned_writable_and_their_holders_own(self):
        data = encoded(
            *(Frame(FrameType.RESULT, 1, "1", True, [bytes(size)]) for size in (1, 8, 100_000, 3 * MIB))
        )
        reader = FrameReader(Script(data), REPLY_TYPES)
        kept = [frame.buffers[0] for frame in iter(reader.read, None)]
        for buffer in kept:
            view = memoryview(buffer)
            self.assertFalse(view.readonly)
            buffer[0] = 255
        self.assertEqual([len(buffer) for buffer in kept], [1, 8, 100_000, 3 * MIB])

    def test_large_parts_are_sent_without_a_copy(self):
        large = bytearray(4 * MIB)

        class Counting(Sink):
            pieces = 0

            def sendmsg(self, buffers):
                self.pieces += sum(len(piece) > MIB and piece.obj is large for piece in buffers)
                return sum(map(len, buffers))

        sink = Counting()
        write_frame(sink, FrameType.RESULT, 1, b"1", True, [large])
        self.assertEqual(sink.pieces, 1)


class Sockets(unittest.TestCase):
    def setUp(self):
        self.ours, self.theirs = socket.socketpair()
        self.addCleanup(self.ours.close)
        self.addCleanup(self.theirs.close)

    def send(self, *frames):
        def work():
            for frame in frames:
                write_frame(
                    self.theirs, frame.type, frame.call_id, frame.envelope, frame.tagged, frame.buffers
                )
            self.theirs.close()

        thread = threading.Thread(target=work)
        thread.start()
        self.addCleanup(thread.join)

    def test_frames_larger_than_the_kernels_buffers_arrive(self):
        sent = (
            Frame(FrameType.RESULT, 1, '"' + "y" * (5 * MIB) + '"'),
            Frame(
                FrameType.RESULT, 2, "1", True, [os.urandom(3 * MIB), b"", os.urandom(17), os.urandom(MIB)]
            ),
            *STREAM,
        )
        self.send(*sent)
        reader = FrameReader(self.ours, REPLY_TYPES)
        self.assertEqual([content(frame) for frame in iter(reader.read, None)], [*map(content, sent)])

    def test_more_buffers_than_the_kernel_takes_at_once_arrive(self):
        sent = Frame(FrameType.RESULT, 2, "1", True, [bytes([index % 256]) * 20_000 for index in range(1500)])
        self.send(sent)
        received = FrameReader(self.ours, REPLY_TYPES).read()
        self.assertEqual(content(received), content(sent))

    def test_a_reset_connection_is_the_end(self):
        self.ours.sendall(b"never read")
        self.theirs.close()
        self.assertIsNone(FrameReader(self.ours, REPLY_TYPES).read())

    def test_writing_to_a_closed_connection_raises(self):
        self.theirs.close()
        with self.assertRaises(OSError):
            write_frame(self.ours, FrameType.RESULT, 1, b"1")


class Types(unittest.TestCase):
    def test_each_type_belongs_to_one_channel_and_direction(self):
        sets = (REQUEST_TYPES, REPLY_TYPES, CONTROL_FROM_NODE, CONTROL_FROM_PYTHON)
        every = {value for name, value in vars(FrameType).items() if name.isupper()}
        self.assertEqual(sum(map(len, sets)), len(every))
        self.assertEqual(frozenset().union(*sets), every)
        self.assertLessEqual(CALL_TYPES, every)

    def test_more_buffers_than_the_table_counts_are_refused(self):
        with self.assertRaises(FrameTooLarge):
            write_frame(Sink(), FrameType.RESULT, 1, b"1", True, [b""] * 65536)
