"""Lines that nothing interrupts."""

from __future__ import annotations

from _thread import get_ident

from .context import running_call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from .context import Call

__all__ = ["is_shielded", "shield", "when_unshielded"]


class shield:
    """Let no cancel interrupt a few lines: ``with shield(): commit()``.

    One that arrives inside takes effect right after them. May be nested, and may ``await`` inside. Node's
    patience is finite: what is not done within the grace of the interrupt is ended harder.
    It holds for the call that opens it and for no other. In a plain thread there is nothing to shield from,
    and this does nothing.
    """

    depth = 0
    """How many are open on the main thread, outside of any call that its context names."""

    def __enter__(self) -> None:
        """Interrupts wait from here on."""
        call = running_call.get()
        thread = get_ident()
        if call is not None:
            if call.thread == thread:
                call.shields += 1
        elif thread == _main_thread:
            shield.depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Interrupts may come again; one that came meanwhile comes now."""
        # Looked up anew: one shield object may be shared by calls. What a generator opened may be closed in
        # the context of another call, so no count goes below 0.
        call = running_call.get()
        thread = get_ident()
        if call is not None:
            if call.thread == thread and call.shields:
                call.shields -= 1
        elif thread == _main_thread and shield.depth:
            shield.depth -= 1
        if thread == _main_thread and _on_exit is not None:
            _on_exit()


def is_shielded(call: Call) -> bool:
    """Whether a cancel of this call has to wait."""
    return call.shields > 0 or shield.depth > 0


def when_unshielded(check: Callable[[], None]) -> None:
    """Set what is called on the main thread whenever a shield ends."""
    global _on_exit
    _on_exit = check


_main_thread = get_ident()
_on_exit: Callable[[], None] | None = None
