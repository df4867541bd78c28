"""The engines: how calls are run. What the runtime knows of one, and which there are."""

from __future__ import annotations

from .engine_sync import SyncEngine
from .event_loop import EventLoop
from .frame_channels import REQUEST_TYPES
from .frame_reader import FrameReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from .context import Call
    from .dump import Place
    from .expose import Exposed
    from .frame import Channel, FrameLimits
    from .interrupts import Interrupts
    from .messages import Welcome
    from .replies import Replies
    from .revocations import Revocations
    from .streams import Streams
    from .user_code import UserCode

    class Engine(Protocol):
        """Starts calls strictly in their order, so many at once, and answers each.

        A reply is on the wire before the call that waits for its place starts.

        Attributes:
            functions: What may be called, by exact name. Set before :meth:`serve`.
        """

        functions: Mapping[str, Exposed]

        @property
        def interrupts(self) -> Interrupts:
            """What ends calls that run."""

        @property
        def revocations(self) -> Revocations:
            """Which calls never start, since Node has taken them back. Asked before each starts."""

        @property
        def running(self) -> Call | None:
            """The oldest call that runs. For any thread."""

        def runs(self, call_id: int) -> bool:
            """Whether this call has a place still. For any thread."""

        def places(self) -> list[Place]:
            """Where the calls that run are. For any thread."""

        def serve(self) -> None:
            """Answer calls until Node ends the requests channel and the last has ended."""

        def close(self) -> None:
            """Close event loops. Once :meth:`serve` has returned and the stop hooks have run."""

        def disarm(self) -> None:
            """In a forked child: interrupt nothing, run nothing more."""


__all__ = ["make_engine", "suggestion"]


def make_engine(
    welcome: Welcome,
    requests: Channel,
    replies: Replies,
    streams: Streams,
    limits: FrameLimits,
    user_code: UserCode,
) -> tuple[Engine, EventLoop]:
    """The engine that Node asks for, and the event loop of the main thread.

    Args:
        welcome: Names the engine, and how many calls it may run at once.
        requests: The requests channel.
        replies: The replies channel.
        streams: Where credit arrives.
        limits: Of the connection.
        user_code: Where the main thread enters user code.
    """
    kind, concurrency = welcome["engine"], welcome["concurrency"]
    if kind == "async":
        from .engine_async import AsyncEngine

        loop = EventLoop(fast=True)
        return AsyncEngine(requests, REQUEST_TYPES, limits, replies, streams, loop, concurrency), loop
    loop = EventLoop()
    fill = None if replies.memory is None else replies.memory.fill
    reader = FrameReader(requests, REQUEST_TYPES, limits, fill)
    if kind == "threads":
        from .engine_threads import ThreadsEngine

        return ThreadsEngine(reader, replies, streams, loop, concurrency), loop
    return SyncEngine(reader, replies, streams, user_code, loop), loop


def suggestion(welcome: Welcome, functions: Mapping[str, Exposed]) -> str | None:
    """Advice for whoever chose the engine, where there is any."""
    advice = []
    if welcome["engine"] == "sync" and all(exposed.asynchronous for exposed in functions.values()):
        advice.append(
            f"each of the {len(functions)} functions is asynchronous, and engine 'sync' runs one call of a "
            "worker at a time: engine 'async' runs many at once"
        )
    sizes = {name: exposed.batch.size for name, exposed in functions.items() if exposed.batch is not None}
    if sizes:
        name = max(sizes, key=lambda each: sizes[each])
        at_once = 1 if welcome["engine"] == "sync" else welcome["concurrency"]
        if at_once < sizes[name]:
            advice.append(
                f"{name} takes batches of up to {sizes[name]} calls, and engine {welcome['engine']!r} with "
                f"concurrency {at_once} gives it {at_once} at most: that needs engine 'threads' or 'async', "
                f"and concurrency of at least {sizes[name]}"
            )
    plain = [name for name in sizes if not functions[name].asynchronous]
    if plain and welcome["engine"] == "async":
        advice.append(
            f"{plain[0]} takes batches and is a plain function, and nothing else runs in engine 'async' while"
            " it does, so that ending one of its calls may end the worker, and the others with it: "
            "that needs engine 'threads', or an async def"
        )
    return "; ".join(advice) or None
