"""What user code does where the runtime counts on its own: it ends no worker, and holds up no other call."""

import signal
import struct
import sys
import unittest
from typing import Any

from pypool.frame import FrameType
from pypool.frame_header import pack_header
from pypool.frame_writer import write_frame
from pypool.plain_json import write_json
from tests.worker_process import PATIENCE_SECONDS, WorkerProcess

ENGINES: "tuple[dict[str, Any], ...]" = (
    {},
    {"engine": "async", "concurrency": 4},
    {"engine": "threads", "concurrency": 4},
)


class Obstacles(unittest.TestCase):
    def test_a_signature_that_cannot_be_shown_fails_the_call_alone(self) -> None:
        for welcome in ENGINES:
            with self.subTest(welcome), WorkerProcess("get_in_the_way", **welcome) as worker:
                worker.start()
                error = worker.call_error("take_one", 1, 2)
                self.assertEqual((error["kind"], error["type"]), ("python", "TypeError"))
                error = worker.call_error("be_shy")  # whose signature exits
                self.assertEqual((error["kind"], error["type"]), ("python", "TypeError"))
                self.assertEqual(worker.call("take_one"), 1)

    def test_an_error_that_waits_for_another_call_as_it_is_said_holds_up_no_reply(self) -> None:
        with WorkerProcess("get_in_the_way", **ENGINES[2]) as worker:
            worker.start()
            stream = worker.send("hold", meta={"credit": 1})
            self.assertEqual(worker.reply().type, FrameType.ITEM)
            failing = worker.send("fail_reluctantly")
            self.assertEqual(worker.call("wait_until_asked"), True)
            worker.send_control(FrameType.CREDIT, {"n": 5}, stream)
            replies = [worker.reply() for _ in range(3)]
            self.assertEqual(
                [r.type for r in replies if r.call_id == stream], [FrameType.ITEM, FrameType.RESULT]
            )
            said = [r.envelope for r in replies if r.call_id == failing]
            self.assertIn("shown at last", str(said))

    def test_an_exit_while_an_error_is_said_or_an_argument_is_made_ends_that_call_alone(self) -> None:
        for welcome in ENGINES:
            with self.subTest(welcome), WorkerProcess("get_in_the_way", **welcome) as worker:
                worker.start()
                error = worker.call_error("fail_and_leave")
                self.assertEqual(
                    (error["type"], error["message"]), ("Leaver", "<Leaver whose text cannot be read>")
                )
                for said, text in (("soon", "soon"), ("leave", "<Leaver whose text cannot be read>")):
                    call = ["take_one", [{"$": ["type", "ticket", said]}]]
                    worker.calls += 1
                    write_frame(worker.requests, FrameType.CALL, worker.calls, write_json(call), True)
                    error = worker.error()
                    self.assertEqual(
                        (error["kind"], error["message"]),
                        ("invalid-arguments", f"args[0] is no 'ticket': {text}"),
                    )
                self.assertEqual(worker.call("take_one"), 1)

    @unittest.skipUnless(hasattr(sys, "set_int_max_str_digits"), "this Python has no such limit")
    def test_an_integer_of_more_digits_than_user_code_allows_fails_the_call_alone(self) -> None:
        with WorkerProcess("get_in_the_way", engine="async") as worker:
            worker.start()
            worker.call("allow_few_digits")
            worker.calls += 1
            call = write_json(["take_one", [{"$": ["int", "1" * 1000]}]])
            write_frame(worker.requests, FrameType.CALL, worker.calls, call, True)
            self.assertRegex(worker.error()["message"], r"^args\[0\] is no int: ")
            self.assertEqual(worker.call("take_one"), 1)

    @unittest.skipUnless(sys.platform == "linux", "elsewhere the limit is none")
    def test_arguments_that_find_no_memory_end_the_worker_rather_than_being_read_for_ever(self) -> None:
        welcome: Any = {
            "limits": {"maxFrameBytes": 1 << 20, "maxBufferBytes": 1 << 40},
            "rlimits": [{"name": "as", "soft": 1 << 29, "hard": None}],
        }
        for engine in ("sync", "async"):
            with self.subTest(engine), WorkerProcess("get_in_the_way", engine=engine, **welcome) as worker:
                worker.start()
                announced = struct.pack("<Q", 1 << 38)
                try:
                    worker.requests.sendall(pack_header(2, FrameType.CALL, False, 1, 1) + announced + b"[]")
                    for _ in range(66):  # behind the 64th it makes room for 512 MiB
                        worker.requests.sendall(bytes(1 << 20))
                except OSError:
                    pass  # it is gone already
                self.assertEqual(worker.process.wait(PATIENCE_SECONDS), 70)
                self.assertIn("MemoryError", worker.stderr())

    def test_an_exit_in_a_task_that_a_call_left_behind_ends_no_other_call(self) -> None:
        for welcome in ({}, {"engine": "async"}, {"engine": "threads"}):
            with self.subTest(welcome), WorkerProcess("get_in_the_way", **welcome) as worker:
                worker.start()
                worker.call("leave_behind_what_exits")
                self.assertEqual(worker.call("outlive_what_exits"), "SystemExit")
                self.assertEqual(worker.stop(), 0)

    def test_an_alarm_that_goes_off_between_calls_is_told_as_what_ends_the_worker(self) -> None:
        for welcome in ENGINES[:2]:
            with self.subTest(welcome), WorkerProcess("get_in_the_way", **welcome) as worker:
                worker.start()
                worker.call("wait_for_an_alarm")
                worker.process.send_signal(signal.SIGALRM)
                self.assertEqual(worker.process.wait(PATIENCE_SECONDS), 70)
                self.assertIn("TimeoutError: the call is over", worker.stderr())

    def test_a_loop_that_user_code_closed_is_replaced(self) -> None:
        with WorkerProcess("get_in_the_way") as worker:
            worker.start()
            self.assertEqual(worker.call("be_async"), "async")
            worker.call("close_the_loop")
            self.assertEqual(worker.call("be_async"), "async")

    def test_a_call_is_ended_where_no_further_thread_is_to_be_had(self) -> None:
        for welcome, module, name in (
            (ENGINES[0], "pypool.interrupts_sync", "nap"),
            (ENGINES[1], "pypool.interrupts_async", "nap_async"),
        ):
            with self.subTest(name), WorkerProcess("get_in_the_way", **welcome) as worker:
                worker.start()
                worker.call("leave_no_thread", module)
                call_id = worker.send(name)
                self.assertEqual(worker.line(), b"runs\n")
                worker.send_control(FrameType.CANCEL, {"mode": "interrupt"}, call_id)
                error = worker.error()
                self.assertEqual((error["kind"], error["started"]), ("cancelled", True))
                self.assertEqual(worker.call("take_one"), 1)
