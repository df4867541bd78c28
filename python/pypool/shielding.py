"""Lines that nothing interrupts."""

from __future__ import annotations

from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["shield", "when_unshielded"]


class shield:
    """Let no cancel interrupt a few lines: ``with shield(): commit()``.

    One that arrives inside takes effect right after them. May be nested, and may ``await`` inside. Node's
    patience is finite: what is not done within the grace of the interrupt is ended harder.
    In a plain thread there is nothing to shield from, and this does nothing.
    """

    depth = 0
    """How many are open on the main thread."""

    def __enter__(self) -> None:
        """Interrupts wait from here on."""
        if get_ident() == _main_thread:
            shield.depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Interrupts may come again; one that came meanwhile comes now."""
        if get_ident() == _main_thread:
            shield.depth -= 1
            if _on_exit is not None:
                _on_exit()


def when_unshielded(check: Callable[[], None]) -> None:
    """Set what is called on the main thread whenever a shield ends."""
    global _on_exit
    _on_exit = check


_main_thread = get_ident()
_on_exit: Callable[[], None] | None = None
