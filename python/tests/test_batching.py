"""Calls that are handed to their function together, in each engine."""

import unittest
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pypool.batch_rule import BatchRule
from pypool.batching import results_of
from pypool.engine import suggestion
from pypool.expose import Exposed, expose
from pypool.frame import FrameType
from pypool.plain_json import parse_json
from tests.worker_process import WorkerProcess

if TYPE_CHECKING:
    from pypool.messages import Welcome


class Common:
    # Inside a class, for unittest would run it by itself.
    class Batches(unittest.TestCase):
        """What holds in both engines that run several calls at once."""

        welcome: "ClassVar[dict[str, Any]]"
        hold: str
        hold_three: str

        shared: "ClassVar[WorkerProcess]"

        @classmethod
        def setUpClass(cls) -> None:
            cls.shared = WorkerProcess("gather_calls", **cls.welcome)
            cls.addClassCleanup(cls.shared.__exit__)
            cls.begin(cls.shared)

        def setUp(self) -> None:
            self.worker = self.shared
            self.worker.call("tell")

        def use_new_worker(self, **welcome: Any) -> WorkerProcess:
            """One that this test may end."""
            worker = self.worker = WorkerProcess("gather_calls", **{**self.welcome, **welcome})
            self.addCleanup(worker.__exit__)
            return self.begin(worker)

        @staticmethod
        def begin(worker: WorkerProcess) -> WorkerProcess:
            """Start a worker, and hear the advice that is due to who runs this fixture so."""
            worker.start()
            welcome = worker.welcome_message
            if welcome["engine"] == "async" or welcome["concurrency"] < 4:
                worker.hear(FrameType.EVENT)
            return worker

        def send(self, name: str, *items: Any) -> "list[int]":
            return [self.worker.send(name, item) for item in items]

        def replies(self, ids: "list[int]") -> "list[Any]":
            """Of these calls, which are the next to be answered, in their order."""
            frames = {frame.call_id: frame for frame in (self.worker.reply() for _ in ids)}
            self.assertEqual(sorted(frames), sorted(ids))
            return [parse_json(frames[each].envelope) for each in ids]

        def batches(self) -> "list[Any]":
            given: list[Any] = self.worker.call("tell")[0]
            return given

        def notes(self) -> "list[str]":
            notes: list[str] = self.worker.call("tell")[1]
            return notes

        def assert_runs(self, calls: int) -> None:
            self.assertEqual(self.worker.line(), f"runs {calls}\n".encode())

        def cancel(self, call_id: int) -> None:
            self.worker.send_control(FrameType.CANCEL, {"mode": "interrupt"}, call_id)
            self.worker.send_control(FrameType.PING, {"n": 1})
            self.worker.hear(FrameType.PONG)

        def assert_cancelled(self, call_id: int, **facts: Any) -> None:
            frame = self.worker.reply()
            self.assertEqual((frame.type, frame.call_id), (FrameType.ERROR, call_id), frame.envelope)
            error = parse_json(frame.envelope)
            error.pop("message")
            self.assertEqual(error, {"kind": "cancelled", **facts})

        def test_a_full_batch_starts_at_once_and_each_call_gets_its_own_result(self) -> None:
            for name in ("double", "double_async"):
                with self.subTest(name):
                    ids = self.send(name, 1, 2, 3, 4, 5, 6)
                    self.assertEqual(self.replies(ids), [2, 4, 6, 8, 10, 12])
                    self.assertEqual(self.batches(), [[1, 2, 3], [4, 5, 6]])

        def test_calls_gather_while_a_batch_runs(self) -> None:
            first = self.send(self.hold, "a")
            self.assert_runs(1)
            behind = self.send(self.hold, "b", "c", "d", "e")
            self.worker.call("let", "b", "e")
            self.worker.send("let", "a")
            self.replies([*first, *behind, self.worker.calls])
            self.assert_runs(3)
            self.assert_runs(1)
            self.assertEqual(self.batches(), [["a"], ["b", "c", "d"], ["e"]])

        def test_waits_for_no_call_that_has_no_place(self) -> None:
            self.use_new_worker(concurrency=2)
            self.assertEqual(self.replies(self.send("double", 1, 2)), [2, 4])

        def test_starts_what_there_is_when_all_places_wait_for_several_batches(self) -> None:
            self.use_new_worker(concurrency=4)
            ids = [
                self.worker.send(name, n)
                for n, name in enumerate(("double", "double_async", "double_async", "double"))
            ]
            self.assertEqual(self.replies(ids), [0, 2, 4, 6])
            # That was once: the next wait again.
            ids = self.send("double", 1, 2)
            self.assertEqual(sorted(self.batches()), [[0, 3], [1, 2]])
            self.assertEqual(self.replies([*ids, *self.send("double", 3)]), [2, 4, 6])
            self.assertEqual(self.batches(), [[1, 2, 3]])

        def test_starts_what_there_is_when_no_further_call_comes(self) -> None:
            self.use_new_worker()
            ids = self.send("double", 1, 2)
            self.assertEqual(self.worker.stop(), 0)
            self.assertEqual(self.replies(ids), [2, 4])

        def test_a_result_that_is_an_exception_or_cannot_be_sent_fails_its_call_alone(self) -> None:
            three, error, unsent, four = self.replies(self.send("divide", 4, 0, 5, 3))
            self.assertEqual((three, four), (3, 4))
            self.assertEqual(
                (error["type"], error["frames"][-1]["function"]), ("ZeroDivisionError", "divide")
            )
            self.assertEqual((unsent["kind"], unsent["path"]), ("unencodable", "result"))

        def test_a_function_that_raises_fails_every_call_with_the_traceback(self) -> None:
            for error in self.replies(self.send("fail", 1, 2)):
                self.assertEqual((error["type"], error["message"]), ("LookupError", "none of [1, 2]"))
                self.assertEqual([frame["function"] for frame in error["frames"]], ["fail"])

        def test_a_failure_holds_nothing_once_it_was_told(self) -> None:
            self.replies(self.send("fail_with", 1, 2))
            # A second time, for the thread or the loop may still be leaving the first.
            self.replies(self.send("fail_with", 1, 2))
            self.assertLessEqual(self.worker.call("still_held"), 1)

        def test_each_call_is_answered_once_whenever_it_is_cancelled(self) -> None:
            for name in ("quick", "quick_async"):
                ids = []
                for number in range(300):
                    ids.append(self.worker.send(name, number))
                    if number % 3:
                        self.worker.send_control(FrameType.CANCEL, {"mode": "interrupt"}, ids[number // 2])
                        self.worker.send_control(FrameType.CANCEL, {"mode": "interrupt"}, ids[-1])
                for number, reply in enumerate(self.replies(ids)):
                    if reply != number:
                        self.assertEqual(reply["kind"], "cancelled")
            self.assertEqual(self.replies(self.send("double", 1, 2, 3)), [2, 4, 6])

        def test_takes_sequences_of_as_many_results_and_says_what_else_it_was_given(self) -> None:
            for kind, results in (
                ("list", ["list", "list"]),
                ("tuple", ["tuple", "tuple"]),
                ("range", [0, 1]),
            ):
                self.assertEqual(self.replies(self.send("return_as", kind, kind)), results)
            for kind, error in (
                ("string", "return_as() takes calls in batches and has to return a list of results, not str"),
                ("dict", "return_as() takes calls in batches and has to return a list of results, not dict"),
                ("set", "return_as() takes calls in batches and has to return a list of results, not set"),
                (
                    "nothing",
                    "return_as() takes calls in batches and has to return a list of results, not NoneType",
                ),
                (
                    "generator",
                    "return_as() takes calls in batches and has to return a list of results, not a stream",
                ),
                (
                    "short",
                    "return_as() was given a batch of 2 calls and returned 1 results: "
                    "it has to return one for each, in their order",
                ),
            ):
                with self.subTest(kind):
                    replies = self.replies(self.send("return_as", kind, kind))
                    self.assertEqual([reply["message"] for reply in replies], [error, error])

        def test_refuses_calls_that_are_no_item_of_a_list(self) -> None:
            for args, kwargs, what in (
                ((), {}, "not 0"),
                ((1, 2), {}, "not 2"),
                ((), {"item": 1}, "not 0 and item by name"),
                ((1,), {"n": 2}, "not 1 and n by name"),
            ):
                error = self.worker.call_error("double", *args, **kwargs)
                self.assertEqual((error["kind"], error["signature"]), ("invalid-arguments", "double(item)"))
                self.assertEqual(
                    error["message"],
                    f"double() takes calls in batches, so each has exactly one positional argument, {what}",
                )
            self.worker.send("double", 1, meta={"credit": 1})
            self.assertIn("is no stream: use call()", self.worker.error()["message"])
            self.assertEqual(self.batches(), [])
            self.assertEqual(self.replies(self.send("double", 1, 2, 3)), [2, 4, 6])

        def test_one_that_is_cancelled_while_it_waits_is_never_seen(self) -> None:
            first, second = self.send("double", 1, 2)
            self.worker.call("let")  # both have been read
            self.cancel(first)
            self.assert_cancelled(first, started=False)
            self.assertEqual(self.replies([second, *self.send("double", 3, 4)]), [4, 6, 8])
            self.assertEqual(self.batches(), [[2, 3, 4]])

        def test_one_that_is_cancelled_while_its_batch_runs_is_told_at_once(self) -> None:
            first, second, third = self.send(self.hold_three, "a", "b", "c")
            self.assert_runs(3)
            self.cancel(first)
            self.assert_cancelled(first, started=True, runsOn=True)
            self.cancel(third)
            self.assert_cancelled(third, started=True, runsOn=True)
            self.assertEqual(self.replies([second, self.worker.send("let", "a")]), ["b", None])

        def test_a_batch_is_cancelled_when_all_its_calls_are(self) -> None:
            ids = self.send("hold_three_async", "a", "b", "c")
            self.assert_runs(3)
            for each in ids[:2]:
                self.cancel(each)
                self.assert_cancelled(each, started=True, runsOn=True)
            self.cancel(ids[2])
            self.assert_cancelled(ids[2], started=True)
            self.assertEqual(self.notes(), ["cleaned up"])
            self.assertEqual(self.replies(self.send("double_async", 1, 2, 3)), [2, 4, 6])

        def test_a_shield_puts_that_off_and_a_cooperative_one_sees_it(self) -> None:
            for name, note in (("hold_shielded", ["shielded"]), ("hold_cooperatively", [])):
                ids = self.send(name, "a", "b", "c")
                self.assert_runs(3)
                for each in ids[:2]:
                    self.cancel(each)
                    self.assert_cancelled(each, started=True, runsOn=True)
                self.cancel(ids[2])
                if note:
                    self.assert_cancelled(ids[2], started=True)
                else:
                    self.assertEqual(self.replies(ids[2:]), ["c"])
                self.assertEqual(self.notes(), note)

        def test_current_call_knows_all_of_the_calls(self) -> None:
            ids = [
                self.worker.send("ask", n, meta={"session": {"id": f"s{n}"}, "attributes": {"n": n}, **more})
                for n, more in ((1, {"deadline": 5e12}), (2, {"deadline": 6e12}))
            ]
            about = [
                [ids[0], "ask", "s1", {"n": 1}, 5e9, False],
                [ids[1], "ask", "s2", {"n": 2}, 6e9, False],
            ]
            self.assertEqual(self.replies(ids), [[True, None, {}, 6e9, about]] * 2)
            ids = self.send("ask_in_tasks", 1, 2)
            self.assertEqual(self.replies(ids), [ids, ids])

        def test_what_a_batch_prints_is_of_no_call_and_of_its_only_one(self) -> None:
            worker = self.use_new_worker(outputToken="T")
            self.replies(self.send("ask", 1, 2))
            self.send("ask", 3)
            self.worker.stop()
            self.replies([3])
            self.assertEqual(
                worker.stdout_bytes(),
                b'about [1, 2]\n\x1b_pypool;T;[3,"ask",null]\x1b\\about [3]\n\x1b_pypool;T;\x1b\\',
            )

        def test_a_dump_shows_where_the_batch_is_for_each_of_its_calls(self) -> None:
            ids = self.send(self.hold_three, "a", "b", "c")
            self.assert_runs(3)
            waiting = self.send("double", 1)[0]
            self.worker.call("let")  # all have been read
            self.worker.send_control(FrameType.DUMP, {"n": 1})
            calls = self.worker.hear(FrameType.DUMPED)["calls"]
            functions = {call["id"]: [frame["function"] for frame in call["frames"]] for call in calls}
            for each in ids:
                self.assertTrue(functions[each][-1].startswith("hold"), functions[each])
            self.assertEqual(functions[waiting], [])
            self.cancel(waiting)
            self.assert_cancelled(waiting, started=False)
            self.replies([*ids, self.worker.send("let", "a")])

        def test_a_forked_child_that_comes_back_ends(self) -> None:
            self.assertEqual(self.replies(self.send("fork_and_return", 1, 2)), [0, 0])
            self.assertEqual(self.replies(self.send("double", 1, 2, 3)), [2, 4, 6])

        def test_a_worker_that_dies_in_a_batch_has_answered_none_of_it(self) -> None:
            self.use_new_worker()
            self.send("die", 1, 2)
            self.assertIsNone(self.worker.replies.read())
            self.assertEqual(self.worker.process.wait(30), 3)


class InThreads(Common.Batches):
    welcome: ClassVar = {"engine": "threads", "concurrency": 8}
    hold = "hold"
    hold_three = "hold_three"

    def test_a_plain_function_sees_that_nobody_waits(self) -> None:
        ids = self.send("block", "a", "b", "c")
        self.assert_runs(3)
        for each in ids[:2]:
            self.cancel(each)
            self.assert_cancelled(each, started=True, runsOn=True)
        self.cancel(ids[2])
        self.assertEqual(self.replies(ids[2:]), ["c"])
        self.assertEqual(self.notes(), ["saw it"])

    def test_calls_that_wait_for_their_batch_need_no_thread_of_a_call(self) -> None:
        self.use_new_worker(concurrency=3)
        ids = self.send("double", 1, 2)
        # There is a place for one call beside those, and it has left it when the next takes it.
        self.assertEqual([self.worker.call("count_threads") for _ in range(3)], [1, 1, 1])
        self.assertEqual(self.replies([*ids, *self.send("double", 3)]), [2, 4, 6])

    def test_other_calls_go_on_beside_a_batch_that_blocks(self) -> None:
        ids = self.send("hold_three", "a", "b", "c")
        self.assert_runs(3)
        self.assertEqual(self.replies(self.send("double", 1, 2, 3)), [2, 4, 6])
        self.replies([*ids, self.worker.send("let", "a")])


class InTasks(Common.Batches):
    welcome: ClassVar = {"engine": "async", "concurrency": 8}
    hold = "hold_async"
    hold_three = "hold_three_async"

    def test_a_plain_function_that_blocks_the_loop_is_interrupted_once_nobody_waits(self) -> None:
        ids = self.send("block_blindly", "a", "b", "c")
        self.assert_runs(3)
        for each in ids:
            self.cancel(each)
        for error in self.replies(ids):
            self.assertEqual((error["kind"], error["started"]), ("cancelled", True))
        self.assertEqual(self.replies(self.send("double", 1, 2, 3)), [2, 4, 6])


class OneByOne(unittest.TestCase):
    def test_the_sync_engine_hands_out_lists_of_one_and_says_so(self) -> None:
        with WorkerProcess("gather_calls") as worker:
            worker.start()
            self.assertRegex(
                worker.hear(FrameType.EVENT)["message"],
                "^divide takes batches of up to 4 calls, and engine 'sync' with concurrency 1 gives",
            )
            self.assertEqual([worker.call("double", n) for n in (1, 2)], [2, 4])
            self.assertEqual(worker.call("double_async", 3), 6)
            self.assertEqual(worker.call("tell")[0], [[1], [2], [3]])
            self.assertEqual(worker.call_error("divide", 0)["type"], "ZeroDivisionError")
            self.assertEqual(worker.call_error("fail", 0)["message"], "none of [0]")
            self.assertIn(
                "of 1 calls and returned 2 results", worker.call_error("return_as", "range")["message"]
            )
            self.assertIn("exactly one positional argument", worker.call_error("double", 1, 2)["message"])
            worker.send("double", 1, meta={"credit": 1})
            self.assertIn("is no stream: use call()", worker.error()["message"])
            self.assertNotIn([1], worker.call("tell")[0])
            call_id = worker.calls + 1
            self.assertEqual(worker.call("ask", 0)[4], [[call_id, "ask", None, {}, None, False]])
            self.assertEqual(worker.stop(), 0)


class Advice(unittest.TestCase):
    def test_advises_against_plain_functions_that_stop_the_loop_for_a_batch(self) -> None:
        async def answer(items: list[Any]) -> list[Any]:
            return items

        rule = BatchRule(4, 0)
        plain, task = Exposed("plain", results_of, batch=rule), Exposed("task", answer, batch=rule)
        for engine, functions, is_advised in (
            ("async", {"task": task, "plain": plain}, True),
            ("async", {"task": task, "alone": Exposed("alone", results_of)}, False),
            ("threads", {"plain": plain}, False),
        ):
            with self.subTest(engine=engine, functions=list(functions)):
                advice = suggestion(cast("Welcome", {"engine": engine, "concurrency": 4}), functions)
                if is_advised:
                    self.assertRegex(advice or "", "^plain takes batches and is a plain function")
                else:
                    self.assertIsNone(advice)


class Rules(unittest.TestCase):
    def test_refuses_what_does_not_go_together(self) -> None:
        for arguments, message in (
            ({"batch": 0}, "batch must be a whole number of at least 1, not 0"),
            ({"batch": True}, "not True"),
            ({"batch": 2.0}, "not 2.0"),
            ({"max_wait_seconds": 1}, "max_wait_seconds goes with batch"),
            ({"batch": 2, "max_wait_seconds": -1}, "max_wait_seconds must be 0 or more, and finite"),
            ({"batch": 2, "max_wait_seconds": float("inf")}, "max_wait_seconds must be"),
            ({"batch": 2, "max_wait_seconds": float("nan")}, "max_wait_seconds must be"),
            ({"batch": 2, "max_wait_seconds": 5, "timeout_seconds": 5}, "timeout_seconds=5 are over"),
            ({"batch": 2, "timeout_seconds": 0.001}, "max_wait_seconds=0.002"),
            ({"batch": 8, "concurrency": 7}, "never fills batch=8"),
            ({"batch": 8, "cancel": "kill"}, "does not go with batch"),
        ):
            with self.subTest(arguments), self.assertRaisesRegex(ValueError, message):
                expose(**arguments)
        with self.assertRaisesRegex(TypeError, "count is a stream, and batch is for functions that return"):

            @expose(batch=2)
            def count(items: "list[int]") -> Any:
                yield items

    def test_arrays_are_results_by_their_first_axis(self) -> None:
        class Rows:
            """As much of an array as counts here."""

            def __len__(self) -> int:
                return 2

            def __getitem__(self, at: int) -> str:
                return ("first", "second")[at]

        self.assertEqual(results_of("f", Rows(), 2), ["first", "second"])

    def test_a_list_that_is_changed_once_it_was_returned_leaves_no_call_without_a_result(self) -> None:
        returned = ["first", "second"]
        results = results_of("f", returned, 2)
        returned.clear()
        self.assertEqual(results, ["first", "second"])
