"""Sends what the handler of a stream makes, one item after the other, against the credit of its consumer."""

from __future__ import annotations

from time import monotonic

from .deferred import COROUTINE, GENERATOR
from .errors import FrameTooLarge, InvalidArguments
from .shielding import shield

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence
    from typing import Any

    from .event_loop import EventLoop
    from .streams import Window
    from .user_code import UserCode
    from .value import Encoded

__all__ = ["StreamProducer"]

_BATCH = 64
_BATCH_BYTES = 64 * 1024
"""Items share a frame up to here, so that what is sent beyond the credit is this or one item."""
_END = object()
# Their items are there already: to wait for several of them costs the consumer nothing.
_READY_ITERATORS: tuple[type, ...] = (type(iter([])), type(iter(())), type(iter(range(0))))

_TURN_SECONDS = 0.001
"""For how long a stream that never waits keeps an event loop from everything else."""


class StreamProducer:
    """Sends what one stream's handler makes.

    Args:
        name: The function's, for messages.
        window: The stream's credit.
        encode: Says items as they are sent, given the place of the first one in the stream.
        write: Writes one ITEM frame of what that said.
        user_code: Where handlers are entered.
    """

    def __init__(
        self,
        name: str,
        window: Window,
        encode: Callable[[Sequence[Any], int], Encoded],
        write: Callable[[Encoded], None],
        user_code: UserCode,
    ) -> None:
        self._name = name
        self._window = window
        self._encode = encode
        self._write = write
        self._user_code = user_code
        self._sent = 0
        self._batch = _BATCH
        self._held: tuple[Any, ...] = ()
        self._turn_ends = 0.0

    def produce(self, source: Any, loop: EventLoop) -> None:
        """Send items until the source ends, raises, or the consumer leaves.

        A generator is closed before this returns.

        Args:
            source: What the handler returned.
            loop: For a source that is asynchronous.

        Raises:
            InvalidArguments: The handler returned nothing that can be streamed.
        """
        if type(source) is COROUTINE:
            source = self._user_code.run(loop.run, (source,))
        if hasattr(source, "__anext__"):
            self._user_code.run(loop.run, (self._drive(source),))
        elif type(source) in _READY_ITERATORS:
            self._send_ready(source)
        elif hasattr(source, "__next__"):
            self._iterate(source)
        else:
            raise self._no_stream(source)

    async def produce_in_task(self, source: Any) -> None:
        """As :meth:`produce`, as part of a task: nothing here waits but for its turn.

        To be called as user code, which it leaves to send.
        """
        if type(source) is COROUTINE:
            coroutine: Any = source
            source = await coroutine
        if hasattr(source, "__anext__"):
            await self._drive(source)
        elif type(source) in _READY_ITERATORS:
            await self._drive_ready(source)
        elif hasattr(source, "__next__"):
            await self._drive_plain(source)
        else:
            raise self._no_stream(source)

    def _iterate(self, iterator: Iterator[Any]) -> None:
        user_code, window, send = self._user_code, self._window, self._send
        try:
            # Credit first: the handler never works further ahead than the consumer asked for.
            while window.wait():
                # `UserCode.run` written out: this is the way of nearly every item.
                user_code.entered = True
                item = next(iterator, _END)
                user_code.entered = False
                if item is _END or window.left:
                    return
                # At once, and not with those to come: they may take any time, or end the process.
                send((item,))
        finally:
            user_code.entered = False
            if isinstance(iterator, GENERATOR):
                with shield():
                    user_code.run(iterator.close)

    async def _drive(self, iterator: AsyncIterator[Any]) -> None:
        window = self._window
        try:
            while window.room() or await window.wait_async():
                try:
                    item = await iterator.__anext__()
                except StopAsyncIteration:
                    return
                if window.left:
                    return
                self._user_code.leave(self._send, (item,))
                if monotonic() >= self._turn_ends:
                    await self._let_others()
        finally:
            close = getattr(iterator, "aclose", None)
            if close is not None:
                with shield():
                    await close()

    async def _drive_plain(self, iterator: Iterator[Any]) -> None:
        window = self._window
        try:
            while window.room() or await window.wait_async():
                item = next(iterator, _END)
                if item is _END or window.left:
                    return
                self._user_code.leave(self._send, (item,))
                await self._let_others()
        finally:
            if isinstance(iterator, GENERATOR):
                with shield():
                    iterator.close()

    def _send_ready(self, iterator: Iterator[Any]) -> None:
        while self._send_batch(iterator, self._window.wait()):
            pass

    async def _drive_ready(self, iterator: Iterator[Any]) -> None:
        while self._user_code.leave(self._send_batch, iterator, await self._window.wait_async()):
            await self._let_others()

    def _send_batch(self, iterator: Iterator[Any], room: int) -> bool:
        from itertools import islice

        most = min(room, self._batch)
        items = self._held or tuple(islice(iterator, most))
        items, self._held = items[:most], items[most:]
        while items and not self._send(items):
            # Those to come are likely as large.
            middle = self._batch = len(items) // 2
            items, self._held = items[:middle], items[middle:] + self._held
        return bool(items)

    async def _let_others(self) -> None:
        from asyncio import sleep

        await sleep(0)
        self._turn_ends = monotonic() + _TURN_SECONDS

    def _send(self, items: tuple[Any, ...]) -> bool:
        """Send items in one frame, or none of them where several are too large together."""
        encoded = self._encode(items, self._sent)
        count, size = len(items), len(encoded[0])
        if encoded[2]:
            size += sum(memoryview(buffer).nbytes for buffer in encoded[2])
        if count > 1 and size > _BATCH_BYTES:
            return False
        try:
            self._write(encoded)
        except FrameTooLarge:
            if count == 1:
                raise
            return False
        self._sent += count
        self._window.spend(count, size)
        if self._batch < _BATCH and 4 * size < _BATCH_BYTES:
            self._batch *= 2
        return True

    def _no_stream(self, source: Any) -> InvalidArguments:
        return InvalidArguments(
            f"{self._name}() returned {type(source).__name__}, no stream: use call() instead of stream()",
            started=True,
        )
