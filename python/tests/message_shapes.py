"""The shapes of the messages that Python says: for tests, since it is Node that reads them."""

from __future__ import annotations

from pypool.frame import FrameType
from pypool.message_shapes import (
    all_required,
    is_count,
    is_flag,
    is_integer,
    is_number,
    is_object,
    is_positive,
    is_text,
    list_of,
    nullable,
    one_of,
    shaped,
)


def is_version_range(value):
    """A lowest and a highest version."""
    return type(value) is list and len(value) == 2 and all(map(is_integer, value))


is_stack = list_of(shaped(file=is_text, line=is_count, function=is_text, code=nullable(is_text)))

is_hinted = shaped(hint=nullable(is_text), schema=is_object)
is_parameter = shaped(
    name=is_text,
    kind=one_of("positional", "either", "keyword", "rest", "keywords"),
    required=is_flag,
    hint=nullable(is_text),
    schema=is_object,
)
is_signature = shaped(
    doc=nullable(is_text), parameters=nullable(list_of(is_parameter)), returns=nullable(is_hinted)
)


def is_function(**fields):
    """What is told of every function, and the signature that some have."""
    has_fields = shaped(**fields)
    return lambda value: has_fields(value) and ("signature" not in value or is_signature(value["signature"]))


SHAPES = {
    FrameType.HELLO: {
        **all_required(
            protocol=is_version_range,
            runtime=is_text,
            python=is_text,
            implementation=is_text,
            pid=is_integer,
            codecs=list_of(is_text),
            capabilities=list_of(is_text),
        ),
        "secret": (False, is_text),
    },
    FrameType.READY: all_required(
        functions=list_of(
            is_function(
                **{
                    "name": is_text,
                    "stream": is_flag,
                    "async": is_flag,
                    "idempotent": is_flag,
                    "timeoutSeconds": nullable(is_number),
                    "concurrency": nullable(is_positive),
                    "cancel": one_of("interrupt", "cooperative", "kill"),
                }
            )
        )
    ),
    FrameType.PONG: all_required(n=is_count, running=nullable(is_positive), busyMs=is_number),
    FrameType.REVOKED: all_required(ids=list_of(is_positive)),
    FrameType.LOG: all_required(
        source=one_of("logging", "warnings"),
        level=is_text,
        logger=is_text,
        message=is_text,
        time=is_number,
        callId=nullable(is_positive),
        function=nullable(is_text),
        session=nullable(is_text),
        exception=nullable(is_text),
        handled=is_flag,
        dropped=is_count,
    ),
    FrameType.DUMPED: all_required(
        n=is_count,
        threads=list_of(shaped(id=is_integer, name=nullable(is_text), main=is_flag, frames=is_stack)),
        tasks=nullable(list_of(shaped(name=is_text, frames=is_stack))),
        calls=list_of(shaped(id=is_positive, frames=is_stack)),
    ),
    FrameType.MAPPED: all_required(
        segment=is_positive, fd=nullable(is_count), token=nullable(is_text), error=nullable(is_text)
    ),
    FrameType.RELEASED: all_required(segments=lambda value: bool(value) and list_of(is_positive)(value)),
    FrameType.UNMAPPED: all_required(segments=lambda value: bool(value) and list_of(is_positive)(value)),
    FrameType.PULL: all_required(input=is_count, n=is_positive, bytes=is_count),
    FrameType.EVENT: {"event": (True, is_text), "message": (False, is_text), "error": (False, is_object)},
}
"""By frame type. Error objects inside are taken as they are."""
