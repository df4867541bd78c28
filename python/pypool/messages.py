"""Messages: what the envelopes of frames say (SPEC.md sections 3 and 4).

What Node says is checked before it is believed: anything else than the agreed shape is a
:class:`ProtocolError`. Keys that are not known are ignored, since newer peers may say more. What Python
says is made here too, so that its shape stands in one place.
"""

from __future__ import annotations

from .errors import ProtocolError
from .frame import MAX_CALL_ID, FrameType
from .plain_json import parse_json, scan_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal, TypedDict

    from .frame import Frame
    from .value import ValueCodec

    Check = Callable[[Any], bool]

    class Module(TypedDict):
        """Where exposed functions come from."""

        prefix: str
        source: str
        kind: Literal["path", "name"]

    class Limits(TypedDict):
        """Limits of the connection, as Node writes them."""

        maxFrameBytes: int
        maxBufferBytes: int

    class Welcome(TypedDict):
        """WELCOME: what this runtime is to be."""

        protocol: int
        codec: Literal["json"]
        workerId: str
        pool: str
        slot: int
        incarnation: str
        modules: list[Module]
        expose: list[str] | None
        limits: Limits
        integers: Literal["auto", "bigint", "error"]
        unencodable: Literal["error", "marker"]
        parentPid: int
        parentDeathSignal: bool
        concurrency: int
        engine: Literal["sync"]


__all__ = [
    "PROTOCOL_RANGE",
    "event_message",
    "function_entry",
    "hello_message",
    "log_message",
    "negotiate",
    "parse_call",
    "parse_cancel",
    "parse_credit",
    "parse_ping",
    "parse_revoke",
    "parse_shutdown",
    "parse_welcome",
    "pong_message",
    "ready_message",
    "revoked_message",
]

PROTOCOL_RANGE = (1, 1)
"""Lowest and highest version of the wire that this runtime speaks."""


def negotiate(ours: tuple[int, int], theirs: tuple[int, int]) -> int:
    """Choose the version of the wire to speak: the highest that both ranges hold.

    Raises:
        ProtocolError: There is none; names both ranges.
    """
    version = min(ours[1], theirs[1])
    if version >= max(ours[0], theirs[0]):
        return version
    raise ProtocolError(
        "no common version of the wire: "
        f"this runtime speaks {ours[0]} to {ours[1]}, Node {theirs[0]} to {theirs[1]}"
    )


def parse_call(frame: Frame, codec: ValueCodec) -> tuple[str, list[Any], dict[str, Any], dict[str, Any]]:
    """Read a CALL.

    Returns:
        The function's name, the positional and keyword arguments, and what is said about the call:
        ``session``, ``attributes``, ``deadline``, ``credit``, ``parent``, each only where it is said.

    Raises:
        ProtocolError: It is no CALL.
        InvalidArguments: An argument is well-formed, but cannot exist in this process.
    """
    envelope = frame.envelope
    try:
        parts, end = scan_json(envelope, 0)
        if end != len(envelope):
            parts = parse_json(envelope)
    except (StopIteration, ValueError, RecursionError):
        parts = parse_json(envelope)
    if type(parts) is not list or not 1 <= len(parts) <= 4:
        raise ProtocolError("a CALL is no array of name, args, kwargs and meta")
    count = len(parts)
    if count == 4 and parts[2] is None and not frame.tagged:
        # Nearly every call: positional arguments and the deadline.
        name, args, _, meta = parts
        is_usual = type(meta) is dict and len(meta) == 1 and type(meta.get("deadline")) is int
        if is_usual and type(name) is str and type(args) is list:
            return name, args, {}, meta
    name = parts[0]
    args = parts[1] if count > 1 and parts[1] is not None else []
    kwargs = parts[2] if count > 2 and parts[2] is not None else {}
    meta = parts[3] if count > 3 and parts[3] is not None else {}
    if type(name) is not str or type(args) is not list or type(kwargs) is not dict or type(meta) is not dict:
        raise ProtocolError("a CALL has another shape than name, args, kwargs and meta")
    if frame.tagged:
        args = codec.untag(args, frame.buffers, "args")
        kwargs = codec.untag(kwargs, frame.buffers, "kwargs")
        meta = codec.untag(meta, frame.buffers, "meta")
        if type(kwargs) is not dict or type(meta) is not dict or {*map(type, kwargs)} - {str}:
            raise ProtocolError("the kwargs of a CALL are no object with names")
    for key in meta:  # nearly always the deadline alone
        known = _META.get(key)
        if known is not None and not known[1](meta[key]):
            raise ProtocolError(f"a CALL has no valid {key!r}")
    return name, args, kwargs, meta


