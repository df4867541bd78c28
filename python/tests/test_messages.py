"""Messages that Python makes, and calls that Python reads, beyond the golden vectors."""

from __future__ import annotations

import itertools
import unittest

from pypool import message_parse, messages
from pypool.errors import InvalidArguments, ProtocolError
from pypool.expose import Exposed
from pypool.frame import Frame, FrameType
from pypool.message_shapes import check_message
from pypool.message_version import negotiate
from pypool.signatures import signature_entry
from pypool.value import ValueCodec

from .message_shapes import SHAPES


class Made(unittest.TestCase):
    def test_every_message_that_python_makes_has_its_agreed_shape(self):
        entry = messages.function_entry(
            "f",
            stream=True,
            is_async=False,
            idempotent=True,
            timeout_seconds=1.5,
            concurrency=None,
            cancel="kill",
        )
        signature = signature_entry(Exposed("f", lambda a, *, b=1: a))
        hello = {
            "runtime": "0.1.0",
            "python": "3.9.18",
            "implementation": "cpython",
            "pid": 1,
            "capabilities": (),
        }
        for frame_type, message in (
            (FrameType.HELLO, messages.hello_message(**hello)),
            (FrameType.HELLO, messages.hello_message(**hello, secret="hunter2")),
            (FrameType.READY, messages.ready_message([entry])),
            (FrameType.READY, messages.ready_message([{**entry, "signature": signature}])),
            (FrameType.PONG, messages.pong_message(1, None, 0.0)),
            (FrameType.PONG, messages.pong_message(1, 7, 12.5)),
            (FrameType.REVOKED, messages.revoked_message((1, 2))),
            (
                FrameType.LOG,
                messages.log_message("logging", "INFO", "a", "hi", 1.5, None, None, "ann", None, True),
            ),
            (FrameType.EVENT, messages.event_message("suggestion", message="x")),
            (FrameType.DUMPED, messages.dumped_message(3, [], None, [])),
            (FrameType.EVENT, messages.event_message("thread-exception", error={"kind": "python"})),
        ):
            with self.subTest(message=message):
                text, tagged, buffers = ValueCodec(integers="bigint").encode_message(message)
                self.assertEqual((tagged, buffers), (False, []))
                said = ValueCodec().decode(Frame(frame_type, 0, text.decode()))
                check_message("message", said, SHAPES[frame_type])

    def test_a_secret_is_not_mentioned_where_there_is_none(self):
        hello = messages.hello_message(
            runtime="0.1.0", python="3.9.18", implementation="cpython", pid=1, capabilities=["stream"]
        )
        self.assertNotIn("secret", hello)


class Read(unittest.TestCase):
    def call(self, envelope, tagged=False, buffers=()):
        return message_parse.parse_call(Frame(FrameType.CALL, 1, envelope, tagged, buffers), ValueCodec())

    def test_the_usual_calls_are_read_as_any_other_is(self):
        for args, kwargs in itertools.product(
            ("null", "[]", "[1]", "{}", '"x"'), ("null", "{}", '{"a":1}', "[]")
        ):
            for usual in ('{"deadline":5}', '{"deadline":5,"traceparent":"00-1-2-00"}'):
                with self.subTest(args=args, kwargs=kwargs, usual=usual):
                    try:
                        # What is not known is ignored, and makes it a call like any other.
                        wanted = self.call(f'["f",{args},{kwargs},{usual[:-1]},"later":2}}]')
                    except ProtocolError:
                        with self.assertRaises(ProtocolError):
                            self.call(f'["f",{args},{kwargs},{usual}]')
                    else:
                        self.assertEqual(self.call(f'["f",{args},{kwargs},{usual}]')[:3], wanted[:3])

    def test_buffers_become_arguments(self):
        name, args, kwargs, _ = self.call(
            '["f",[{"$":["bytes",0]}],{"x":{"$":["array",1,"i2"]}}]',
            True,
            [bytearray(b"ab"), bytearray(b"\1\0\2\0")],
        )
        self.assertEqual((name, args, kwargs["x"].tolist()), ("f", [b"ab"], [1, 2]))

    def test_meta_has_names_for_keys_also_where_it_is_a_tagged_map(self):
        *_, meta = self.call('["f",[],{},{"$":["map",[["later",2]]]}]', True)
        self.assertEqual(meta, {"later": 2})
        with self.assertRaises(ProtocolError):
            self.call('["f",[],{},{"$":["map",[[1,2]]]}]', True)

    def test_an_argument_that_cannot_exist_is_named_as_the_caller_knows_it(self):
        with self.assertRaisesRegex(InvalidArguments, r"^args\[1\]\.at is no date"):
            self.call('["f",[0,{"at":{"$":["date","never"]}}]]', True)
        with self.assertRaisesRegex(InvalidArguments, r"^kwargs\.price is no decimal"):
            self.call('["f",null,{"price":{"$":["decimal","free"]}}]', True)

    def test_kwargs_whose_names_are_no_text_break_the_protocol(self):
        with self.assertRaises(ProtocolError):
            self.call('["f",[],{"$":["map",[[1,2]]]}]', True)

    def test_a_control_message_with_tags_breaks_the_protocol(self):
        for frame in (
            Frame(FrameType.PING, 0, '{"n":{"$":["int","1"]}}', True),
            Frame(FrameType.PING, 0, '{"n":1}', False, [b"abc"]),
        ):
            with self.subTest(frame=frame), self.assertRaises(ProtocolError):
                message_parse.parse_ping(frame)

    def test_the_error_names_the_message_and_what_is_wrong_with_it(self):
        with self.assertRaisesRegex(ProtocolError, "a CREDIT has no valid 'n'"):
            message_parse.parse_credit(Frame(FrameType.CREDIT, 1, '{"n":-1}'))

    def test_credit_in_bytes_is_none_where_it_is_left_out(self):
        self.assertEqual(message_parse.parse_credit(Frame(FrameType.CREDIT, 1, '{"n":2}')), (2, 0))
        self.assertEqual(message_parse.parse_credit(Frame(FrameType.CREDIT, 1, '{"n":2,"bytes":7}')), (2, 7))

    def test_a_disagreement_about_versions_names_both_ranges(self):
        with self.assertRaisesRegex(ProtocolError, "1 to 1, Node 2 to 3"):
            negotiate((1, 1), (2, 3))
