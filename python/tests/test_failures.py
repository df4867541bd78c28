"""Exceptions as error objects."""

from __future__ import annotations

import builtins
import unittest

from pypool.errors import (
    Cancelled,
    Fail,
    FrameTooLarge,
    InvalidArguments,
    Unencodable,
    UnknownFunction,
    describe_exception,
)
from pypool.failures import MAX_CHAIN, MAX_EXCEPTIONS, MAX_TRACEBACK
from pypool.value import ValueCodec

Group = getattr(builtins, "ExceptionGroup", None)


def describe(error):
    """The error object, proven to be one that can be sent."""
    codec = ValueCodec(integers="bigint")
    described = describe_exception(error, codec.encode)
    codec.encode_message(described)
    return described


def raised(work):
    """What a function raises, with its traceback."""
    try:
        work()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def runtime(program, **names):
    """Functions that look like the runtime's own."""
    space = {"__name__": "pypool.engine", **names}
    exec(compile(program, "engine.py", "exec"), space)
    return space


class Kinds(unittest.TestCase):
    def test_an_exception_tells_everything_of_itself(self):
        def find(name):
            raise KeyError(name, 5)

        found = describe(raised(lambda: find("user")))
        self.assertEqual((found["kind"], found["type"], found["module"]), ("python", "KeyError", "builtins"))
        self.assertEqual((found["message"], found["args"]), ("('user', 5)", ["user", 5]))
        self.assertTrue(found["traceback"].startswith("Traceback (most recent call last):\n"))
        self.assertTrue(found["traceback"].endswith("KeyError: ('user', 5)\n"))
        last = found["frames"][-1]
        self.assertEqual((last["file"], last["code"]), (__file__, "raise KeyError(name, 5)"))
        self.assertTrue(last["function"].endswith("find"))
        self.assertIsInstance(last["line"], int)
        self.assertEqual(
            (found["cause"], found["context"], found["exceptions"], found["notes"]), (None, None, None, [])
        )

    def test_the_runtimes_own_errors_have_kinds_of_their_own(self):
        for error, wanted in (
            (Cancelled(), {"kind": "cancelled", "message": "the call was cancelled", "started": True}),
            (
                Cancelled(started=False),
                {"kind": "cancelled", "message": "the call was cancelled", "started": False},
            ),
            (
                Unencodable("result.a", "app.Owner"),
                {
                    "kind": "unencodable",
                    "message": "result.a is a app.Owner, which cannot be encoded",
                    "path": "result.a",
                    "type": "app.Owner",
                },
            ),
            (
                FrameTooLarge("an envelope", 2, 1),
                {
                    "kind": "frame-too-large",
                    "message": "an envelope of 2 bytes is over the limit of 1 bytes",
                    "bytes": 2,
                    "limit": 1,
                },
            ),
            (
                UnknownFunction("f", ["g"]),
                {
                    "kind": "unknown-function",
                    "message": "no function named 'f' is exposed; did you mean 'g'?",
                    "name": "f",
                    "suggestions": ["g"],
                },
            ),
            (
                InvalidArguments("missing 'a'", "f(a)"),
                {"kind": "invalid-arguments", "message": "missing 'a'", "signature": "f(a)"},
            ),
        ):
            with self.subTest(wanted["kind"]):
                self.assertEqual(describe(error), wanted)

    def test_invalid_arguments_tell_of_the_exception_behind_them(self):
        error = InvalidArguments("args[0] is no date")
        error.__cause__ = ValueError("never")
        found = describe(error)
        self.assertEqual(
            (found["kind"], found["message"], found["type"]), ("invalid-arguments", str(error), "ValueError")
        )

    def test_a_failure_has_its_code_and_data(self):
        found = describe(raised(lambda: self.fail_with({"id": 5})))
        self.assertEqual((found["kind"], found["code"], found["data"]), ("fail", "no-such-user", {"id": 5}))
        self.assertEqual((found["message"], found["type"]), ("nobody", "Fail"))

    def test_a_failure_whose_data_cannot_be_sent_says_where(self):
        found = describe(raised(lambda: self.fail_with({"id": object()})))
        self.assertEqual(
            (found["kind"], found["path"], found["type"]), ("unencodable", "data.id", "builtins.object")
        )
        self.assertIn("no-such-user", found["message"])

    def fail_with(self, data):
        raise Fail("no-such-user", "nobody", data=data)