def parse_welcome(frame: Frame) -> Welcome:
    """Read a WELCOME."""
    welcome: Welcome = _read(frame, "WELCOME", _WELCOME)  # type: ignore[assignment]
    return welcome


def parse_ping(frame: Frame) -> int:
    """Read a PING: the number that its PONG repeats."""
    number: int = _read(frame, "PING", _NUMBERED)["n"]
    return number


def parse_cancel(frame: Frame) -> Literal["leave", "interrupt"]:
    """Read a CANCEL: how to end the call that the frame names."""
    mode: Literal["leave", "interrupt"] = _read(frame, "CANCEL", _CANCEL)["mode"]
    return mode


def parse_credit(frame: Frame) -> int:
    """Read a CREDIT: how many more items the stream that the frame names may send."""
    items: int = _read(frame, "CREDIT", _CREDIT)["n"]
    return items


def parse_revoke(frame: Frame) -> list[int]:
    """Read a REVOKE: the calls that Node wants back."""
    ids: list[int] = _read(frame, "REVOKE", _CALL_IDS)["ids"]
    return ids


def parse_shutdown(frame: Frame) -> None:
    """Read a SHUTDOWN, which says nothing but itself."""
    _read(frame, "SHUTDOWN", {})


def hello_message(
    *,
    runtime: str,
    python: str,
    implementation: str,
    pid: int,
    capabilities: Sequence[str],
    secret: str | None = None,
) -> dict[str, Any]:
    """HELLO: what this runtime says of itself before anything else.

    Args:
        runtime: Version of this package.
        python: For example ``"3.11.7"``.
        implementation: For example ``"cpython"``.
        pid: Of this process.
        capabilities: What it can do beyond plain calls.
        secret: Proof of who it is, on transports that ask for one.
    """
    message: dict[str, Any] = {
        "protocol": list(PROTOCOL_RANGE),
        "runtime": runtime,
        "python": python,
        "implementation": implementation,
        "pid": pid,
        "codecs": ["json"],
        "capabilities": list(capabilities),
    }
    if secret is not None:
        message["secret"] = secret
    return message


def function_entry(
    name: str,
    *,
    stream: bool,
    is_async: bool,
    idempotent: bool,
    timeout_seconds: float | None,
    concurrency: int | None,
) -> dict[str, Any]:
    """One exposed function, for READY."""
    return {
        "name": name,
        "stream": stream,
        "async": is_async,
        "idempotent": idempotent,
        "timeoutSeconds": timeout_seconds,
        "concurrency": concurrency,
    }


