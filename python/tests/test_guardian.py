"""The guardian: what it registers, what it answers, and whom it ends."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from pypool import guardian
from pypool.guardian import Guardian, start_time_of

SLEEP = [sys.executable, "-S", "-E", "-c", "import time; print(flush=True); time.sleep(3600)"]


def sleeper() -> subprocess.Popen:
    """Start a process that leads a group of its own and sleeps."""
    process = subprocess.Popen(SLEEP, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie that waits for its new parent does not."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            stat = file.read()
    except OSError:
        return False
    return stat[stat.rindex(b")") + 2 :][:1] not in (b"Z", b"X")


class Lines(unittest.TestCase):
    def test_answers_a_registration_with_its_own_line(self) -> None:
        self.assertEqual(Guardian().feed(b"+4194000\n"), b"+4194000\n")

    def test_answers_several_lines_of_one_read_in_order_and_no_removal(self) -> None:
        registered = Guardian()
        self.assertEqual(registered.feed(b"+4194000\n-4194000\n+4194001\n"), b"+4194000\n+4194001\n")
        self.assertEqual(registered.groups, {4194001})

    def test_reads_lines_in_any_split(self) -> None:
        text = b"+4194000\n+4194001\n-4194000\n"
        for split in range(len(text) + 1):
            registered = Guardian()
            answers = registered.feed(text[:split]) + registered.feed(text[split:])
            self.assertEqual(answers, b"+4194000\n+4194001\n")
            self.assertEqual(registered.groups, {4194001})

    def test_registers_nothing_of_a_line_that_was_cut_off(self) -> None:
        registered = Guardian()
        self.assertEqual(registered.feed(b"+419"), b"")
        self.assertEqual(registered.groups, frozenset())

    def test_ignores_what_is_no_group_of_a_worker(self) -> None:
        registered = Guardian()
        self.assertEqual(registered.feed(b"+0\n+1\n+\n\n+-5\n+4x\nhello\n-77\n"), b"")
        self.assertEqual(registered.groups, frozenset())

    def test_answers_nothing_to_what_it_is_told_of_sockets(self) -> None:
        self.assertEqual(Guardian().feed(b">2f746d70\n>no digits\n<\n"), b"")

    def test_keeps_no_more_of_an_endless_line_than_a_line_can_be(self) -> None:
        registered = Guardian()
        for _ in range(1000):
            registered.feed(b"x" * 4096)
        self.assertLess(len(registered._partial), 1000)


@unittest.skipUnless(os.path.isdir("/proc/self"), "needs /proc")
class StartTimes(unittest.TestCase):
    def test_a_process_keeps_its_start_time(self) -> None:
        self.assertEqual(start_time_of(os.getpid()), start_time_of(os.getpid()))
        self.assertRegex(start_time_of(os.getpid()) or b"", rb"^\d+$")

    def test_a_process_that_is_gone_has_none(self) -> None:
        with sleeper() as process:
            process.kill()
        self.assertIsNone(start_time_of(process.pid))

    def test_survives_a_command_name_that_looks_like_a_status(self) -> None:
        rename = "open('/proc/self/comm', 'w').write('a) Z 1 (b'); " + SLEEP[-1]
        with subprocess.Popen([*SLEEP[:-1], rename], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            self.assertRegex(start_time_of(process.pid) or b"", rb"^\d+$")
            process.kill()


class Sockets(unittest.TestCase):
    """What workers dial, in a folder of its own below one of the test's."""

    def setUp(self) -> None:
        parent = tempfile.TemporaryDirectory()
        self.addCleanup(parent.cleanup)
        self.folder = os.path.join(parent.name, "private")
        os.mkdir(self.folder)
        self.path = os.path.join(self.folder, "s")
        self.told = b">" + os.fsencode(self.path).hex().encode() + b"\n"
        self.guardian = Guardian()

    def listen(self) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path)

    def test_goes_with_its_folder(self) -> None:
        self.listen()
        self.guardian.feed(self.told)
        self.guardian.end_all()
        self.assertFalse(os.path.exists(self.folder))

    def test_stays_where_node_let_the_guardian_go(self) -> None:
        self.listen()
        self.guardian.feed(self.told + b"<\n")
        self.guardian.end_all()
        self.assertTrue(os.path.exists(self.path))

    def test_takes_nothing_else_with_it(self) -> None:
        with open(self.path, "w"):
            pass
        self.guardian.feed(self.told)
        self.guardian.end_all()
        self.assertTrue(os.path.exists(self.path))
        os.unlink(self.path)
        self.listen()
        with open(os.path.join(self.folder, "other"), "w"):
            pass
        self.guardian.feed(self.told)
        self.guardian.end_all()
        self.assertEqual(os.listdir(self.folder), ["other"])

    def test_that_is_gone_is_no_error(self) -> None:
        self.guardian.feed(self.told)
        self.guardian.end_all()


