"""Lines that nothing interrupts."""

from __future__ import annotations

from _thread import get_ident

from .context import find_call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["shield", "when_unshielded"]


class shield:
    """Let no cancel interrupt a few lines: ``with shield(): commit()``.

    One that arrives inside takes effect right after them. May be nested, and may ``await`` inside. Node's
    patience is finite: what is not done within the grace of the interrupt is ended harder.
    It holds for the call that opens it and for no other. In a plain thread there is nothing to shield from,
    and this does nothing.
    """

    def __enter__(self) -> None:
        """Interrupts wait from here on."""
        call = find_call()
        if call is not None and call.thread == get_ident():
            call.shields += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Interrupts may come again; one that came meanwhile comes now."""
        # Looked up anew: one shield object may be shared by calls. What a generator opened may be closed in
        # another call, so no count goes below 0.
        call = find_call()
        thread = get_ident()
        if call is not None and call.thread == thread and call.shields:
            call.shields -= 1
        if thread == _main_thread and _on_exit is not None:
            _on_exit()


def when_unshielded(check: Callable[[], None]) -> None:
    """Set what is called on the main thread whenever a shield ends."""
    global _on_exit
    _on_exit = check


_main_thread = get_ident()
_on_exit: Callable[[], None] | None = None
