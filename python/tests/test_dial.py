"""Dialling Node: the way to three channels for a process that inherits none."""

import os
import signal
import threading
import unittest

from pypool.channels import open_channels
from pypool.frame import FrameType
from tests.listener import Listener
from tests.worker_process import PATIENCE_SECONDS, WorkerProcess, start_runtime


class Dial(unittest.TestCase):
    def test_says_who_it_is_on_each_channel_in_order(self) -> None:
        with Listener() as listener, WorkerProcess(listener=listener) as worker:
            worker.hello()
            heads = [preamble[:24] for preamble in listener.preambles]
            self.assertEqual(heads, [b"pypool\x01" + bytes([number]) + listener.offer for number in range(3)])
            self.assertEqual({preamble[32:] for preamble in listener.preambles}, {listener.secret})
            self.assertEqual(len({preamble[24:32] for preamble in listener.preambles}), 1)

    def test_serves_calls_over_a_unix_socket(self) -> None:
        with Listener() as listener, WorkerProcess(listener=listener) as worker:
            self.assertEqual(worker.start().call("echo", "ä" * 100_000), "ä" * 100_000)
            self.assertEqual(worker.stop(), 0)

    def test_serves_calls_over_tcp(self) -> None:
        with Listener("tcp") as listener, WorkerProcess(listener=listener) as worker:
            self.assertEqual(worker.start().call("echo", [1, 2]), [1, 2])
            self.assertEqual(worker.stop(), 0)

    def test_hides_the_secret_from_user_code_and_its_children(self) -> None:
        with Listener() as listener, WorkerProcess("tell_environment", listener=listener) as worker:
            self.assertEqual(worker.start().call("names_like", "PYPOOL_CONNECT_"), [[], []])

    def test_ends_where_node_closes_the_connection_before_it_is_taken(self) -> None:
        with Listener() as listener:
            process = start_runtime(listener.arguments, env=listener.env)
            for _ in range(3):
                listener.accept().close()
            _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
            self.assertEqual(process.returncode, 69)
            self.assertIn(f"no connection to Node at {listener.arguments[1]}", stderr.decode())
            self.assertNotIn(listener.secret.hex(), stderr.decode())

    def test_ends_where_nobody_listens(self) -> None:
        with Listener() as listener:
            arguments, env = listener.arguments, listener.env
        process = start_runtime(arguments, env=env)
        _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(process.returncode, 69)
        self.assertIn("No such file or directory", stderr.decode())

    def test_explains_itself_where_it_is_told_neither_an_address_nor_channels(self) -> None:
        for arguments in ([], ["--connect"], ["--connect", "unix:/s#12"], ["--channels", "unix:/s"]):
            with self.subTest(arguments):
                process = start_runtime(arguments)
                _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
                self.assertEqual(process.returncode, 64)
                self.assertIn("usage:", stderr.decode())

    def test_leaves_nothing_open_where_the_third_channel_fails(self) -> None:
        with Listener("tcp") as listener:
            environ = dict(listener.env)
            before = _descriptors()

            def refuse() -> None:
                for _ in range(3):
                    listener.accept().close()

            node = threading.Thread(target=refuse)
            node.start()
            with self.assertRaises(OSError):
                open_channels(listener.arguments, environ)
            node.join()
            self.assertEqual(_descriptors(), before)
            self.assertEqual(environ, {})

    def test_ends_with_node(self) -> None:
        with Listener() as listener, WorkerProcess(listener=listener) as worker:
            worker.start()
            worker.control.close()
            self.assertEqual(worker.process.wait(PATIENCE_SECONDS), -signal.SIGKILL)

    def test_is_interrupted_as_ever(self) -> None:
        with Listener() as listener, WorkerProcess("run_on", listener=listener) as worker:
            call_id = worker.start().send("where", "sleep")
            assert worker.process.stderr is not None
            self.assertEqual(worker.process.stderr.readline(), b"about to block\n")
            worker.send_control(FrameType.CANCEL, {"mode": "interrupt"}, call_id)
            self.assertEqual(worker.error()["kind"], "cancelled")
            self.assertEqual(worker.call("tell"), ["sleep"])


def _descriptors() -> int:
    return len(os.listdir("/dev/fd"))
