"""Shared memory, with this process as Node: segments are made, filled, read and given back."""

import contextlib
import os
import struct
import sys
import time
import unittest

from pypool.frame import FrameType
from pypool.frame_writer import write_frame
from pypool.plain_json import write_json
from tests.worker_process import PATIENCE_SECONDS, WorkerProcess

SEGMENT_BYTES = 1 << 16
THRESHOLD_BYTES = 1 << 12


class Segments:
    """Node's side of the segments of one worker."""

    def __init__(self, worker):
        self.worker = worker
        self.descriptors = {}

    def map(self, number, channel, size=SEGMENT_BYTES):
        asked = {
            "segment": number,
            "channel": channel,
            "bytes": size,
            "thresholdBytes": THRESHOLD_BYTES,
        }
        self.worker.send_control(FrameType.MAP, asked)
        return self.worker.hear(FrameType.MAPPED)

    def open(self, number, channel):
        told = self.map(number, channel)
        path = f"/proc/{self.worker.process.pid}/fd/{told['fd']}"
        self.descriptors[number] = os.open(path, os.O_RDWR)
        if self.read(number, 16).hex() != told["token"]:
            raise AssertionError("it is another file")
        self.worker.send_control(FrameType.OPENED, {"segment": number})

    def read(self, number, size):
        return os.pread(self.descriptors[number], size, 0)

    def call(self, name, number, values):
        """Call a function with an array that lies in a segment."""
        data = struct.pack(f"<{len(values)}d", *values)
        os.pwrite(self.descriptors[number], data, 0)
        return self.call_with(name, [(0, number, len(data))])

    def call_with(self, name, placed):
        self.worker.calls += 1
        envelope = write_json([name, [{"$": ["array", 0, "f8"]}]])
        write_frame(
            self.worker.requests,
            FrameType.CALL,
            self.worker.calls,
            envelope,
            True,
            [b""] * len(placed),
            placed=placed,
        )

    def close(self):
        for descriptor in self.descriptors.values():
            os.close(descriptor)


