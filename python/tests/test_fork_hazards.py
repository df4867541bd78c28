"""What stands against forking a process, found by the operating system."""

import mmap
import os
import select
import socket
import sys
import tempfile
import threading
import unittest
from unittest import mock

from pypool import fork_hazards
from pypool.fork_hazards import Baseline, find_thread_hazards
from tests.own_process import in_own_process
from tests.worker_process import PATIENCE_SECONDS


@in_own_process
@unittest.skipUnless(sys.platform == "linux", "there are fork servers on Linux alone")
class Hazards(unittest.TestCase):
    def names(self, *tolerated: str, baseline: Baseline) -> list:
        return [found["hazard"] for found in baseline.find_hazards(tolerated)]

    def test_a_process_with_one_thread_has_none(self) -> None:
        self.assertEqual(Baseline().find_hazards(()), [])

    def test_names_the_threads_of_python(self) -> None:
        done = threading.Event()
        thread = threading.Thread(target=done.wait, name="poller")
        thread.start()
        try:
            self.assertEqual(find_thread_hazards(()), [{"hazard": "python-threads", "found": ["poller"]}])
            self.assertEqual(find_thread_hazards({"python-threads"}), [])
        finally:
            done.set()
            thread.join()

    def test_waits_for_a_thread_that_is_just_ending(self) -> None:
        thread = threading.Timer(0.02, lambda: None)
        thread.start()
        # As long as it takes on a machine that is busy; it does not stay long enough to be found otherwise.
        with mock.patch.object(fork_hazards, "_SETTLE_SECONDS", PATIENCE_SECONDS):
            self.assertEqual(find_thread_hazards(()), [])
        thread.join()

    def test_finds_what_was_opened_since_and_not_what_was_open_before(self) -> None:
        before, other = socket.socketpair()
        with before, other:
            baseline = Baseline()
            again = before.dup()
            with again:
                self.assertEqual(baseline.find_hazards(()), [])
            with socket.create_server(("127.0.0.1", 0)) as server:
                (found,) = baseline.find_hazards(())
                self.assertEqual(found["hazard"], "socket")
                self.assertIn(f"of {server.getsockname()!r}", found["found"][0])
                self.assertEqual(self.names("socket", baseline=baseline), [])
                with socket.create_connection(server.getsockname()):
                    (found,) = baseline.find_hazards(())
                    self.assertIn(f"connected to {server.getsockname()!r}", found["found"][1])

    def test_finds_a_selector_that_an_event_loop_left_open(self) -> None:
        baseline = Baseline()
        with select.epoll():
            self.assertEqual(self.names(baseline=baseline), ["event-loop"])

    def test_finds_files_to_be_read_but_neither_logs_nor_what_is_mapped(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "things")
            baseline = Baseline()
            with open(path, "a") as log:
                log.write("x" * 100_000)
                self.assertEqual(baseline.find_hazards(()), [])
            with open(path, "rb") as file:
                self.assertEqual(baseline.find_hazards(()), [{"hazard": "file", "found": [path]}])
                self.assertEqual(self.names("file", baseline=baseline), [])
                memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            with memory:
                self.assertEqual(baseline.find_hazards(()), [])

    def test_finds_a_database_that_is_open(self) -> None:
        try:
            import sqlite3
        except ImportError:
            self.skipTest("this Python was built without SQLite")
        with tempfile.TemporaryDirectory() as folder:
            baseline = Baseline()
            database = sqlite3.connect(os.path.join(folder, "database"))
            try:
                database.execute("CREATE TABLE things (name)")
                self.assertEqual(self.names(baseline=baseline), ["file"])
            finally:
                database.close()

    def test_tells_of_many_only_how_many_more(self) -> None:
        baseline = Baseline()
        pairs = [socket.socketpair() for _ in range(6)]
        (found,) = baseline.find_hazards(())
        self.assertEqual(len(found["found"]), 9)
        self.assertEqual(found["found"][-1], "4 more")
        for pair in pairs:
            for sock in pair:
                sock.close()
