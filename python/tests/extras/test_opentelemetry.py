"""Spans of handlers, which join the trace that their call is part of."""

from __future__ import annotations

import os
import unittest
from importlib.util import find_spec
from typing import Any

from pypool.frame import FrameType
from pypool.plain_json import parse_json
from tests.worker_process import WorkerProcess

from . import WHY_SKIPPED

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
META = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "a=1"}


@unittest.skipIf(
    find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None,
    os.environ.get("PYPOOL_TEST_EXTRAS_MISSING") or WHY_SKIPPED.replace("numpy", "opentelemetry"),
)
class Joining(unittest.TestCase):
    def made(self, worker: WorkerProcess, name: str, *args: Any, meta: dict[str, Any]) -> Any:
        worker.send(name, *args, meta=meta)
        return parse_json(worker.reply().envelope)

    def test_spans_are_children_of_the_call_and_of_no_call_before(self) -> None:
        for engine in ("sync", "async", "threads"):
            with WorkerProcess("trace_spans", engine=engine).start() as worker:
                for name in ("plain", "asynchronous"):
                    with self.subTest(engine=engine, name=name):
                        trace, parent, span, state = self.made(worker, name, meta=META)
                        self.assertEqual((trace, parent, state), (TRACE, SPAN, {"a": "1"}))
                        logged = worker.hear(FrameType.LOG)["traceparent"]
                        self.assertEqual(logged, f"00-{TRACE}-{span}-01")
                        trace, parent, _, _ = self.made(worker, name, meta={})
                        self.assertNotEqual(trace, TRACE)
                        self.assertIsNone(parent)
                        worker.hear(FrameType.LOG)

    def test_spans_of_a_stream_are_as_well(self) -> None:
        for engine in ("sync", "async", "threads"):
            with self.subTest(engine), WorkerProcess("trace_spans", engine=engine).start() as worker:
                worker.send("stream", meta={**META, "credit": 8})
                items: list[Any] = []
                while True:
                    frame = worker.reply()
                    if frame.type != FrameType.ITEM:
                        break
                    items += parse_json(frame.envelope)
                self.assertEqual([item[:2] for item in items], [[TRACE, SPAN]] * 2)
                self.assertIsNone(self.made(worker, "plain", meta={})[1])

    def test_a_batch_is_of_no_single_trace(self) -> None:
        for engine in ("async", "threads"):
            with self.subTest(engine), WorkerProcess("trace_batches", engine=engine).start() as worker:
                self.assertIs(self.made(worker, "batched", "a", meta=META), True)

    def test_what_is_no_trace_begins_one(self) -> None:
        with WorkerProcess("trace_spans").start() as worker:
            self.assertIsNone(self.made(worker, "plain", meta={"traceparent": "nonsense"})[1])


if __name__ == "__main__":
    unittest.main()