@unittest.skipUnless(sys.platform == "linux", "shared memory is for Linux")
class SharedMemory(unittest.TestCase):
    def setUp(self):
        self.worker = self.enterContext_(WorkerProcess("keep_arrays").start())
        self.segments = Segments(self.worker)
        self.addCleanup(self.segments.close)

    def enterContext_(self, context):  # unittest has it from Python 3.11 on
        entered = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return entered

    def assert_mapped(self, count):
        """So many segments are in the worker's memory. Whoever let one go may yet be about to unmap it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with open(f"/proc/{self.worker.process.pid}/maps", encoding="ascii") as lines:
                mapped = sum("/memfd:pypool" in line for line in lines)
            if mapped == count or time.monotonic() > deadline:
                break
            time.sleep(0.005)
        self.assertEqual(mapped, count)

    def release(self):
        return self.worker.hear(FrameType.RELEASED)["segments"]

    def test_lends_what_arrived_and_tells_when_the_last_view_is_gone(self):
        self.segments.open(1, "requests")
        self.segments.call("keep", 1, [1.5, 2.5])
        self.assertEqual(self.worker.reply().envelope, "1.5")
        # The call has ended, and its array has not: it is not to be written over.
        self.assertEqual(self.worker.call("look"), [1.5])
        self.worker.call("drop")
        self.assertEqual(self.release(), [1])
        self.segments.call("keep", 1, [3.5])
        self.assertEqual(self.worker.reply().envelope, "3.5")

    def test_writes_large_results_into_a_segment_that_was_opened_and_is_free(self):
        values = [float(number) for number in range(THRESHOLD_BYTES // 8)]
        data = struct.pack(f"<{len(values)}d", *values)
        self.segments.open(1, "requests")
        told = self.segments.map(2, "replies")
        self.segments.call("copy", 1, values)
        inline = self.worker.reply()
        self.assertEqual(([bytes(each) for each in inline.buffers], inline.placed), ([data], []))
        self.assertEqual(self.release(), [1])
        self.segments.descriptors[2] = os.open(f"/proc/{self.worker.process.pid}/fd/{told['fd']}", os.O_RDWR)
        self.worker.send_control(FrameType.OPENED, {"segment": 2})
        self.worker.send_control(FrameType.PING, {"n": 1})
        self.worker.hear(FrameType.PONG)
        for placed in ([(0, 2, len(data))], []):  # the second finds it taken
            self.segments.call("copy", 1, values)
            frame = self.worker.reply()
            self.assertEqual(frame.placed, placed)
            found = self.segments.read(2, len(data)) if placed else bytes(frame.buffers[0])
            self.assertEqual(found, data)
            self.assertEqual(self.release(), [1])
        self.worker.send_control(FrameType.RELEASE, {"segments": [2]})
        self.worker.send_control(FrameType.PING, {"n": 2})
        self.worker.hear(FrameType.PONG)
        self.segments.call("copy", 1, values)
        self.assertEqual(self.worker.reply().placed, [(0, 2, len(data))])

    def test_leaves_small_results_in_their_frames(self):
        self.segments.open(1, "requests")
        self.segments.open(2, "replies")
        self.segments.call("copy", 1, [1.0])
        self.assertEqual(self.worker.reply().placed, [])

    def test_says_why_there_is_no_segment(self):
        told = self.segments.map(1, "requests", 1 << 50)
        self.assertEqual((told["fd"], told["token"]), (None, None))
        self.assertIn("MemoryError: 1125899906842624 bytes are more than half", told["error"])

    def test_gives_back_what_holds_nothing_and_keeps_what_does(self):
        self.segments.open(1, "requests")
        self.segments.open(2, "requests")
        self.segments.call("keep", 1, [1.0])
        self.worker.reply()
        self.assert_mapped(2)
        self.worker.send_control(FrameType.UNMAP, {"segments": [1, 2]})
        self.assertEqual(self.worker.hear(FrameType.UNMAPPED), {"segments": [2]})
        self.assertEqual(self.worker.call("look"), [1.0])
        self.assert_mapped(1)
        self.worker.call("drop")
        self.assertEqual(self.release(), [1])
        self.worker.send_control(FrameType.UNMAP, {"segments": [1]})
        self.assertEqual(self.worker.hear(FrameType.UNMAPPED), {"segments": [1]})
        self.assert_mapped(0)

    def test_never_gives_to_node_what_a_forked_child_may_look_at(self):
        self.segments.open(1, "requests")
        self.segments.call("keep", 1, [1.0])
        self.worker.reply()
        self.worker.call("fork")
        self.worker.call("drop")
        self.assertEqual(self.worker.hear(FrameType.UNMAPPED), {"segments": [1]})

    def test_ends_where_bytes_are_said_to_lie_where_they_cannot(self):
        for placed in ([(0, 7, 8)], [(0, 1, SEGMENT_BYTES + 8)], [(0, 2, 8)]):
            with self.subTest(placed), WorkerProcess("keep_arrays").start() as worker:
                segments = Segments(worker)
                self.addCleanup(segments.close)
                segments.open(1, "requests")
                segments.open(2, "replies")
                segments.call_with("keep", placed)
                self.assertEqual(worker.process.wait(30), 76)
                self.assertIn("where they cannot", worker.stderr())

    def test_ends_where_a_segment_is_written_that_user_code_looks_at(self):
        self.segments.open(1, "requests")
        self.segments.call("keep", 1, [1.0])
        self.worker.reply()
        self.segments.call("keep", 1, [2.0])
        self.assertEqual(self.worker.process.wait(30), 76)

    def test_leaves_no_file_behind(self):
        self.segments.open(1, "requests")
        self.assertEqual(os.fstat(self.segments.descriptors[1]).st_nlink, 0)
        files = f"/proc/{self.worker.process.pid}/fd"
        names = []
        for descriptor in os.listdir(files):
            with contextlib.suppress(FileNotFoundError):  # another one, closed since it was listed
                names.append(os.readlink(f"{files}/{descriptor}"))
        memory = [name for name in names if "/memfd:" in name]
        self.assertNotEqual(memory, [])
        self.assertEqual([name for name in memory if "deleted" not in name], [])
