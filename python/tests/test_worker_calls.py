"""Calls: results, arguments, errors that the worker survives."""

import time
import unittest
from typing import Any, ClassVar

from pypool.frame import FrameType
from pypool.frame_writer import write_frame
from pypool.plain_json import parse_json
from tests.worker_process import WorkerProcess


class Calls(unittest.TestCase):
    def test_answers_in_the_order_of_the_calls(self) -> None:
        with WorkerProcess() as worker:
            worker.start()
            ids = [worker.send(name, number) for number, name in enumerate(["echo", "echo_async"] * 10)]
            replies = [worker.reply() for _ in ids]
            self.assertEqual([reply.call_id for reply in replies], ids)
            self.assertEqual([parse_json(reply.envelope) for reply in replies], list(range(20)))

    def test_takes_positional_and_keyword_arguments_and_neither(self) -> None:
        with WorkerProcess() as worker:
            worker.start()
            self.assertEqual(worker.call("sum", 1, b=2), 3)
            write_frame(worker.requests, FrameType.CALL, 9, '["echo"]')
            self.assertEqual(worker.reply().envelope, "null")

    def test_hands_out_and_takes_bytes(self) -> None:
        with WorkerProcess() as worker:
            worker.start()
            write_frame(
                worker.requests,
                FrameType.CALL,
                1,
                '["echo",[{"$":["bytes",0]}]]',
                True,
                [b"\x00\xff" * 50_000],
            )
            reply = worker.reply()
            self.assertTrue(reply.tagged)
            self.assertEqual(bytes(reply.buffers[0]), b"\x00\xff" * 50_000)

    def test_tells_a_handler_about_its_call(self) -> None:
        meta = {
            "session": {"id": "user-42", "metadata": {"tier": "gold"}},
            "attributes": {"route": "/a"},
            "deadline": 1_700_000_000_500,
        }
        with WorkerProcess("raise_errors") as worker:
            call = worker.start().call("describe_call", meta=meta)
            self.assertEqual((call["session"], call["metadata"]), ("user-42", {"tier": "gold"}))
            self.assertEqual((call["attributes"], call["deadline"]), ({"route": "/a"}, 1_700_000_000.5))
            anonymous = worker.call("describe_call")
            self.assertEqual(
                (anonymous["session"], anonymous["metadata"], anonymous["deadline"]), (None, {}, None)
            )

    def test_keeps_the_call_in_tasks_and_from_threads(self) -> None:
        with WorkerProcess("keep_context") as worker:
            worker.start()
            self.assertEqual(worker.call("in_tasks"), ["in_tasks", "in_tasks"])
            self.assertEqual(worker.call("in_thread"), ["LookupError"])
            worker.call("start_background")
            self.assertEqual(worker.call("ask_background"), "start_background")
            self.assertEqual(worker.call("worker"), "Worker(id='pool-0.1', slot=0, pool='pool')")

    def test_pongs_tell_what_runs(self) -> None:
        with WorkerProcess("fork_child") as worker:
            worker.start()
            call_id = worker.send("block")
            deadline = time.monotonic() + 30
            running = None
            while running is None and time.monotonic() < deadline:
                worker.send_control(FrameType.PING, {"n": 1})
                running = worker.hear(FrameType.PONG)["running"]
            self.assertEqual(running, call_id)


class Errors(unittest.TestCase):
    welcome: ClassVar[dict[str, Any]] = {}

    def setUp(self) -> None:
        self.worker = self.enterContextOf(WorkerProcess("raise_errors", **self.welcome))
        self.worker.start()

    def enterContextOf(self, worker: WorkerProcess) -> WorkerProcess:
        self.addCleanup(worker.__exit__)
        return worker.__enter__()

    def tearDown(self) -> None:
        self.assertEqual(self.worker.call("echo", "alive"), "alive")

    def test_an_exception_tells_type_message_and_where(self) -> None:
        for name in ("raise_value_error", "raise_in_async"):
            error = self.worker.call_error(name, "broken")
            self.assertEqual(
                (error["kind"], error["type"], error["message"]), ("python", "ValueError", "broken")
            )
            self.assertEqual([frame["function"] for frame in error["frames"]], [name])

    def test_a_chain_is_kept(self) -> None:
        error = self.worker.call_error("raise_from")
        self.assertEqual((error["type"], error["cause"]["type"]), ("RuntimeError", "KeyError"))

    def test_a_fail_is_part_of_the_contract(self) -> None:
        error = self.worker.call_error("fail")
        self.assertEqual((error["kind"], error["code"], error["data"]), ("fail", "no-such-user", {"id": 7}))

    def test_leaving_is_an_error_of_the_call_alone(self) -> None:
        for name in ("leave", "leave_in_async"):
            self.assertEqual(self.worker.call_error(name, 3)["type"], "SystemExit")

    def test_an_interrupt_is_an_error_of_the_call_alone(self) -> None:
        self.assertEqual(self.worker.call_error("interrupt")["type"], "KeyboardInterrupt")

    def test_an_endless_recursion_and_a_lack_of_memory_are_survived(self) -> None:
        self.assertEqual(self.worker.call_error("recurse")["type"], "RecursionError")
        self.assertEqual(self.worker.call_error("exhaust_memory")["type"], "MemoryError")

    def test_an_exception_that_cannot_be_read_is_told_all_the_same(self) -> None:
        self.assertEqual(self.worker.call_error("raise_strange")["type"], "Strange")

    def test_an_exception_larger_than_a_frame_is_told_in_outline(self) -> None:
        error = self.worker.call_error("raise_large", 2_000_000)
        self.assertEqual((error["kind"], error["type"]), ("python", "ValueError"))

    def test_a_result_that_cannot_be_encoded_names_the_path(self) -> None:
        error = self.worker.call_error("return_object")
        self.assertEqual((error["kind"], error["path"]), ("unencodable", "result.rows[1]"))

    def test_a_result_over_the_limit_is_an_error_of_the_call_alone(self) -> None:
        error = self.worker.call_error("return_large", 2_000_000)
        self.assertEqual((error["kind"], error["limit"]), ("frame-too-large", 1 << 20))

    def test_a_coroutine_from_a_plain_function_is_awaited(self) -> None:
        self.assertEqual(self.worker.call_error("return_coroutine")["message"], "awaited")

    def test_arguments_that_do_not_fit_are_told_with_the_signature(self) -> None:
        error = self.worker.call_error("raise_value_error", wrong=1)
        self.assertEqual(
            (error["kind"], error["signature"]), ("invalid-arguments", "raise_value_error(message)")
        )
        self.assertIn("wrong", error["message"])

    def test_a_type_error_inside_a_function_is_its_own(self) -> None:
        error = self.worker.call_error("raise_type_error")
        self.assertEqual((error["kind"], error["type"]), ("python", "TypeError"))

    def test_an_unknown_name_is_told_with_what_was_perhaps_meant(self) -> None:
        error = self.worker.call_error("ecko")
        self.assertEqual((error["kind"], error["suggestions"]), ("unknown-function", ["echo"]))

    def test_nothing_but_an_exact_name_is_found(self) -> None:
        for name in (
            "__import__",
            "os.system",
            "echo.__globals__",
            "..",
            "",
            "__proto__",
            "constructor",
            "sys",
        ):
            self.assertEqual(self.worker.call_error(name)["kind"], "unknown-function", name)
