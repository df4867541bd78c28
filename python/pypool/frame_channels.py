"""Which frame types each channel and direction may carry (SPEC.md section 3)."""

from __future__ import annotations

from .frame import FrameType

__all__ = [
    "CALL_TYPES",
    "CONTROL_FROM_NODE",
    "CONTROL_FROM_PYTHON",
    "PLACED_TYPES",
    "REPLY_TYPES",
    "REQUEST_TYPES",
]

REQUEST_TYPES = frozenset({FrameType.CALL, FrameType.HOST_RESULT})
REPLY_TYPES = frozenset({FrameType.RESULT, FrameType.ERROR, FrameType.ITEM, FrameType.HOST_CALL})
CONTROL_FROM_NODE = frozenset(
    {
        FrameType.WELCOME,
        FrameType.PING,
        FrameType.CANCEL,
        FrameType.CREDIT,
        FrameType.REVOKE,
        FrameType.SHUTDOWN,
        FrameType.DUMP,
        FrameType.MAP,
        FrameType.OPENED,
        FrameType.RELEASE,
        FrameType.UNMAP,
        FrameType.INPUT,
        FrameType.INPUT_END,
    }
)
CONTROL_FROM_PYTHON = frozenset(
    {
        FrameType.HELLO,
        FrameType.READY,
        FrameType.START_FAILED,
        FrameType.PONG,
        FrameType.REVOKED,
        FrameType.LOG,
        FrameType.EVENT,
        FrameType.DUMPED,
        FrameType.MAPPED,
        FrameType.RELEASED,
        FrameType.UNMAPPED,
        FrameType.PULL,
    }
)
CALL_TYPES = (
    REQUEST_TYPES
    | REPLY_TYPES
    | {FrameType.CANCEL, FrameType.CREDIT, FrameType.PULL, FrameType.INPUT, FrameType.INPUT_END}
)
"""Types whose frames name a call: their call id is not 0, that of all others is."""
PLACED_TYPES = frozenset({FrameType.CALL, FrameType.RESULT, FrameType.ITEM})
"""Types whose buffers may lie in shared memory."""
