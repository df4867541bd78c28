"""The trace that travels with a call, where Python makes no spans of its own."""

from __future__ import annotations

import unittest
from typing import Any

from pypool.frame import FrameType
from pypool.plain_json import parse_json
from tests.worker_process import WorkerProcess

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Tracing(unittest.TestCase):
    def seen(self, worker: WorkerProcess, name: str, **meta: str) -> Any:
        worker.send(name, meta=meta)
        return parse_json(worker.reply().envelope)

    def test_is_known_to_the_handler_in_every_engine(self) -> None:
        for engine in ("sync", "async", "threads"):
            with self.subTest(engine), WorkerProcess("trace_things", engine=engine).start() as worker:
                for name in ("seen", "seen_by_a_coroutine"):
                    traced = self.seen(worker, name, traceparent=TRACEPARENT, tracestate="a=1")
                    self.assertEqual(traced, [TRACEPARENT, "a=1"])
                    self.assertEqual(self.seen(worker, name), [None, None])
                # What is no traceparent is the handler's to judge.
                self.assertEqual(self.seen(worker, "seen", traceparent="nonsense"), ["nonsense", None])

    def test_is_told_with_what_is_logged(self) -> None:
        with WorkerProcess("trace_things").start() as worker:
            self.seen(worker, "seen", traceparent=TRACEPARENT)
            self.assertEqual(worker.hear(FrameType.LOG)["traceparent"], TRACEPARENT)
            self.seen(worker, "seen")
            self.assertNotIn("traceparent", worker.hear(FrameType.LOG))

    def test_imports_nothing(self) -> None:
        with WorkerProcess("trace_things").start() as worker:
            self.assertEqual(self.seen(worker, "imported", traceparent=TRACEPARENT), [])


if __name__ == "__main__":
    unittest.main()
