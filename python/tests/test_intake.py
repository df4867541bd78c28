"""From a frame to a call that has its place."""

import unittest
from typing import Any, cast

from pypool.batch_rule import BatchRule
from pypool.errors import InvalidArguments
from pypool.expose import Exposed
from pypool.frame import Frame, FrameType
from pypool.inputs import Inputs
from pypool.intake import Intake
from pypool.interrupts import Interrupts
from pypool.streams import Streams
from pypool.value import ValueCodec


class Refused(unittest.TestCase):
    def test_a_stream_that_is_refused_for_its_inputs_leaves_no_window_behind(self) -> None:
        refused: list[tuple[int, type[BaseException]]] = []
        streams = Streams()
        inputs = Inputs(cast(Any, None))  # which sends nothing before one is read
        intake = Intake(
            ValueCodec(),
            lambda call_id, error: refused.append((call_id, type(error))),
            streams,
            Interrupts(),
            {},
            inputs,
        )
        intake.functions = {"double": Exposed("double", lambda items: items, batch=BatchRule(2, 0))}
        frame = Frame(FrameType.CALL, 1, '["double",[null],{},{"credit":1,"inputs":[0]}]')
        self.assertIsNone(intake.take(frame))
        self.assertEqual(refused, [(1, InvalidArguments)])
        self.assertEqual((streams._windows, inputs.calls), ({}, {}))
