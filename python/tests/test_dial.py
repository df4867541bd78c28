"""Dialling Node: the way to three channels for a process that inherits none."""

import contextlib
import gc
import os
import signal
import socket
import ssl
import threading
import unittest

from pypool.channels import open_channels
from pypool.dial import _connect_unix
from pypool.frame import FrameType
from pypool.frame_writer import write_frame
from pypool.plain_json import parse_json, write_json
from tests.listener import CERTIFICATES, Listener
from tests.sockets import Sink
from tests.worker_process import PATIENCE_SECONDS, WorkerProcess, start_runtime

OTHER_CA = (CERTIFICATES / "other-ca.crt").read_text()


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

    def test_waits_for_node_whatever_limit_the_modules_of_a_fork_server_have_set_for_sockets(self) -> None:
        self.addCleanup(socket.setdefaulttimeout, socket.getdefaulttimeout())
        with Listener() as listener:
            socket.setdefaulttimeout(5)
            sock = _connect_unix(listener.path)
            self.addCleanup(sock.close)
            self.assertIsNone(sock.gettimeout())

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
            gc.collect()  # what tests before this one have left, or it might go in between
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
            self.assertEqual(worker.line(), b"about to block\n")
            worker.send_control(FrameType.CANCEL, {"mode": "interrupt"}, call_id)
            self.assertEqual(worker.error()["kind"], "cancelled")
            self.assertEqual(worker.call("tell"), ["sleep"])


class DialOverTls(unittest.TestCase):
    def test_serves_large_values_both_ways(self) -> None:
        with Listener("tls") as listener, WorkerProcess(listener=listener) as worker:
            worker.start()
            for size in (0, 1, 16_384, 16_385, 900_000):
                self.assertEqual(worker.call("echo", "x" * size), "x" * size)
            self.assertEqual(worker.stop(), 0)

    def test_serves_in_the_other_engines(self) -> None:
        for engine in ("async", "threads"):
            with (
                Listener("tls") as node,
                WorkerProcess(listener=node, engine=engine, concurrency=4) as worker,
            ):
                worker.start()
                # In pieces that end anywhere, so that records and frames do not end together.
                wanted = {worker.send("echo", "ä" * (997 * number)): number for number in range(40)}
                while wanted:
                    reply = worker.reply()
                    size = len(parse_json(reply.envelope))
                    self.assertEqual(size, 997 * wanted.pop(reply.call_id))
                self.assertEqual(worker.stop(), 0)

    def test_reads_at_once_what_comes_together_with_the_end_of_a_large_buffer(self) -> None:
        with (
            Listener("tls") as node,
            WorkerProcess("keep_arrays", listener=node, engine="async", concurrency=4).start() as worker,
        ):
            # Of sizes that leave more or less to the last read, which brings the small call, too.
            for kibibytes in range(400, 800, 40):
                worker.calls += 1
                large = worker.calls
                sent = Sink()
                envelope = write_json(["copy", [{"$": ["array", 0, "f8"]}]])
                write_frame(sent, FrameType.CALL, large, envelope, True, [bytes(1024 * kibibytes)])
                worker.calls += 1
                write_frame(sent, FrameType.CALL, worker.calls, write_json(["look"]))
                worker.requests.sendall(sent.data)
                self.assertEqual({worker.reply().call_id for _ in range(2)}, {large, worker.calls})

    def test_reads_and_writes_control_at_once(self) -> None:
        # One thread reads pings and answers them while others log: what OpenSSL is not made for.
        with Listener("tls") as listener, WorkerProcess("log_from_threads", listener=listener) as worker:
            call_id = worker.start().send("log", 4, 200)
            logged = pongs = pinged = 0
            while pongs < 60 or not logged:
                while pinged < min(pongs + 8, 60):
                    pinged += 1
                    worker.send_control(FrameType.PING, {"n": pinged})
                frame = worker.said.read()
                assert frame is not None
                if frame.type == FrameType.PONG:
                    pongs += 1
                    self.assertEqual(parse_json(frame.envelope)["n"], pongs)
                else:
                    self.assertEqual(frame.type, FrameType.LOG)
                    logged += 1 + parse_json(frame.envelope)["dropped"]
            self.assertEqual(worker.reply().call_id, call_id)

    def test_is_interrupted_as_ever(self) -> None:
        with Listener("tls") as listener, WorkerProcess("run_on", listener=listener) as worker:
            worker.start()
            for _ in range(3):
                call_id = worker.send("where", "sleep")
                self.assertEqual(worker.line(), b"about to block\n")
                worker.send_control(FrameType.CANCEL, {"mode": "interrupt"}, call_id)
                self.assertEqual(worker.error()["kind"], "cancelled")

    def test_ends_cleanly_where_node_ends_the_requests_with_a_goodbye_or_without(self) -> None:
        for goodbye in (True, False):
            with Listener("tls") as listener, WorkerProcess(listener=listener) as worker:
                worker.start()
                if goodbye:
                    assert isinstance(worker.requests, ssl.SSLSocket)
                    # Does not wait for the other side's, which never comes: a worker just exits.
                    worker.requests.settimeout(0)
                    with contextlib.suppress(OSError):
                        worker.requests.unwrap()
                self.assertEqual(worker.stop(), 0)

    def test_leaves_the_channels_to_its_parent_where_a_handler_forks(self) -> None:
        with Listener("tls") as listener, WorkerProcess("fork_child", listener=listener) as worker:
            worker.start()
            self.assertEqual(worker.call("fork_and_return"), 0)
            self.assertEqual(worker.call("fork_and_return"), 0)

    def test_refuses_a_node_that_its_certificates_do_not_vouch_for(self) -> None:
        with Listener("tls") as listener:
            elsewhere = [each.replace("127.0.0.1", "127.0.0.2") for each in listener.arguments]
            for what, env, arguments in (
                ("the CA is another", {**listener.env, "PYPOOL_CONNECT_CA": OTHER_CA}, listener.arguments),
                ("the system does not know the CA", {"PYPOOL_CONNECT_SECRET": "00" * 32}, listener.arguments),
                ("the name is another", listener.env, elsewhere),
            ):
                with self.subTest(what):
                    process = start_runtime(arguments, env=env)
                    with self.assertRaises(OSError):
                        listener.accept()
                    _, stderr = process.communicate(timeout=PATIENCE_SECONDS)
                    self.assertEqual(process.returncode, 69)
                    self.assertIn("certificate verify failed", stderr.decode())
            self.assertEqual(listener.preambles, [])  # no secret was said


def _descriptors() -> int:
    return len(os.listdir("/dev/fd"))
