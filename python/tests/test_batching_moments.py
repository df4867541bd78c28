"""Cancels that arrive between two steps of a batch, in real engines."""

import unittest
from typing import Any

from pypool.batch_rule import BatchRule
from pypool.expose import Exposed
from tests.engine_here import EngineHere


class InTasks(unittest.TestCase):
    def test_one_that_is_cancelled_while_another_of_its_batch_is_refused_is_answered_once(self) -> None:
        def cancel(*ids: int) -> None:
            for each in ids:
                here.engine.interrupts.cancel(each)

        def double(items: list[int]) -> list[int]:
            return [2 * item for item in items]

        functions = {
            "cancel": Exposed("cancel", cancel),
            "double": Exposed("double", double, batch=BatchRule(3, 600)),
        }
        here = EngineHere(self, "async", functions)
        # It runs before the task of the batch, which has been made by then and begins with one that is
        # cancelled.
        here.send("cancel", 2)
        here.send("double", 1)
        second, third = here.send("double", 2), here.send("double", 3)
        replies_begun: list[Any] = []

        def on_reply() -> None:
            replies_begun.append(None)
            if len(replies_begun) == 2:  # that of the cancelled one
                cancel(second)

        here.on_reply = on_reply
        answers = here.serve()
        self.assertEqual([id for id, _ in answers], [1, 2, second, third])
        self.assertEqual([said["kind"] for _, said in answers[1:3]], ["cancelled"] * 2)
        self.assertEqual(answers[3], (third, 6))