class Ending(unittest.TestCase):
    def test_kills_registered_groups_and_no_others(self) -> None:
        with sleeper() as ours, sleeper() as removed, sleeper() as other:
            registered = Guardian()
            registered.feed(b"+%d\n+%d\n-%d\n" % (ours.pid, removed.pid, removed.pid))
            registered.end_all()
            self.assertEqual(ours.wait(), -signal.SIGKILL)
            self.assertIsNone(removed.poll())
            self.assertIsNone(other.poll())
            removed.kill()
            other.kill()

    @unittest.skipUnless(os.path.isdir("/proc/self"), "needs /proc")
    def test_passes_over_a_number_that_another_process_has_now(self) -> None:
        with sleeper() as process:
            registered = Guardian()
            registered.feed(b"+%d\n" % process.pid)
            registered._groups[process.pid] = b"1"
            registered.end_all()
            self.assertIsNone(process.poll())
            process.kill()

    @unittest.skipUnless(os.path.isdir("/proc/self"), "needs /proc")
    def test_kills_what_a_leader_left_behind(self) -> None:
        leave = (
            "import subprocess\n"
            f"print(subprocess.Popen({SLEEP!r}, stdout=subprocess.DEVNULL).pid, flush=True)\n"
            "input()"
        )
        command = [*SLEEP[:-1], leave]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        ) as leader:
            assert leader.stdout is not None
            left_behind = int(leader.stdout.readline())
            registered = Guardian()
            registered.feed(b"+%d\n" % leader.pid)
            leader.communicate(b"\n")
        # Its leader is reaped; only the group can still reach it.
        self.assertTrue(is_alive(left_behind))
        registered.end_all()
        deadline = time.monotonic() + 10
        while is_alive(left_behind) and time.monotonic() < deadline:
            time.sleep(0.005)
        self.assertFalse(is_alive(left_behind))


class Running(unittest.TestCase):
    def start(self) -> subprocess.Popen:
        command = [sys.executable, "-S", "-E", guardian.__file__]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.stdout.close)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def test_kills_at_the_end_of_input_and_exits_0(self) -> None:
        process = self.start()
        with sleeper() as worker:
            process.stdin.write(b"+%d\n" % worker.pid)
            process.stdin.flush()
            self.assertEqual(process.stdout.readline(), b"+%d\n" % worker.pid)
            process.stdin.close()
            self.assertEqual(worker.wait(), -signal.SIGKILL)
        self.assertEqual(process.wait(), 0)

    def test_reads_what_was_written_before_the_end_when_nobody_hears_its_answers(self) -> None:
        process = self.start()
        with sleeper() as worker:
            process.stdout.close()
            process.stdin.write(b"+%d\n" % worker.pid)
            process.stdin.close()
            self.assertEqual(worker.wait(), -signal.SIGKILL)
        self.assertEqual(process.wait(), 0)

    def test_outlives_the_signals_of_a_terminal(self) -> None:
        process = self.start()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
        process.stdin.write(b"+4194000\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"+4194000\n")
        process.stdin.close()
        self.assertEqual(process.wait(), 0)


if __name__ == "__main__":
    unittest.main()
