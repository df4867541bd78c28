"""A worker's way to READY, and the ways in which it fails to get there."""

import os
import tempfile
import unittest

from pypool.frame import FrameType
from tests.worker_process import FIXTURES, WorkerProcess


class Start(unittest.TestCase):
    def test_says_hello_first(self) -> None:
        with WorkerProcess() as worker:
            hello = worker.hello()
            self.assertEqual(hello["protocol"], [1, 1])
            self.assertEqual(hello["pid"], worker.process.pid)
            self.assertIn("stream", hello["capabilities"])

    def test_tells_the_facts_of_what_it_exposes_in_order(self) -> None:
        with WorkerProcess("echo") as worker:
            functions = worker.start().ready["functions"]
            self.assertEqual([function["name"] for function in functions], ["echo", "echo_async", "sum"])
            self.assertEqual([function["async"] for function in functions], [False, True, False])
            facts = {
                "name": "sum",
                "stream": False,
                "async": False,
                "idempotent": True,
                "timeoutSeconds": 5,
                "concurrency": 2,
                "cancel": "interrupt",
            }
            self.assertEqual(functions[2], facts)

    def test_answers_pings_while_a_module_is_imported(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            gate = os.path.join(folder, "gate")
            os.mkfifo(gate)
            with WorkerProcess("block_on_import", cwd=folder) as worker:
                worker.hello()
                worker.send_control(FrameType.WELCOME, worker.welcome_message)
                worker.send_control(FrameType.PING, {"n": 7})
                self.assertEqual(worker.hear(FrameType.PONG), {"n": 7, "running": None, "busyMs": 0})
                with open(gate, "w"):
                    pass
                worker.hear(FrameType.READY)
                self.assertIs(worker.call("ready"), True)

    def test_runs_what_comes_before_a_fork_before_the_start_hooks(self) -> None:
        with WorkerProcess("load_before_fork") as worker:
            self.assertEqual(worker.start().call("tell"), ["load", "start"])

    def test_serves_a_dotted_name_from_the_working_directory(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "package"))
            with open(os.path.join(folder, "package", "module.py"), "w") as file:
                file.write("import sys, pypool\n@pypool.expose\ndef path(): return [sys.path[0], sys.argv]\n")
            with WorkerProcess("package.module", cwd=folder) as worker:
                self.assertEqual(worker.start().call("path"), [os.path.realpath(folder), ["-c"]])

    def test_serves_a_file_that_is_named_like_a_loaded_module(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "json.py")
            with open(path, "w") as file:
                file.write(
                    "import json, sys\nfrom pypool import expose\n"
                    "@expose\ndef where(): return [__file__, json.__name__, sys.path[0]]\n"
                )
            with WorkerProcess(path) as worker:
                self.assertEqual(worker.start().call("where"), [path, "json", folder])

    def test_serves_several_modules_under_their_prefixes(self) -> None:
        modules = [
            {"prefix": "a", "source": str(FIXTURES / "echo.py"), "kind": "path"},
            {"prefix": "b", "source": str(FIXTURES / "raise_errors.py"), "kind": "path"},
        ]
        with WorkerProcess(modules=modules) as worker:
            self.assertEqual(worker.start().call("b.echo", 1), 1)
            self.assertEqual(worker.call("a.sum", 1, 2), 3)
            self.assertEqual(worker.call_error("echo", 1)["kind"], "unknown-function")

    def test_serves_functions_of_a_module_that_may_not_be_edited(self) -> None:
        with WorkerProcess("math", expose=["hypot", "floor"]) as worker:
            worker.start()
            self.assertEqual(worker.call("hypot", 3, 4), 5)
            self.assertEqual(worker.call_error("sqrt", 4)["kind"], "unknown-function")

    def test_serves_without_the_signatures_that_do_not_fit_into_one_frame(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "wordy.py")
            with open(path, "w") as file:
                file.write(
                    f"from pypool import expose\n@expose\ndef f():\n    '{'much ' * 500}'\n    return 1\n"
                )
            limits = {"maxFrameBytes": 2_000, "maxBufferBytes": 1}
            with WorkerProcess(path, signatures=True, limits=limits) as worker:
                [function] = worker.start().ready["functions"]
                self.assertNotIn("signature", function)
                event = worker.hear(FrameType.EVENT)
                self.assertEqual(event["event"], "suggestion")
                self.assertIn("limits.maxFrameBytes is 2000", event["message"])
                self.assertEqual(worker.call("f"), 1)

    def test_serves_what_a_module_includes(self) -> None:
        with WorkerProcess("include_others") as worker:
            self.assertEqual(worker.start().call("lib.sum", 1), 1)
            self.assertEqual(worker.call("own"), "own")


