"""Streams: one call, many items, each sent against credit that the consumer gave (SPEC.md section 3)."""

from __future__ import annotations

from math import inf
from threading import Condition

from .shielding import shield

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["Streams", "Window"]


class Window:
    """How much one stream may send. The control thread gives, the thread that runs the stream takes.

    What was given and what was sent are counts that only grow, each written by one of them. So to look
    whether there is room takes no lock, which every item would pay for.

    Attributes:
        left: The consumer is gone: stop between items.
        opened: The stream's call has been read.
    """

    __slots__ = (
        "_bytes_given",
        "_bytes_sent",
        "_changed",
        "_items_given",
        "_items_sent",
        "_sleeper",
        "left",
        "opened",
    )

    def __init__(self) -> None:
        self.left = False
        self.opened = False
        self._items_given = 0
        self._items_sent = 0
        self._bytes_given: float = 0
        self._bytes_sent = 0
        self._changed = Condition()
        self._sleeper: Callable[[], object] | None = None

    def grant(self, items: int, size: float) -> None:
        """Allow more items, and more bytes; ``math.inf`` for as many as they take."""
        with self._changed:
            self._items_given += items
            self._bytes_given += size
            self._wake()

    def leave(self) -> None:
        """Stop the stream between two items."""
        with self._changed:
            self.left = True
            self._wake()

    def spend(self, items: int, size: int) -> None:
        """Items were sent, in so many bytes."""
        self._items_sent += items
        self._bytes_sent += size

    def room(self) -> int:
        """How many items may be sent now: 0 without credit, and where the consumer left.

        Of bytes, the last item may take more than there are: or one that is larger than all credit would
        never be sent.
        """
        if self.left or self._bytes_sent >= self._bytes_given:
            return 0
        return self._items_given - self._items_sent

    def wait(self) -> int:
        """Block until there is credit.

        Returns:
            How many items may be sent; 0 where the consumer left.
        """
        room = self.room()
        if not room:
            with self._changed:
                while not (room := self.room()) and not self.left:
                    self._changed.wait()
        return room

    async def wait_async(self) -> int:
        """As :meth:`wait`, with the event loop running on meanwhile."""
        while not (room := self.room()) and not self.left:
            await self._sleep()
        return room

    async def _sleep(self) -> None:
        from asyncio import get_running_loop

        loop = get_running_loop()
        woken = loop.create_future()
        # User code has been entered, for tasks of the handler's go on meanwhile.
        with shield(), self._changed:
            if self.left or self.room():
                return
            self._sleeper = lambda: loop.call_soon_threadsafe(_settle, woken)
        await woken

    def _wake(self) -> None:
        self._changed.notify_all()
        sleeper, self._sleeper = self._sleeper, None
        if sleeper is not None:
            try:
                sleeper()
            except RuntimeError:
                pass  # its loop is closed: the worker stops, and the stream has ended


class Streams:
    """The windows of one worker's streams, found by call id.

    Channels are not ordered among each other: credit may arrive before the call that it is for, and after
    that call ended. Call ids grow, which tells the two apart.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._windows: dict[int, Window] = {}
        self._latest = 0
        self._stopping = False

    def open(self, call_id: int, meta: Mapping[str, Any]) -> Window:
        """The call of a stream has been read: its `meta` holds the first credit."""
        with self._changed:
            for stale in [id for id, window in self._windows.items() if id < call_id and not window.opened]:
                del self._windows[stale]
            window = self._windows.setdefault(call_id, Window())
            self._latest = call_id
            window.opened = True
            window.left = window.left or self._stopping
        window.grant(meta["credit"], meta.get("creditBytes", inf))
        return window

    def close(self, call_id: int) -> None:
        """The stream has ended."""
        with self._changed:
            self._windows.pop(call_id, None)

    def grant(self, call_id: int, items: int, size: int) -> None:
        """CREDIT has arrived."""
        window = self._find(call_id)
        if window is not None:
            window.grant(items, size)

    def leave(self, call_id: int) -> None:
        """CANCEL has arrived: the consumer is gone."""
        window = self._find(call_id)
        if window is not None:
            window.leave()

    def leave_open(self, call_id: int) -> None:
        """As :meth:`leave`, for a call that may be no stream, or has not been read."""
        with self._changed:
            window = self._windows.get(call_id)
        if window is not None:
            window.leave()

    def stop(self) -> None:
        """SHUTDOWN has arrived: streams stop between items, those to come before their first."""
        with self._changed:
            self._stopping = True
            windows = list(self._windows.values())
        for window in windows:
            window.leave()

    def disarm(self) -> None:
        """In a forked child: wait for no lock that another thread held."""
        self._changed = Condition()

    def _find(self, call_id: int) -> Window | None:
        with self._changed:
            window = self._windows.get(call_id)
            if window is None and call_id > self._latest:
                window = self._windows[call_id] = Window()
            return window


def _settle(future: Future[None]) -> None:
    if not future.done():
        future.set_result(None)
