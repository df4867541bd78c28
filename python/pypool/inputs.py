"""Inputs: arguments that Node makes one after the other while the handler reads them (SPEC.md section 16)."""

from __future__ import annotations

from collections import deque
from queue import Empty, SimpleQueue
from threading import get_ident, main_thread

from .errors import Cancelled, HostError, InvalidArguments, ProtocolError
from .frame import FrameType
from .messages import pull_message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal, Union

    from .control import ControlSender
    from .expose import Exposed
    from .message_parse import InputItems
    from .messages import InputEnd

    Entry = Union[InputItems, BaseException, Literal["stop"]]

__all__ = ["Input", "Inputs"]

_ITEMS = 64
"""How many items may be under way: half of them are asked for at a time."""

_BYTES = 1024 * 1024
"""How many bytes of frames, and one frame more."""


class Input:
    """What a handler gets in the place of an iterable of Node's: an iterator, for ``for`` and ``async for``.

    Nothing of the iterable is read before the first item is asked for. Reading it raises
    :class:`~pypool.HostError` where the iterable failed. Tasks of one loop may share it, and each item goes
    to one of them; threads may not.

    Items come from the control thread through a queue in C, so an interrupt may be raised in whoever waits.
    """

    def __init__(
        self,
        pull: Callable[[int, int], None],
        untag: Callable[[Sequence[Any], InputItems], list[Any]],
        interrupted: bool,
    ) -> None:
        self._pull = pull
        self._untag = untag
        self._interrupted = interrupted
        self._arrived: SimpleQueue[Entry] = SimpleQueue()
        self._items: deque[Any] = deque()
        self._size = 0  # of the frame that they came in
        self._pulled = False
        self._taken = self._taken_bytes = 0
        self._end: BaseException | None = None
        self._sleepers: set[Callable[[], object]] = set()

    def put(self, entry: Entry) -> None:
        """Items have arrived, or their end. For the control thread."""
        self._arrived.put(entry)
        for wake in self._sleepers.copy():
            try:
                wake()
            except RuntimeError:
                pass  # its loop is closed, and its call has ended

    def __iter__(self) -> Input:
        """Itself."""
        return self

    def __next__(self) -> Any:
        """The next item; blocks until it is there.

        Raises:
            HostError: The iterable failed.
            InvalidArguments: An item cannot exist in this process.
            Cancelled: The call is to end.
        """
        while not self._items:
            if self._end is not None:
                raise self._end_as(StopIteration)
            self._begin()
            entry = self._arrived.get()
            # On the main thread a call that may be interrupted is, and its clean-up not a second time.
            if entry == "stop" and not (self._interrupted and get_ident() == main_thread().ident):
                raise Cancelled
            self._take(entry)
        return self._next()

    def __aiter__(self) -> Input:
        """Itself."""
        return self

    async def __anext__(self) -> Any:
        """As :meth:`__next__`, with the event loop running on meanwhile."""
        while not self._items:
            if self._end is not None:
                raise self._end_as(StopAsyncIteration)
            self._begin()
            try:
                entry = self._arrived.get_nowait()
            except Empty:
                await self._sleep()
                continue
            # Nor is its task cancelled a second time.
            if entry == "stop" and not self._interrupted:
                raise Cancelled
            self._take(entry)
        return self._next()

    def _begin(self) -> None:
        if not self._pulled:
            self._pulled = True
            self._pull(_ITEMS, _BYTES)

    def _take(self, entry: Entry) -> None:
        if isinstance(entry, tuple):
            self._size = entry[2]
            try:
                self._items.extend(self._untag(entry[1], entry))
            except InvalidArguments as error:
                self._end = error
        elif isinstance(entry, BaseException):
            self._end = entry

    def _next(self) -> Any:
        item = self._items.popleft()
        self._taken += 1
        if not self._items:
            self._taken_bytes += self._size
        if (self._taken * 2 >= _ITEMS or self._taken_bytes * 2 >= _BYTES) and self._end is None:
            taken, size = self._taken, self._taken_bytes
            self._taken = self._taken_bytes = 0
            self._pull(taken, size)
        return item

    def _end_as(self, stop: type[BaseException]) -> BaseException:
        """What reading on raises: an error once, then the end, like any iterator that failed."""
        end = self._end
        if isinstance(end, StopIteration):
            return stop()
        self._end = StopIteration()
        return end if end is not None else stop()

    async def _sleep(self) -> None:
        from asyncio import get_running_loop

        loop = get_running_loop()
        woken = loop.create_future()

        def wake() -> None:
            loop.call_soon_threadsafe(_settle, woken)

        self._sleepers.add(wake)
        try:
            # Either this sees what was put, or `put` sees whom to wake.
            if self._arrived.empty():
                await woken
        finally:
            self._sleepers.discard(wake)


