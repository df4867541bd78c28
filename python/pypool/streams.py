"""Streams: one call, many items, each sent against credit that the consumer gave (SPEC.md section 3)."""

from __future__ import annotations

from threading import Condition

from .deferred import COROUTINE, GENERATOR
from .errors import FrameTooLarge, InvalidArguments
from .shielding import shield

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from typing import Any

    from .event_loop import EventLoop
    from .user_code import UserCode

__all__ = ["StreamProducer", "Streams", "Window"]

_BATCH = 64
_END = object()
# Their items are there already: to wait for several of them costs the consumer nothing.
_READY_ITERATORS: tuple[type, ...] = (type(iter([])), type(iter(())), type(iter(range(0))))


class Window:
    """How many items one stream may send. The control thread gives, the thread that runs the stream takes.

    Attributes:
        left: The consumer is gone: stop between items.
        opened: The stream's call has been read.
    """

    __slots__ = ("_changed", "_credit", "_sleeper", "left", "opened")

    def __init__(self) -> None:
        self.left = False
        self.opened = False
        self._credit = 0
        self._changed = Condition()
        self._sleeper: Callable[[], object] | None = None

    def grant(self, items: int) -> None:
        """Allow more items."""
        with self._changed:
            self._credit += items
            self._wake()

    def leave(self) -> None:
        """Stop the stream between two items."""
        with self._changed:
            self.left = True
            self._wake()

    def spend(self, items: int) -> None:
        """Items were sent."""
        with self._changed:
            self._credit -= items

    def wait(self) -> int:
        """Block until there is credit.

        Returns:
            How many items may be sent; 0 where the consumer left.
        """
        with self._changed:
            while not self.left and self._credit <= 0:
                self._changed.wait()
            return 0 if self.left else self._credit

    async def wait_async(self) -> int:
        """As :meth:`wait`, with the event loop running on meanwhile."""
        while not self.left and self._credit <= 0:
            await self._sleep()
        return 0 if self.left else self._credit

    async def _sleep(self) -> None:
        from asyncio import get_running_loop

        loop = get_running_loop()
        woken = loop.create_future()
        # User code has been entered, for tasks of the handler's go on meanwhile.
        with shield(), self._changed:
            if self.left or self._credit > 0:
                return
            self._sleeper = lambda: loop.call_soon_threadsafe(_settle, woken)
        await woken

    def _wake(self) -> None:
        self._changed.notify_all()
        sleeper, self._sleeper = self._sleeper, None
        if sleeper is not None:
            sleeper()


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

    def open(self, call_id: int, credit: int) -> Window:
        """The call of a stream has been read."""
        with self._changed:
            for stale in [id for id, window in self._windows.items() if id < call_id and not window.opened]:
                del self._windows[stale]
            window = self._windows.setdefault(call_id, Window())
            self._latest = call_id
            window.opened = True
            window.left = window.left or self._stopping
        window.grant(credit)
        return window

    def close(self, call_id: int) -> None:
        """The stream has ended."""
        with self._changed:
            self._windows.pop(call_id, None)

    def grant(self, call_id: int, items: int) -> None:
        """CREDIT has arrived."""
        window = self._find(call_id)
        if window is not None:
            window.grant(items)

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

    def _find(self, call_id: int) -> Window | None:
        with self._changed:
            window = self._windows.get(call_id)
            if window is None and call_id > self._latest:
                window = self._windows[call_id] = Window()
            return window


class StreamProducer:
    """Sends what one stream's handler makes.

    Args:
        name: The function's, for messages.
        window: The stream's credit.
        send: Writes one ITEM frame, given the place of its first item in the stream.
        user_code: Where handlers are entered.
        loop: For handlers that are asynchronous.
    """

    def __init__(
        self,
        name: str,
        window: Window,
        send: Callable[[Sequence[Any], int], None],
        user_code: UserCode,
        loop: EventLoop,
    ) -> None:
        self._name = name
        self._window = window
        self._write = send
        self._user_code = user_code
        self._loop = loop
        self._sent = 0

    def produce(self, source: Any) -> None:
        """Send items until the source ends, raises, or the consumer leaves.

        A generator is closed before this returns.

        Args:
            source: What the handler returned.

        Raises:
            InvalidArguments: The handler returned nothing that can be streamed.
        """
        if type(source) is COROUTINE:
            source = self._user_code.run(self._loop.run, (source,))
        if hasattr(source, "__anext__"):
            self._user_code.run(self._loop.run, (self._drive(source),))
        elif type(source) in _READY_ITERATORS:
            self._send_ready(source)
        elif hasattr(source, "__next__"):
            self._iterate(source)
        else:
            raise InvalidArguments(
                f"{self._name}() returned {type(source).__name__}, no stream: use call() instead of stream()",
                started=True,
            )

    def _iterate(self, iterator: Iterator[Any]) -> None:
        run, window = self._user_code.run, self._window
        try:
            # Credit first: the handler never works further ahead than the consumer asked for.
            while window.wait():
                item = run(next, (iterator, _END))
                if item is _END or window.left:
                    return
                self._send((item,))
        finally:
            if isinstance(iterator, GENERATOR):
                with shield():
                    run(iterator.close)

    async def _drive(self, iterator: AsyncIterator[Any]) -> None:
        window = self._window
        try:
            while await window.wait_async():
                try:
                    item = await iterator.__anext__()
                except StopAsyncIteration:
                    return
                if window.left:
                    return
                self._user_code.leave(self._send, (item,))
        finally:
            close = getattr(iterator, "aclose", None)
            if close is not None:
                with shield():
                    await close()

    def _send_ready(self, iterator: Iterator[Any]) -> None:
        from itertools import islice

        while True:
            credit = self._window.wait()
            items = tuple(islice(iterator, min(credit, _BATCH)))
            if not items:
                return
            self._send(items)

    def _send(self, items: Sequence[Any]) -> None:
        try:
            self._write(items, self._sent)
        except FrameTooLarge:
            if len(items) == 1:
                raise
            middle = len(items) // 2
            self._send(items[:middle])
            self._send(items[middle:])
            return
        self._sent += len(items)
        self._window.spend(len(items))


def _settle(future: Future[None]) -> None:
    if not future.done():
        future.set_result(None)
