"""The one place where the worker leaves its own code for the user's.

An interrupt (a signal whose handler raises) is for user code only: raised while the runtime moves bytes it
would tear a frame. So the handler asks :attr:`UserCode.entered`, and nothing else sets it.
"""

from __future__ import annotations

from .safe_points import raise_interrupt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

__all__ = ["UserCode"]


class UserCode:
    """Whether the main thread is in user code now.

    Attributes:
        entered: True while it is.
    """

    __slots__ = ("entered",)

    def __init__(self) -> None:
        self.entered = False

    def run(self, function: Callable[..., Any], args: Any = (), kwargs: Any = {}) -> Any:  # noqa: B006 - never changed
        """Call user code."""
        self.entered = True
        try:
            return function(*args, **kwargs)
        finally:
            self.entered = False

    def leave(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call the runtime's code from within user code, as an async stream does between items."""
        entered, self.entered = self.entered, False
        try:
            return function(*args)
        finally:
            self.entered = entered

    def on_interrupt(self, signal_number: int, frame: FrameType | None) -> None:
        """Handle ``SIGINT``: ``KeyboardInterrupt`` in user code, nothing between calls.

        There it would end the worker.
        """
        if self.entered:
            raise_interrupt(frame, lambda: self.entered)
