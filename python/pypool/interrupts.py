"""Calls that are to end before their time: which they are.

What ending one comes to is for each engine: see its own ``interrupts_*`` module.
"""

from __future__ import annotations

from .errors import Cancelled

__all__ = ["LEAVE_SECONDS", "Interrupts"]

LEAVE_SECONDS = 0.1
"""A stream that was left has this long to come to its next item, where it stops by itself."""


class Interrupts:
    """What Node has asked to end.

    Attributes:
        latest: The last call that began. For the main thread to set, before it looks at `notes`.
        notes: Ids of calls that were cancelled before they were read, and 0 for anything else that
            :meth:`begin` should see to.
    """

    def __init__(self) -> None:
        self.latest = 0
        self.notes: set[int] = set()

    def begin(self, call_id: int) -> None:
        """See to the notes. For the main thread, where there are any, as a call begins.

        Needs no lock: either this sees what :meth:`cancel` noted, or that sees that the call has begun.

        Raises:
            Cancelled: This very call was cancelled before it was read.
        """
        withdrawn = call_id in self.notes
        for note in self.notes.copy():
            if note <= call_id:
                self.notes.discard(note)
        if withdrawn:
            raise Cancelled(started=False)

    def cancel(self, call_id: int) -> None:
        """End a call. For the control thread.

        A call that has not been read is noted, one that has ended is let be.
        """
        if call_id > self.latest:
            self.notes.add(call_id)
            if call_id > self.latest:
                return
        # It has begun, if perhaps just now, without a look at the note; then `begin` of the next drops that.
        self._go_after(call_id, 0.0)

    def leave(self, call_id: int) -> None:
        """End a stream that was left and does not come to its next item. For the control thread.

        One that has not been read needs none of this: it ends before its first item.
        """
        if call_id <= self.latest:
            self._go_after(call_id, LEAVE_SECONDS)

    def disarm(self) -> None:
        """In a forked child: interrupt nothing."""

    def _go_after(self, call_id: int, after_seconds: float) -> None:
        """End this call, unless it has ended; leave it so long to end by itself. For the control thread."""
        raise NotImplementedError
