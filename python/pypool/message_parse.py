"""What Node says, checked before it is believed (SPEC.md sections 3 and 4).

Anything else than the agreed shape is a :class:`ProtocolError`. Keys that are not known are ignored, since
newer peers may say more.
"""

from __future__ import annotations

from .errors import InvalidArguments, ProtocolError
from .frame_header import MAX_CALL_ID
from .message_shapes import (
    all_required,
    check_message,
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
from .plain_json import parse_json, scan_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    from .frame import Buffer, Frame
    from .message_shapes import Shape
    from .messages import InputEnd, MapSegment, Welcome
    from .value import ValueCodec

    InputItems = tuple[int, list[Any], int, Sequence[Buffer] | None]

__all__ = [
    "parse_call",
    "parse_cancel",
    "parse_credit",
    "parse_dump",
    "parse_input",
    "parse_input_end",
    "parse_map",
    "parse_opened",
    "parse_ping",
    "parse_revoke",
    "parse_segments",
    "parse_shutdown",
    "parse_welcome",
]


def parse_call(frame: Frame, codec: ValueCodec) -> tuple[str, list[Any], dict[str, Any], dict[str, Any]]:
    """Read a CALL.

    Returns:
        The function's name, the positional and keyword arguments, and what is said about the call:
        ``session``, ``attributes``, ``deadline``, ``traceparent``, ``tracestate``, ``credit``,
        ``creditBytes``, ``parent``, ``inputs``, each only where it is said.

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
    if count == 4 and not frame.tagged:
        # Nearly every call: arguments, the deadline, and perhaps a trace.
        name, args, kwargs, meta = parts
        if type(meta) is dict and type(name) is str:
            size = len(meta)
            is_usual = size == 1 or (size == 2 and type(meta.get("traceparent")) is str)
            deadline = meta.get("deadline")
            if is_usual and type(deadline) is int and 0 <= deadline <= MAX_CALL_ID:
                if args is None:
                    args = []
                if kwargs is None:
                    kwargs = {}
                if type(args) is list and type(kwargs) is dict:
                    return name, args, kwargs, meta
    name = parts[0]
    args = parts[1] if count > 1 and parts[1] is not None else []
    kwargs = parts[2] if count > 2 and parts[2] is not None else {}
    meta = parts[3] if count > 3 and parts[3] is not None else {}
    if type(name) is not str or type(args) is not list or type(kwargs) is not dict or type(meta) is not dict:
        raise ProtocolError("a CALL has another shape than name, args, kwargs and meta")
    impossible = None
    if frame.tagged:
        (args, kwargs, meta), impossible = _untag_parts((args, kwargs, meta), frame, codec)
        if type(kwargs) is not dict or type(meta) is not dict or {*map(type, (*kwargs, *meta))} - {str}:
            raise ProtocolError("the kwargs or the meta of a CALL are no object with names")
    for key in meta:  # nearly always the deadline alone
        known = _META.get(key)
        if known is not None and not known[1](meta[key]):
            raise ProtocolError(f"a CALL has no valid {key!r}")
    for place in meta.get("inputs", ()):
        if not (place < len(args) if type(place) is int else place in kwargs):
            raise ProtocolError("a CALL has no argument in the place of an input")
    if impossible is not None:
        raise impossible
    return name, args, kwargs, meta


def _untag_parts(
    parts: tuple[Any, ...], frame: Frame, codec: ValueCodec
) -> tuple[list[Any], InvalidArguments | None]:
    """Untag the arguments and the meta of a CALL.

    Returns:
        The parts, and the first reason why one cannot exist here: it holds only if nothing behind it is
        malformed, which is worse. Such a part is empty.

    Raises:
        ProtocolError: A tag is malformed.
    """
    made: list[Any] = []
    impossible: InvalidArguments | None = None
    for part, root in zip(parts, ("args", "kwargs", "meta")):
        try:
            made.append(codec.untag(part, frame.buffers, root))
        except InvalidArguments as error:
            made.append(type(part)())
            impossible = impossible or error
    return made, impossible


def parse_welcome(frame: Frame) -> Welcome:
    """Read a WELCOME."""
    welcome: Welcome = _read(frame, "WELCOME", _WELCOME)  # type: ignore[assignment]
    return welcome


def parse_ping(frame: Frame) -> int:
    """Read a PING: the number that its PONG repeats."""
    number: int = _read(frame, "PING", _NUMBERED)["n"]
    return number


def parse_dump(frame: Frame) -> int:
    """Read a DUMP: the number that its DUMPED repeats."""
    number: int = _read(frame, "DUMP", _NUMBERED)["n"]
    return number


def parse_cancel(frame: Frame) -> Literal["leave", "interrupt"]:
    """Read a CANCEL: how to end the call that the frame names."""
    mode: Literal["leave", "interrupt"] = _read(frame, "CANCEL", _CANCEL)["mode"]
    return mode


def parse_credit(frame: Frame) -> tuple[int, int]:
    """Read a CREDIT: how many more items, and bytes, the stream that the frame names may send."""
    credit = _read(frame, "CREDIT", _CREDIT)
    return credit["n"], credit.get("bytes", 0)


def parse_input(frame: Frame) -> InputItems:
    """Read an INPUT.

    Returns:
        The number of the input, its items as JSON has them, how many bytes they took of its credit, and the
        frame's buffers where some are tagged.
    """
    message = parse_json(frame.envelope)
    if type(message) is not list or len(message) < 2 or not is_count(message[0]):
        raise ProtocolError("an INPUT is no array of a number and items")
    size = len(frame.envelope.encode()) + sum(len(buffer) for buffer in frame.buffers)
    return message[0], message[1:], size, frame.buffers if frame.tagged else None


def parse_input_end(frame: Frame) -> InputEnd:
    """Read an INPUT_END: which input has ended, and the error that it ended with."""
    end: InputEnd = _read(frame, "INPUT_END", _INPUT_END)  # type: ignore[assignment]
    return end


def parse_revoke(frame: Frame) -> list[int]:
    """Read a REVOKE: the calls that Node wants back."""
    ids: list[int] = _read(frame, "REVOKE", _CALL_IDS)["ids"]
    return ids


def parse_map(frame: Frame) -> MapSegment:
    """Read a MAP: the segment of shared memory that Node asks for."""
    asked: MapSegment = _read(frame, "MAP", _MAP)  # type: ignore[assignment]
    return asked


def parse_opened(frame: Frame) -> int:
    """Read an OPENED: the segment that Node has opened."""
    segment: int = _read(frame, "OPENED", _SEGMENT)["segment"]
    return segment


def parse_segments(frame: Frame) -> list[int]:
    """Read a RELEASE or an UNMAP: the segments that it names."""
    segments: list[int] = _read(frame, "RELEASE or UNMAP", _SEGMENTS)["segments"]
    return segments


def parse_shutdown(frame: Frame) -> None:
    """Read a SHUTDOWN, which says nothing but itself."""
    _read(frame, "SHUTDOWN", {})


def _read(frame: Frame, name: str, shape: Shape) -> dict[str, Any]:
    if frame.tagged or frame.buffers:
        raise ProtocolError(f"a {name} holds tagged values")
    message: dict[str, Any] = parse_json(frame.envelope)
    check_message(name, message, shape)
    return message


def _is_session(value: Any) -> bool:
    return type(value) is dict and is_text(value.get("id")) and is_object(value.get("metadata", {}))


def _is_place(value: Any) -> bool:
    return is_count(value) or is_text(value)


def _is_limit(value: Any) -> bool:
    return is_integer(value) and value >= -1


_META: Shape = {
    "session": (False, _is_session),
    "attributes": (False, is_object),
    "deadline": (False, is_number),
    "credit": (False, is_positive),
    "creditBytes": (False, is_positive),
    "parent": (False, is_positive),
    "traceparent": (False, is_text),
    "tracestate": (False, is_text),
    "inputs": (False, lambda value: bool(value) and list_of(_is_place)(value)),
}
_WELCOME: Shape = all_required(
    protocol=is_integer,
    codec=one_of("json"),
    workerId=is_text,
    pool=is_text,
    slot=is_count,
    incarnation=is_text,
    modules=list_of(shaped(prefix=is_text, source=is_text, kind=one_of("path", "name"))),
    expose=nullable(list_of(is_text)),
    limits=shaped(maxFrameBytes=is_count, maxBufferBytes=is_count),
    integers=one_of("auto", "bigint", "error"),
    unencodable=one_of("error", "marker"),
    parentPid=is_integer,
    parentDeathSignal=is_flag,
    concurrency=is_positive,
    engine=one_of("sync", "async", "threads"),
    logLevel=nullable(is_count),
    rlimits=list_of(shaped(name=is_text, soft=_is_limit, hard=nullable(_is_limit))),
    outputToken=nullable(is_text),
)
_WELCOME["signatures"] = (False, is_flag)
_NUMBERED = all_required(n=is_count)
_CANCEL = all_required(mode=one_of("leave", "interrupt"))
_CREDIT: Shape = {"n": (True, is_positive), "bytes": (False, is_count)}
_INPUT_END = all_required(input=is_count, error=nullable(shaped(name=is_text, message=is_text)))
_CALL_IDS = all_required(ids=list_of(is_positive))
_MAP = all_required(
    segment=is_positive, channel=one_of("requests", "replies"), bytes=is_positive, thresholdBytes=is_count
)
_SEGMENT = all_required(segment=is_positive)
_SEGMENTS = all_required(segments=lambda value: bool(value) and list_of(is_positive)(value))
