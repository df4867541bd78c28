"""Calls that Node takes back before they start: which they are (SPEC.md section 7)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Revocations"]


class Revocations:
    """Decides of each call, once, whether it starts or was taken back.

    It needs no lock, which every call would pay for. The main thread says which call it is about to start,
    and then looks at what was taken back. The control thread notes what it takes back, and then looks at
    which call was the last to start. So one of the two sees the other at least. Where both do, the call
    belongs to whoever takes the note away, which is one step.

    Attributes:
        latest: The last call that the main thread began or dropped. To be set before it looks at `ids`.
        ids: Calls that were taken back and have not been dropped yet.
    """

    __slots__ = ("ids", "latest")

    def __init__(self) -> None:
        self.latest = 0
        self.ids: set[int] = set()

    def drop(self, call_id: int) -> bool:
        """Whether a call that is about to start was taken back. For the main thread, where `ids` has any."""
        return self._take_away(call_id)

    def take_back(self, call_ids: Iterable[int]) -> list[int]:
        """Take back those calls that have not started. For the control thread.

        Returns:
            Those that never will, in the order asked. One that was taken back before is not among them.
        """
        return [call_id for call_id in call_ids if self._take_back(call_id)]

    def _take_back(self, call_id: int) -> bool:
        if call_id <= self.latest or call_id in self.ids:
            return False
        self.ids.add(call_id)
        if call_id > self.latest:
            return True  # the main thread will see the note
        # It came to this call in between. Either it was late for the note, which is of no use then; or it has
        # taken that away, and dropped the call.
        return not self._take_away(call_id)

    def _take_away(self, call_id: int) -> bool:
        try:
            self.ids.remove(call_id)
        except KeyError:
            return False
        return True