class Arguments(unittest.TestCase):
    def test_what_cannot_be_sent_is_its_text(self):
        class Hostile:
            def __str__(self):
                raise RuntimeError("no")

        found = describe(ValueError(1, b"x", object, "y" * 5000, Hostile()))
        self.assertEqual(found["args"][:2], [1, b"x"])
        self.assertEqual(found["args"][2], "<class 'object'>")
        self.assertEqual(found["args"][3], "y" * 5000)
        self.assertIn("Hostile", found["args"][4])

    def test_what_is_large_is_the_beginning_of_its_text(self):
        found = describe(ValueError(["y" * 200_000]))
        self.assertEqual(len(found["args"][0]), 1000)

    def test_what_is_as_deep_as_a_value_may_be_can_still_be_sent(self):
        value = []
        for _ in range(255):
            value = [value]
        found = describe(ValueError(value))
        self.assertIsInstance(found["args"][0], str)


class Chains(unittest.TestCase):
    def test_a_cause_is_told(self):
        def work():
            try:
                raise KeyError("a")
            except KeyError as error:
                raise ValueError("b") from error

        found = describe(raised(work))
        self.assertEqual((found["cause"]["type"], found["context"]), ("KeyError", None))
        self.assertTrue(found["suppressContext"])

    def test_a_context_is_told(self):
        def work():
            try:
                raise KeyError("a")
            except KeyError:
                raise ValueError("b")  # noqa: B904

        found = describe(raised(work))
        self.assertEqual((found["cause"], found["context"]["type"]), (None, "KeyError"))
        self.assertFalse(found["suppressContext"])

    def test_a_chain_that_comes_back_to_itself_ends(self):
        one, two = ValueError("1"), ValueError("2")
        one.__cause__, two.__cause__ = two, one
        self.assertIsNone(describe(one)["cause"]["cause"])

    def test_a_long_chain_is_cut(self):
        error = None
        for number in range(1000):
            following = ValueError(number)
            following.__cause__ = error
            error = following
        found, depth = describe(error), 0
        while found is not None:
            found = found["cause"]
            depth += 1
        self.assertEqual(depth, MAX_CHAIN)

    @unittest.skipIf(Group is None, "exception groups are of Python 3.11")
    def test_a_group_tells_its_members(self):
        group = Group("both", [ValueError(1), Group("inner", [KeyError(2)])])
        group.add_note("noted")
        found = describe(group)
        self.assertEqual(
            (found["type"], found["args"], found["notes"]), ("ExceptionGroup", ["both"], ["noted"])
        )
        self.assertEqual([member["type"] for member in found["exceptions"]], ["ValueError", "ExceptionGroup"])
        self.assertEqual(found["exceptions"][1]["exceptions"][0]["args"], [2])

    @unittest.skipIf(Group is None, "exception groups are of Python 3.11")
    def test_a_wide_group_of_wide_groups_is_cut(self):
        group = Group("g", [Group("h", [ValueError(n) for n in range(500)]) for _ in range(500)])

        def count(found):
            return 1 + sum(map(count, found["exceptions"] or ()))

        self.assertLessEqual(count(describe(group)), MAX_EXCEPTIONS)


class Tracebacks(unittest.TestCase):
    def test_the_runtimes_frames_are_left_out(self):
        def handler():
            raise ValueError("x")

        outer = runtime("def run(f):\n    return inner(f)\ndef inner(f):\n    return f()")["run"]
        found = describe(self.of_run(outer, handler))
        self.assertEqual([frame["function"].rpartition(".")[2] for frame in found["frames"]], ["handler"])
        self.assertNotIn("engine.py", found["traceback"])

    def of_run(self, run, handler):
        error = raised(lambda: run(handler))
        trace = error.__traceback__
        while trace.tb_frame.f_globals["__name__"] != "pypool.engine":  # as the runtime catches it
            trace = trace.tb_next
        return error.with_traceback(trace)

    def test_an_error_of_the_runtime_itself_keeps_its_frames(self):
        run = runtime("def run(f):\n    raise ValueError('bug')")["run"]
        found = describe(self.of_run(run, None))
        self.assertEqual([frame["function"] for frame in found["frames"]], ["run"])

    def test_a_recursion_is_cut_in_the_middle(self):
        def dive():
            dive()

        found = describe(raised(dive))
        self.assertEqual(found["type"], "RecursionError")
        self.assertEqual(len(found["frames"]), 100)

    def test_a_long_text_is_cut_in_the_middle(self):
        found = describe(ValueError("x" * 1_000_000))
        self.assertLessEqual(len(found["traceback"]), MAX_TRACEBACK + 100)
        self.assertLessEqual(len(found["message"]), 10_000)

    def test_hostile_exceptions_are_told_all_the_same(self):
        class Hostile(Exception):
            __notes__ = 5

            def __str__(self):
                raise RuntimeError("no")

            def __repr__(self):
                raise RuntimeError("no")

        found = describe(raised(lambda: self.throw(Hostile(1))))
        self.assertEqual(found["notes"], [])
        self.assertIn("Hostile", found["message"])

    def throw(self, error):
        raise error
