"""What is printed in a worker: nothing is lost or changed, and marks say which call printed it."""

from __future__ import annotations

import json
import re
import signal
import sys
import tempfile
import threading
import unittest
from collections import Counter
from pathlib import Path
from typing import Any

from pypool.frame import FrameType
from tests.worker_process import PATIENCE_SECONDS, WorkerProcess

TOKEN = "5ecre7"
MARK = re.compile(rb"\x1b_pypool;5ecre7;(.*?)\x1b\\")


def parts_of(output: bytes) -> list[tuple[Any, str]]:
    """What was printed, piece by piece, each with what the mark before it says."""
    pieces = MARK.split(output)
    marks = [
        None,
        *(json.loads(mark) if mark[:1] == b"[" else mark.decode() or None for mark in pieces[1::2]),
    ]
    texts = [text.decode("latin-1") for text in pieces[0::2]]
    return [(mark, text) for mark, text in zip(marks, texts) if text]


class Printing(unittest.TestCase):
    def start(self, **welcome: Any) -> WorkerProcess:
        worker = WorkerProcess("print_things", **{"outputToken": TOKEN, **welcome})
        self.addCleanup(worker.__exit__)
        return worker.start()

    def printed(self, worker: WorkerProcess) -> list[tuple[Any, str]]:
        """What it printed after its import."""
        worker.stop()
        first, *others = parts_of(worker.stdout_bytes())
        self.assertEqual(first[0], None)
        self.assertTrue(first[1].startswith("at import\nraw at import\n"))
        rest = first[1][len("at import\nraw at import\n") :]
        return [(None, rest), *others] if rest else others

    def test_is_marked_with_the_call_its_function_and_its_session(self) -> None:
        worker = self.start()
        call = worker.send("say", "hello", "world", meta={"session": {"id": 'a"n\x1b\\\ud83d\ude00'}})
        worker.reply()
        worker.call("say_nothing")
        worker.call("raw", "of C code\n")
        self.assertEqual(
            self.printed(worker),
            [([call, "say", 'a"n\x1b\\\U0001f600'], "hello world\n"), (None, "of C code\n")],
        )

    def test_is_marked_anew_only_where_the_call_changes(self) -> None:
        worker = self.start()
        worker.call("say", "one\ntwo")
        worker.call("say", "three")
        worker.stop()
        marks = MARK.findall(worker.stdout_bytes())
        self.assertEqual(marks, [b'[1,"say",null]', b"", b'[2,"say",null]', b""])

    def test_is_of_no_call_once_that_has_ended_or_while_it_is_silent(self) -> None:
        worker = self.start()
        call = worker.send("between_children")
        worker.reply()
        worker.call("raw", "later\n")
        self.assertEqual(
            self.printed(worker),
            [
                (None, "child before\n"),
                ([call, "between_children", None], "said\nchild while\n"),
                (None, "later\n"),
            ],
        )

    def test_is_written_before_the_answer_leaves_even_where_no_line_ends(self) -> None:
        worker = self.start()
        worker.call("say_to_both")
        worker.call_error("say_and_fail", "failed")
        self.assertEqual(
            self.printed(worker),
            [([1, "say_to_both", None], "to stdout\xff\x00"), ([2, "say_and_fail", None], "failed")],
        )
        self.assertEqual(parts_of(worker.stderr_bytes()), [([1, "say_to_both", None], "to stderr")])

    def test_is_not_marked_where_node_does_not_ask_for_it(self) -> None:
        worker = self.start(outputToken=None)
        worker.call("say", "plain")
        worker.call("fork")
        self.assertEqual(self.printed(worker), [(None, f"plain\nhalf of child's {'x' * 5000}\na line\n")])

    def test_leaves_out_what_is_too_long_for_a_mark(self) -> None:
        worker = self.start()
        worker.send("say", "word", meta={"session": {"id": "s" * 20_000}})
        worker.reply()
        self.assertEqual(self.printed(worker), [([1, None, None], "word\n")])

    def test_streams_are_those_of_python_to_whoever_looks(self) -> None:
        expected = [True, True, True, True, 1, False, True, "w", True, "backslashreplace"]
        self.assertEqual(self.start().call("be_as_usual"), expected)

    def test_puts_no_mark_into_a_file_in_the_place_of_the_pipe(self) -> None:
        worker = self.start()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "elsewhere"
            worker.call("say_elsewhere", str(path))
            self.assertEqual(path.read_bytes(), b"into the file\n")
        self.assertEqual(self.printed(worker), [([1, "say_elsewhere", None], "back\n")])

    def test_is_let_be_where_user_code_replaces_or_closes_the_stream(self) -> None:
        worker = self.start()
        self.assertEqual(worker.call("replace"), "into a text\n")
        self.assertEqual(worker.call("close"), "I/O operation on closed file.")
        worker.call("say", "as ever")
        self.assertEqual(
            self.printed(worker),
            [(None, "by a stream of my own\n"), ([3, "say", None], "as ever\n")],
        )

    def test_keeps_the_lines_of_threads_whole_and_apart(self) -> None:
        worker = self.start()
        read: list[bytes] = []
        reader = threading.Thread(target=lambda: read.append(worker.stdout_bytes()))
        reader.start()
        worker.call("say_in_threads", 3, 500)
        worker.stop()
        reader.join()
        lines: dict[Any, list[str]] = {}
        for mark, text in parts_of(read[0]):
            self.assertTrue(text.endswith("\n"), text)
            lines.setdefault(mark and mark[1], []).extend(text.splitlines())
        self.assertEqual(lines["say_in_threads"], [f"handler {number} of 500" for number in range(500)])
        others = lines[None][2:]
        for name in range(3):
            mine = [line for line in others if line.startswith(f"thread {name} ")]
            self.assertEqual(mine, [f"thread {name} {number} of 500" for number in range(500)])
        self.assertEqual(len(others), 1500)

    def test_of_calls_beside_each_other_is_told_apart(self) -> None:
        for engine, function in (("threads", "say_often"), ("async", "say_in_turns")):
            with self.subTest(engine):
                worker = self.start(engine=engine, concurrency=3)
                read: list[bytes] = []
                reader = threading.Thread(
                    target=lambda out=worker, into=read: into.append(out.stdout_bytes())
                )
                reader.start()
                calls = [worker.send(function, f"caller-{number}", 300) for number in range(3)]
                for _ in calls:
                    self.assertEqual(worker.reply().type, FrameType.RESULT)
                worker.stop()
                reader.join()
                texts: dict[int, str] = {}
                for mark, text in parts_of(read[0])[1:]:
                    self.assertIsNotNone(mark, text)
                    texts[mark[0]] = texts.get(mark[0], "") + text
                tail = " of 300" if engine == "threads" else ""
                for number, call in enumerate(calls):
                    lines = [f"caller-{number} {line}{tail}" for line in range(300)]
                    self.assertEqual(texts[call].splitlines(), lines)
                self.assertTrue(read[0].endswith(b";\x1b\\"))

    def test_is_written_when_the_thread_ends_that_printed_it(self) -> None:
        worker = self.start()
        worker.call("say_half_in_a_thread")
        worker.call("say", "after")
        self.assertEqual(self.printed(worker), [(None, "half"), ([2, "say", None], "after\n")])

    def test_is_of_the_call_whose_context_it_is_printed_in(self) -> None:
        worker = self.start()
        worker.call("say_in_tasks")
        self.assertEqual(self.printed(worker), [([1, "say_in_tasks", None], "in a thread\nin a coroutine\n")])

    def test_of_a_call_that_has_ended_is_marked_and_closed_line_by_line(self) -> None:
        for threaded in (False, True):
            with self.subTest(threaded=threaded):
                worker = self.start(engine="async", concurrency=2)
                call = worker.send("leave_a_task", threaded)
                worker.reply()
                self.assertIs(worker.call("let_it_say"), False)
                worker.call("raw", "of C code\n")
                self.assertEqual(
                    self.printed(worker), [([call, "leave_a_task", None], "late\n"), (None, "of C code\n")]
                )

    def test_of_a_forked_child_stands_aside_and_nothing_is_written_twice(self) -> None:
        worker = self.start()
        worker.call("fork")
        pieces = self.printed(worker)
        self.assertEqual(pieces[0], ([1, "fork", None], "half of "))
        self.assertEqual(pieces[-1], (")", "a line\n"))
        self.assertEqual({mark for mark, _ in pieces[1:-1]}, {"("})
        self.assertEqual("".join(text for _, text in pieces[1:-1]), f"child's {'x' * 5000}\n")

    def test_of_a_child_that_has_forked_itself_still_stands_aside(self) -> None:
        worker = self.start()
        worker.call("fork_in_a_fork")
        pieces = self.printed(worker)
        self.assertEqual({mark for mark, _ in pieces[:-1]}, {"("})
        self.assertEqual("".join(text for _, text in pieces[:-1]), "grandchild\nchild\n")
        self.assertEqual(pieces[-1], ([1, "fork_in_a_fork", None], "parent\n"))

    def test_of_a_child_that_comes_back_is_written_as_it_ends(self) -> None:
        worker = self.start()
        worker.call("fork_and_return")
        self.assertEqual(
            self.printed(worker),
            [([1, "fork_and_return", None], "before\n"), ("(", "child half")],
        )

    def test_loses_and_tears_nothing_where_the_pipe_is_full_and_does_not_block(self) -> None:
        worker = self.start()
        # Nobody reads meanwhile: it fills.
        self.assertEqual(worker.call("flood_without_blocking", 1 << 30), 100)
        read: list[bytes] = []
        reader = threading.Thread(target=lambda: read.append(worker.stdout_bytes()))
        reader.start()
        worker.call("say_nothing")
        worker.stop()
        reader.join()
        _, (mark, text), *rest = parts_of(read[0])
        self.assertEqual(mark, [1, "flood_without_blocking", None])
        self.assertEqual(rest, [])
        pattern = bytes(range(256)).decode("latin-1")
        self.assertGreater(len(text), 4096)
        self.assertEqual(text, (pattern * (len(text) // 256 + 1))[: len(text)])

    def test_is_written_once_where_the_handler_of_a_signal_raises_in_a_print(self) -> None:
        worker = self.start()
        read: list[bytes] = []
        reader = threading.Thread(target=lambda: read.append(worker.stdout_bytes()))
        reader.start()
        worker.call("say_under_signals", 1000)
        worker.stop()
        reader.join()
        text = "".join(text for _, text in parts_of(read[0]))
        # A print that is torn may leave out parts: its number, its end.
        numbers = re.findall(r"(?<=line )\d+(?=\n)", text)
        doubled = [number for number, count in Counter(numbers).items() if count > 1]
        # Until Python 3.9, one place is left: between the last two steps of the return. It was 140.
        self.assertLessEqual(len(doubled), 0 if sys.version_info >= (3, 10) else 20, doubled)
        self.assertIn("a thread still prints\n", text)

    def test_is_there_of_a_worker_that_dies_within_a_line(self) -> None:
        worker = self.start()
        worker.send("die_within_a_line")
        self.assertEqual(worker.process.wait(PATIENCE_SECONDS), -signal.SIGKILL)
        self.assertEqual(
            parts_of(worker.stdout_bytes())[1:], [([1, "die_within_a_line", None], "half a line")]
        )

    def test_of_a_stream_ends_with_it(self) -> None:
        worker = WorkerProcess("produce_items", outputToken=TOKEN)
        self.addCleanup(worker.__exit__)
        worker.start()
        worker.send("print_between", 2, meta={"credit": 64})
        self.assertEqual(
            [worker.reply().type for _ in range(3)], [FrameType.ITEM, FrameType.ITEM, FrameType.RESULT]
        )
        worker.stop()
        self.assertEqual(parts_of(worker.stdout_bytes()), [([1, "print_between", None], "item 0\nitem 1\n")])
        self.assertTrue(worker.stderr_bytes() == b"")


if __name__ == "__main__":
    unittest.main()