class StartFailure(unittest.TestCase):
    def fails(self, module: str, **welcome: object) -> dict:
        with WorkerProcess(module, **welcome) as worker:
            error = worker.start_failure()
            self.assertEqual(worker.process.wait(30), 1)
            return error

    def test_tells_an_import_error_with_the_traceback_of_the_module_alone(self) -> None:
        error = self.fails("raise_on_import")
        self.assertEqual((error["kind"], error["type"]), ("python", "ModuleNotFoundError"))
        self.assertEqual(
            [os.path.basename(frame["file"]) for frame in error["frames"]], ["raise_on_import.py"]
        )

    def test_tells_that_a_module_left_while_it_was_imported(self) -> None:
        error = self.fails("exit_on_import")
        self.assertIn("sys.exit(3)", error["message"])
        self.assertEqual(error["cause"]["type"], "SystemExit")

    def test_tells_that_nothing_is_exposed_though_names_are_imported(self) -> None:
        self.assertIn("'expose_nothing' exposes no function", self.fails("expose_nothing")["message"])

    def test_tells_that_a_name_to_expose_is_missing_and_what_was_meant(self) -> None:
        self.assertIn("did you mean 'plain'", self.fails("expose_nothing", expose=["plane"])["message"])
        self.assertIn("a int, no function", self.fails("expose_nothing", expose=["number"])["message"])
        self.assertIn(
            "nothing named 'os.system'", self.fails("expose_nothing", expose=["os.system"])["message"]
        )

    def test_tells_that_a_file_is_missing(self) -> None:
        self.assertIn("/nowhere/module.py", self.fails("/nowhere/module.py")["message"])

    def test_tells_that_a_module_is_missing_and_where_it_was_looked_for(self) -> None:
        self.assertIn(f"no module named 'nowhere' in {os.getcwd()}", self.fails("nowhere.at_all")["message"])

    def test_shows_a_syntax_error_without_the_frames_of_the_import(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "unfinished.py")
            with open(path, "w") as file:
                file.write("def f(:\n    pass\n")
            error = self.fails(path)
        self.assertEqual((error["type"], error["frames"]), ("SyntaxError", []))
        self.assertEqual(error["traceback"].splitlines()[0], f'  File "{path}", line 1')

    def test_tells_that_a_fact_of_a_function_cannot_be_told(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "odd_fact.py")
            with open(path, "w") as file:
                file.write(
                    "from fractions import Fraction\nfrom pypool import expose\n"
                    "@expose(timeout_seconds=Fraction(1, 2))\ndef f(): pass\n"
                )
            self.assertEqual(self.fails(path)["kind"], "unencodable")

    def test_tells_what_a_start_hook_raised(self) -> None:
        error = self.fails("fail_in_start_hook")
        self.assertEqual((error["type"], error["message"]), ("ConnectionError", "no database for pool-0.1"))

    def test_refuses_a_hook_before_the_fork_that_is_async(self) -> None:
        error = self.fails("load_async_before_fork")
        self.assertEqual(error["type"], "TypeError")
        self.assertIn("load is async: use on_worker_start", error["message"])

    def test_refuses_a_version_that_it_does_not_speak_and_names_both(self) -> None:
        with WorkerProcess(protocol=2) as worker:
            worker.hello()
            worker.send_control(FrameType.WELCOME, worker.welcome_message)
            self.assertEqual(worker.process.wait(30), 76)
            self.assertRegex(worker.stderr(), "protocol error: .*speaks 1 to 1, Node 2 to 2\n$")

    def test_says_how_it_is_started_when_it_is_started_by_hand(self) -> None:
        import subprocess
        import sys

        ran = subprocess.run(
            [sys.executable, "-m", "pypool"], cwd=FIXTURES.parent.parent, capture_output=True
        )
        self.assertEqual(ran.returncode, 64)
        self.assertIn(b"usage:", ran.stderr)
