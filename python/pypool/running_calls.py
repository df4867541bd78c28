"""Calls that have a place in an engine that runs several at once."""

from __future__ import annotations

from .interrupter import not_raised
from .user_code import UserCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Task
    from typing import Any, Literal

    from .context import Call
    from .event_loop import EventLoop
    from .expose import Exposed
    from .interrupter import Raised
    from .streams import Window

__all__ = ["RunningCall", "oldest"]


class RunningCall(UserCode):
    """One call from when it takes its place until it is answered.

    Attributes:
        call: As its handler knows it.
        exposed: What is called.
        args: With these,
        kwargs: and these.
        window: Its credit, where it is to be streamed.
        entered: It is in user code, or in tasks that this started: as of any :class:`UserCode`.
        task: What runs it, where its engine has one loop for all.
        loop: Where it runs, where threads have loops of their own and it needs one.
        wanted: How Node asked it to end, if it did. Set once.
        begun: Its function has been entered, or is about to.
        heard: The loop knows that it is to end.
        nudge_at: When it is to be interrupted by a signal, on the clock of ``time.monotonic``.
        raised: The last exception that a signal raised in it, while that lives.
    """

    __slots__ = (
        "args",
        "begun",
        "call",
        "exposed",
        "heard",
        "kwargs",
        "loop",
        "nudge_at",
        "raised",
        "task",
        "wanted",
        "window",
    )

    def __init__(
        self, call: Call, exposed: Exposed, args: list[Any], kwargs: dict[str, Any], window: Window | None
    ) -> None:
        super().__init__()
        self.call = call
        self.exposed = exposed
        self.args = args
        self.kwargs = kwargs
        self.window = window
        self.task: Task[None] | None = None
        self.loop: EventLoop | None = None
        self.wanted: Literal["leave", "interrupt"] | None = None
        self.begun = False
        self.heard = False
        self.nudge_at = 0.0
        self.raised: Raised = not_raised


def oldest(calls: dict[int, RunningCall]) -> Call | None:
    """The call that has had its place for longest. For any thread."""
    found = list(calls.values())  # in one step, while others come and go
    return found[0].call if found else None
