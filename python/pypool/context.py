"""What a handler may ask about its call and its worker."""

from __future__ import annotations

from _thread import get_ident
from contextvars import ContextVar
from time import monotonic, time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["Call", "Worker", "current_call", "current_worker"]


class Call:
    """One call, as its handler may know it.

    Attributes:
        id: Unique in this worker. Below 0 for a batch, which has its own.
        name: The name it was called by.
        cancelled: Its caller has given it up, or its time is over. For functions that are exposed with
            ``cancel="cooperative"``, and for threads of a handler, to look at now and then.
    """

    __slots__ = ("_meta", "cancelled", "id", "name", "shields", "started", "thread")

    def __init__(
        self, id: int, name: str, meta: Mapping[str, Any] | None, started: float | None = None
    ) -> None:
        self.id = id
        self.name = name
        self.cancelled = False
        self.started = monotonic() if started is None else started
        self.shields = 0  # how many are open, for the runtime
        self.thread = _main_thread  # that runs it, likewise
        self._meta: Mapping[str, Any] = meta or {}

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that the handler runs for: several where it takes batches, in the order of its list."""
        return (self,)

    @property
    def alone(self) -> Call | None:
        """The one call that it is, for the runtime: a batch of several is none."""
        return self

    @property
    def session_id(self) -> str | None:
        """The session that the caller named, or ``None`` for an anonymous call."""
        session = self._meta.get("session")
        return session["id"] if session else None

    @property
    def session_metadata(self) -> dict[str, Any]:
        """What the caller attached to the session."""
        session = self._meta.get("session")
        return (session.get("metadata") or {}) if session else {}

    @property
    def attributes(self) -> dict[str, Any]:
        """The caller's own labels for this call."""
        return self._meta.get("attributes") or {}

    @property
    def traceparent(self) -> str | None:
        """The trace that the call is part of, as W3C Trace Context writes it, or ``None``.

        To hand on to others. Where ``opentelemetry`` is in use, its spans join by themselves.
        """
        traceparent: str | None = self._meta.get("traceparent")
        return traceparent

    @property
    def tracestate(self) -> str | None:
        """What belongs to :attr:`traceparent`, or ``None``."""
        tracestate: str | None = self._meta.get("tracestate")
        return tracestate

    @property
    def deadline(self) -> float | None:
        """When the caller stops waiting, in seconds since the Unix epoch, or ``None``."""
        deadline = self._meta.get("deadline")
        return None if deadline is None else deadline / 1000

    @property
    def remaining_seconds(self) -> float | None:
        """How long the caller still waits, never below 0, or ``None``."""
        deadline = self.deadline
        return None if deadline is None else max(0.0, deadline - time())

    def __repr__(self) -> str:
        return f"Call(id={self.id}, name={self.name!r}, session_id={self.session_id!r})"


class Worker:
    """This process, as Node knows it.

    Attributes:
        id: Unique in the Node process, for example ``"embeddings-2.7"``.
        slot: The smallest integer that was free among the pool's live workers; for choosing a GPU or a port.
        pool: The pool's name.
    """

    __slots__ = ("id", "pool", "slot")

    def __init__(self, id: str, slot: int, pool: str) -> None:
        self.id = id
        self.slot = slot
        self.pool = pool

    def __repr__(self) -> str:
        return f"Worker(id={self.id!r}, slot={self.slot}, pool={self.pool!r})"


# A context variable, not a global: tasks and `asyncio.to_thread` inherit it, a background task keeps the call
# that made it, and a plain thread sees no call at all rather than whichever runs by then.
running_call: ContextVar[Call | None] = ContextVar("pypool.call", default=None)

running_on_main: Callable[[], Call | None] | None = None
"""What the main thread runs, set by the engine: enough for a plain function, and cheap."""

_main_thread = get_ident()

_worker: Worker | None = None

worker_was_missed = False
"""Whether somebody asked for the worker before this process was one: a module in a fork server."""


def current_call() -> Call:
    """The call that this code runs for.

    Works in handlers, in the tasks that they start, and under ``asyncio.to_thread`` of an ``async def``
    handler; a loop that a plain handler runs itself hands no call to its threads. A plain thread has no
    call: hand it the object.

    Raises:
        LookupError: There is none.
    """
    call = find_call()
    if call is None:
        raise LookupError(
            "current_call(): this code runs for no call; a thread has to be given its handler's"
        )
    return call


def find_call() -> Call | None:
    """As :func:`current_call`, for this package, with ``None`` where there is none."""
    call = running_call.get()
    if call is None and running_on_main is not None and get_ident() == _main_thread:
        call = running_on_main()
    return call


def find_author() -> Call | None:
    """The call whose code prints or logs this. What a batch says is of no single call."""
    call = find_call()
    return None if call is None else call.alone


def current_worker() -> Worker:
    """The worker that this process is. Known from before the user's modules are imported.

    A fork server imports them before there is a worker; modules that ask then are not forked.

    Raises:
        LookupError: This process is no worker.
    """
    global worker_was_missed
    if _worker is None:
        worker_was_missed = True
        raise LookupError("current_worker(): this process is no pypool worker")
    return _worker


def watch_main(running: Callable[[], Call | None]) -> None:
    """Set how :func:`current_call` finds the call that the main thread runs."""
    global running_on_main
    running_on_main = running


def become_worker(worker: Worker) -> None:
    """Set what :func:`current_worker` answers."""
    global _worker
    _worker = worker
