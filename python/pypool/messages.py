"""Messages: what the envelopes of frames say (SPEC.md sections 3 and 4). Those of Python are made here."""

from __future__ import annotations

from .message_version import PROTOCOL_RANGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, TypedDict

    class Module(TypedDict):
        """Where exposed functions come from."""

        prefix: str
        source: str
        kind: Literal["path", "name"]

    class Rlimit(TypedDict):
        """A limit of the kernel."""

        name: str
        soft: int
        hard: int | None

    class Limits(TypedDict):
        """Limits of the connection, as Node writes them."""

        maxFrameBytes: int
        maxBufferBytes: int

    class MoreOfWelcome(TypedDict, total=False):
        """What WELCOME may leave out."""

        signatures: bool

    class Welcome(MoreOfWelcome):
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
        engine: Literal["sync", "async", "threads"]
        logLevel: int | None
        rlimits: list[Rlimit]
        outputToken: str | None

    class MapSegment(TypedDict):
        """MAP: a segment of shared memory that is to be made."""

        segment: int
        channel: Literal["requests", "replies"]
        bytes: int
        thresholdBytes: int

    class HostFailure(TypedDict):
        """An error of JavaScript."""

        name: str
        message: str

    class InputEnd(TypedDict):
        """INPUT_END: an input has ended."""

        input: int
        error: HostFailure | None


__all__ = [
    "dumped_message",
    "event_message",
    "function_entry",
    "hello_message",
    "log_message",
    "mapped_message",
    "pong_message",
    "pull_message",
    "ready_message",
    "revoked_message",
    "segments_message",
]


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
    cancel: str,
    signature: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """One exposed function, for READY.

    What it wants and gives is told only where Node has asked for it.
    """
    entry = {
        "name": name,
        "stream": stream,
        "async": is_async,
        "idempotent": idempotent,
        "timeoutSeconds": timeout_seconds,
        "concurrency": concurrency,
        "cancel": cancel,
    }
    if signature is not None:
        entry["signature"] = signature
    return entry


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


def pull_message(number: int, items: int, size: int) -> dict[str, Any]:
    """PULL: Node may send more of an input.

    Args:
        number: The input's.
        items: So many.
        size: In so many bytes.
    """
    return {"input": number, "n": items, "bytes": size}


def revoked_message(ids: Sequence[int]) -> dict[str, Any]:
    """REVOKED: the calls that had not started and never will."""
    return {"ids": list(ids)}


def log_message(
    source: Literal["logging", "warnings"],
    level: str,
    logger: str,
    message: str,
    time: float,
    call_id: int | None,
    function: str | None,
    session: str | None,
    exception: str | None,
    handled: bool,
    dropped: int = 0,
    traceparent: str | None = None,
) -> dict[str, Any]:
    """LOG: one log record or warning.

    Args:
        source: Which of the two.
        level: The name of its level.
        logger: The name of its logger.
        message: Its text.
        time: In seconds since the Unix epoch.
        call_id: The call that it was logged for, where that is certain.
        function: What that call runs.
        session: That call's.
        exception: The traceback that was logged with it.
        handled: Handlers of the user's took it as well.
        dropped: How many were lost since the last that was sent.
        traceparent: The span that it was logged in, where there is one.
    """
    record = {
        "source": source,
        "level": level,
        "logger": logger,
        "message": message,
        "time": time,
        "callId": call_id,
        "function": function,
        "session": session,
        "exception": exception,
        "handled": handled,
        "dropped": dropped,
    }
    if traceparent is not None:
        record["traceparent"] = traceparent
    return record


def dumped_message(
    n: int,
    threads: Sequence[dict[str, Any]],
    tasks: Sequence[dict[str, Any]] | None,
    calls: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """DUMPED: what this process does now. Stacks have the most recent call first.

    Args:
        n: The DUMP's number.
        threads: Each with ``id``, ``name``, ``main`` and ``frames``, the main thread first.
        tasks: Each with ``name`` and ``frames``; ``None`` where there is no event loop.
        calls: Each with ``id`` and ``frames``, those of the runtime left out.
    """
    said_tasks = None if tasks is None else list(tasks)
    return {"n": n, "threads": list(threads), "tasks": said_tasks, "calls": list(calls)}


def mapped_message(
    segment: int, fd: int | None = None, token: str | None = None, error: str | None = None
) -> dict[str, Any]:
    """MAPPED: the segment that MAP asked for, or why there is none.

    Args:
        segment: Its number.
        fd: Its descriptor.
        token: What it begins with, as hex.
        error: Why there is none.
    """
    return {"segment": segment, "fd": fd, "token": token, "error": error}


def segments_message(segments: Sequence[int]) -> dict[str, Any]:
    """RELEASED: nobody reads these any more. UNMAPPED: they are gone."""
    return {"segments": list(segments)}


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