class Inputs:
    """The inputs of the calls that run, found by call id.

    Args:
        sender: Of the control channel.

    Attributes:
        calls: Those that have any.
    """

    __slots__ = ("_sender", "calls")

    def __init__(self, sender: ControlSender) -> None:
        self._sender = sender
        self.calls: dict[int, list[Input]] = {}

    def open(
        self,
        call_id: int,
        args: list[Any],
        kwargs: dict[str, Any],
        places: Sequence[int | str],
        exposed: Exposed,
    ) -> None:
        """Put inputs among the arguments of a call that begins. For the thread that reads calls.

        Args:
            call_id: The call.
            args: Its positional arguments, which are changed.
            kwargs: Its keyword arguments, likewise.
            places: Where the inputs stand among them.
            exposed: What is called.

        Raises:
            InvalidArguments: It is called in batches, which no single call could end by what it waits for.
        """
        if exposed.batch is not None:
            raise InvalidArguments(f"{exposed.name}() takes calls in batches, which iterables do not go with")
        interrupted = exposed.cancel == "interrupt"
        made: list[Input] = []
        for number, place in enumerate(places):
            one = Input(self._puller(call_id, number), self._untag, interrupted)
            made.append(one)
            if isinstance(place, int):
                args[place] = one
            else:
                kwargs[place] = one
        self.calls[call_id] = made

    def close(self, call_id: int) -> None:
        """The call has ended: Node reads its iterables no further."""
        for one in self.calls.pop(call_id, ()):
            one.put(RuntimeError("the call that this was an argument of has ended"))

    def stop(self, call_id: int) -> None:
        """The call is to end: it waits for no item. For the control thread."""
        for one in self.calls.get(call_id, ()):
            one.put("stop")

    def receive(self, call_id: int, items: InputItems) -> None:
        """An INPUT has arrived. For the control thread.

        Raises:
            ProtocolError: The call has no such input.
        """
        one = self._find(call_id, items[0])
        if one is not None:
            one.put(items)

    def end(self, call_id: int, end: InputEnd) -> None:
        """An INPUT_END has arrived. For the control thread.

        Raises:
            ProtocolError: The call has no such input.
        """
        one = self._find(call_id, end["input"])
        if one is not None:
            error = end["error"]
            one.put(StopIteration() if error is None else HostError(error["name"], error["message"]))

    def _find(self, call_id: int, number: int) -> Input | None:
        made = self.calls.get(call_id)
        if made is None:
            return None  # it has ended
        if number >= len(made):
            raise ProtocolError(f"call {call_id} has no input {number}")
        return made[number]

    def _puller(self, call_id: int, number: int) -> Callable[[int, int], None]:
        def pull(items: int, size: int) -> None:
            self._sender.send(FrameType.PULL, pull_message(number, items, size), call_id)

        return pull

    def _untag(self, items: Sequence[Any], entry: InputItems) -> list[Any]:
        buffers = entry[3]
        if buffers is None:
            return list(items)
        value: list[Any] = self._sender.codec.untag(list(items), buffers, "items")
        return value


def _settle(future: Any) -> None:
    if not future.done():
        future.set_result(None)
