"""What is logged in a worker: which records reach Node, as what, and what stays as the user configured it."""

from __future__ import annotations

import unittest
from typing import Any

from pypool.frame import FrameType
from tests.worker_process import WorkerProcess


class Logging(unittest.TestCase):
    def start(self, **welcome: Any) -> WorkerProcess:
        worker = WorkerProcess("log_things", **welcome)
        self.addCleanup(worker.__exit__)
        return worker.start()

    def hear(self, worker: WorkerProcess) -> dict[str, Any]:
        message: dict[str, Any] = worker.hear(FrameType.LOG)
        return message

    def test_is_not_imported_for_those_who_do_not_log(self) -> None:
        self.assertEqual(self.start().call("loaded"), [])

    def test_sends_a_record_with_its_call(self) -> None:
        worker = self.start()
        call_id = worker.send("log", "app", "ERROR", "%d of %s", 3, "tea", meta={"session": {"id": "ann"}})
        worker.reply()
        said = self.hear(worker)
        self.assertGreater(said.pop("time"), 1.6e9)
        self.assertEqual(
            said,
            {
                "source": "logging",
                "level": "ERROR",
                "logger": "app",
                "message": "3 of tea",
                "callId": call_id,
                "function": "log",
                "session": "ann",
                "exception": None,
                "handled": False,
                "dropped": 0,
            },
        )
        worker.stop()
        self.assertEqual(worker.stderr(), "")  # as Python would have done, a second time

    def test_leaves_the_levels_of_python_alone(self) -> None:
        worker = self.start()
        worker.call("log", "app", "INFO", "below the root's level")
        worker.call("log", "app", "WARNING", "above it")
        self.assertEqual(self.hear(worker)["message"], "above it")

    def test_leaves_what_is_below_the_level_to_python(self) -> None:
        worker = self.start(logLevel=40)
        worker.call("log", "app", "WARNING", "below")
        worker.call("warn", "below, too")
        worker.call("log", "app", "ERROR", "above")
        self.assertEqual(self.hear(worker)["message"], "above")
        worker.stop()
        printed = worker.stderr()
        self.assertIn("below\n", printed)
        self.assertIn("UserWarning: below, too", printed)
        self.assertNotIn("above", printed)

    def test_can_be_off(self) -> None:
        worker = self.start(logLevel=None)
        worker.call("log", "app", "ERROR", "as ever")
        worker.stop()
        self.assertEqual(worker.stderr(), "as ever\n")
        self.assertIsNone(worker.said.read())

    def test_lets_basic_config_work(self) -> None:
        worker = self.start()
        self.assertEqual(worker.call("configure", format="mine: %(message)s", level="INFO"), [1, 20])
        worker.call("log", "app", "INFO", "hello")
        said = self.hear(worker)
        self.assertEqual((said["message"], said["handled"]), ("hello", True))
        worker.stop()
        self.assertEqual(worker.stderr(), "mine: hello\n")

    def test_lets_dict_config_disable_loggers(self) -> None:
        worker = self.start()
        worker.call("configure_by_dict")
        worker.call("log", "old", "ERROR", "disabled")
        worker.call("log", "new", "DEBUG", "too low for Node")
        worker.call("log", "new", "INFO", "heard")
        self.assertEqual(self.hear(worker)["message"], "heard")
        worker.stop()
        self.assertEqual(worker.stdout(), "too low for Node\nheard\n")

    def test_sends_the_traceback(self) -> None:
        worker = self.start()
        worker.call("log_exception")
        said = self.hear(worker)
        self.assertEqual((said["level"], said["message"]), ("ERROR", "it failed"))
        self.assertRegex(said["exception"], r"^Traceback[\s\S]*KeyError: 'missing'$")

    def test_survives_what_cannot_be_read(self) -> None:
        worker = self.start()
        worker.call("log", "app", "ERROR", "%d", "no number")
        self.assertRegex(self.hear(worker)["message"], r"^%d \(its arguments do not fit: ")
        worker.call("log", "app", "ERROR", "x" * 100_000)
        self.assertRegex(self.hear(worker)["message"], "^x+\n  ... 91808 characters left out ...\nx+$")
        worker.call("log", "app", "ERROR", "half \ud800")
        self.assertEqual(self.hear(worker)["message"], "half \ud800")

    def test_does_not_go_round(self) -> None:
        worker = self.start()
        worker.call("log_what_logs")
        self.assertEqual(self.hear(worker)["message"], "outer")

    def test_knows_the_call_of_tasks_and_not_that_of_threads(self) -> None:
        worker = self.start()
        worker.call("log_in_thread")
        worker.call("log_in_task")
        said = [self.hear(worker) for _ in range(3)]
        self.assertEqual(
            {record["logger"]: record["callId"] for record in said},
            {"thread": None, "task": 2, "to_thread": 2},
        )

    def test_sends_warnings(self) -> None:
        worker = self.start()
        worker.call("warn", "old")
        said = self.hear(worker)
        self.assertRegex(said["message"], r"log_things\.py:\d+: UserWarning: old$")
        self.assertEqual(
            [said[key] for key in ("source", "level", "logger", "callId", "handled")],
            ["warnings", "WARNING", "py.warnings", 1, False],
        )
        worker.stop()
        self.assertEqual(worker.stderr(), "")

    def test_leaves_warnings_to_those_who_catch_them(self) -> None:
        worker = self.start()
        self.assertEqual(worker.call("warn_caught", "caught"), ["caught"])
        worker.call("log", "app", "ERROR", "next")
        self.assertEqual(self.hear(worker)["message"], "next")

    def test_leaves_forked_children_to_python(self) -> None:
        worker = self.start()
        self.assertEqual(worker.call("log_in_child"), 0)
        worker.stop()
        self.assertIn("from a child\n", worker.stderr())
        self.assertIsNone(worker.said.read())

    def test_drops_what_does_not_fit_and_counts_it(self) -> None:
        worker = self.start()
        # Nobody reads control meanwhile: a handler that waited for Node would never return.
        self.assertEqual(worker.call("flood", 20_000), 20_000)
        worker.call("log", "app", "ERROR", "end")
        received = dropped = 0
        latest = -1
        while received + dropped < 20_000:
            said = self.hear(worker)
            received, dropped = received + 1, dropped + said["dropped"]
            number = int(said["message"].split()[-1])
            self.assertGreater(number, latest)
            latest = number
        self.assertGreater(dropped, 10_000)
        self.assertEqual(worker.call("flood", 0), 0)

    def test_holds_up_no_forked_child_where_node_does_not_read(self) -> None:
        worker = self.start()
        # The thread that sends is stuck by now, with the lock of the channel, which the child has a copy of.
        worker.call("flood", 3_000)
        self.assertEqual(worker.call("fail_in_thread_of_child"), 7)

    def test_sends_the_last_records_before_it_ends(self) -> None:
        worker = self.start()
        worker.call("flood", 50)
        self.assertEqual(worker.stop(), 0)
        self.assertEqual([self.hear(worker)["message"] for _ in range(50)][-1], "number 49")


if __name__ == "__main__":
    unittest.main()