def ready_message(functions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """READY: the modules are imported, the hooks have run, calls may come."""
    return {"functions": list(functions)}


def pong_message(n: int, running: int | None, busy_ms: float) -> dict[str, Any]:
    """PONG: the answer to the PING with the same number.

    Args:
        n: The PING's number.
        running: The call that runs.
        busy_ms: Since when, in milliseconds.
    """
    return {"n": n, "running": running, "busyMs": busy_ms}


def revoked_message(ids: Sequence[int]) -> dict[str, Any]:
    """REVOKED: the calls that had not started and never will."""
    return {"ids": list(ids)}


def log_message(
    level: str, logger: str, message: str, time: float, call_id: int | None, session: str | None
) -> dict[str, Any]:
    """LOG: one log record. `time` is in seconds since the Unix epoch."""
    return {
        "level": level,
        "logger": logger,
        "message": message,
        "time": time,
        "callId": call_id,
        "session": session,
    }


def event_message(
    event: str, *, message: str | None = None, error: dict[str, Any] | None = None
) -> dict[str, Any]:
    """EVENT: something worth knowing that belongs to no call.

    Args:
        event: What kind of thing.
        message: For people.
        error: An error object of SPEC.md section 6.
    """
    said: dict[str, Any] = {"event": event}
    if message is not None:
        said["message"] = message
    if error is not None:
        said["error"] = error
    return said


def check_message(frame_type: int, message: Any) -> None:
    """Check a control message against its shape, whichever side says it.

    Error objects inside are taken as they are.

    Raises:
        ProtocolError: It has another shape.
    """
    name, shape = _SHAPES[frame_type]
    _check(name, message, shape)


def _read(frame: Frame, name: str, shape: dict[str, tuple[bool, Check]]) -> dict[str, Any]:
    if frame.tagged or frame.buffers:
        raise ProtocolError(f"a {name} holds tagged values")
    message: dict[str, Any] = parse_json(frame.envelope)
    _check(name, message, shape)
    return message


def _check(name: str, message: Any, shape: dict[str, tuple[bool, Check]]) -> None:
    if type(message) is not dict:
        raise ProtocolError(f"a {name} is no object")
    for key, (required, check) in shape.items():
        if key in message:
            if not check(message[key]):
                raise ProtocolError(f"a {name} has no valid {key!r}")
        elif required:
            raise ProtocolError(f"a {name} has no {key!r}")


def _text(value: Any) -> bool:
    return type(value) is str


def _flag(value: Any) -> bool:
    return type(value) is bool


def _integer(value: Any) -> bool:
    return type(value) is int and -MAX_CALL_ID <= value <= MAX_CALL_ID


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_CALL_ID


def _positive(value: Any) -> bool:
    return type(value) is int and 0 < value <= MAX_CALL_ID


def _number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def _object(value: Any) -> bool:
    return type(value) is dict


def _nullable(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list_of(check: Check) -> Check:
    return lambda value: type(value) is list and all(map(check, value))


def _one_of(*texts: str) -> Check:
    return lambda value: type(value) is str and value in texts


def _shaped(**fields: Check) -> Check:
    return lambda value: (
        type(value) is dict and all(key in value and check(value[key]) for key, check in fields.items())
    )


def _version_range(value: Any) -> bool:
    return type(value) is list and len(value) == 2 and all(map(_integer, value))


def _session(value: Any) -> bool:
    return type(value) is dict and _text(value.get("id")) and _object(value.get("metadata", {}))


def _all_required(**fields: Check) -> dict[str, tuple[bool, Check]]:
    return {key: (True, check) for key, check in fields.items()}


_META: dict[str, tuple[bool, Check]] = {
    "session": (False, _session),
    "attributes": (False, _object),
    "deadline": (False, _number),
    "credit": (False, _positive),
    "parent": (False, _positive),
}
_WELCOME = _all_required(
    protocol=_integer,
    codec=_one_of("json"),
    workerId=_text,
    pool=_text,
    slot=_count,
    incarnation=_text,
    modules=_list_of(_shaped(prefix=_text, source=_text, kind=_one_of("path", "name"))),
    expose=_nullable(_list_of(_text)),
    limits=_shaped(maxFrameBytes=_count, maxBufferBytes=_count),
    integers=_one_of("auto", "bigint", "error"),
    unencodable=_one_of("error", "marker"),
    parentPid=_integer,
    parentDeathSignal=_flag,
    concurrency=_positive,
    engine=_one_of("sync"),
)
_NUMBERED = _all_required(n=_count)
_CANCEL = _all_required(mode=_one_of("leave", "interrupt"))
_CREDIT = _all_required(n=_positive)
_CALL_IDS = _all_required(ids=_list_of(_positive))
_SHAPES: dict[int, tuple[str, dict[str, tuple[bool, Check]]]] = {
    FrameType.HELLO: (
        "HELLO",
        {
            **_all_required(
                protocol=_version_range,
                runtime=_text,
                python=_text,
                implementation=_text,
                pid=_integer,
                codecs=_list_of(_text),
                capabilities=_list_of(_text),
            ),
            "secret": (False, _text),
        },
    ),
    FrameType.WELCOME: ("WELCOME", _WELCOME),
    FrameType.READY: (
        "READY",
        _all_required(
            functions=_list_of(
                _shaped(
                    **{
                        "name": _text,
                        "stream": _flag,
                        "async": _flag,
                        "idempotent": _flag,
                        "timeoutSeconds": _nullable(_number),
                        "concurrency": _nullable(_positive),
                    }
                )
            )
        ),
    ),
    FrameType.PING: ("PING", _NUMBERED),
    FrameType.PONG: ("PONG", _all_required(n=_count, running=_nullable(_positive), busyMs=_number)),
    FrameType.CANCEL: ("CANCEL", _CANCEL),
    FrameType.CREDIT: ("CREDIT", _CREDIT),
    FrameType.REVOKE: ("REVOKE", _CALL_IDS),
    FrameType.REVOKED: ("REVOKED", _CALL_IDS),
    FrameType.SHUTDOWN: ("SHUTDOWN", {}),
    FrameType.LOG: (
        "LOG",
        _all_required(
            level=_text,
            logger=_text,
            message=_text,
            time=_number,
            callId=_nullable(_positive),
            session=_nullable(_text),
        ),
    ),
    FrameType.EVENT: (
        "EVENT",
        {"event": (True, _text), "message": (False, _text), "error": (False, _object)},
    ),
}
