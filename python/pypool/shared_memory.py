"""Memory that this process shares with Node, for buffers that are large (SPEC.md section 15).

Node decides how many segments there are. This side makes them, lends what arrives in them to user code, and
writes results into them.
"""

from __future__ import annotations

import os
import sys
from _queue import SimpleQueue
from _thread import allocate_lock

from .errors import ProtocolError
from .frame import FrameType
from .messages import mapped_message, segments_message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .control import ControlSender
    from .frame import Buffer, Frame, PlacedBuffer
    from .messages import MapSegment
    from .shared_segment import Segment

__all__ = ["SharedMemory", "can_share_memory"]

_COPY_BYTES = 16 * 1024 * 1024  # in one piece: no other thread runs meanwhile


def can_share_memory() -> bool:
    """Whether this system has memory that Node can open without a name."""
    return sys.platform == "linux" and hasattr(os, "memfd_create") and sys.maxsize > 2**32


class SharedMemory:
    """The segments of this worker. There are none until Node asks for one.

    Args:
        sender: Of the control channel.
    """

    def __init__(self, sender: ControlSender) -> None:
        self._sender = sender
        self._incoming: dict[int, Segment] = {}
        self._outgoing: dict[int, Segment] = {}
        self._threshold = 0
        self._claiming = allocate_lock()
        self._gone: SimpleQueue[int] = SimpleQueue()
        self._watches = False

    def map(self, asked: MapSegment) -> None:
        """Make a segment, and tell Node. On the control thread, as all up to :meth:`unmap`.

        Raises:
            OSError: Node is gone.
        """
        number = asked["segment"]
        try:
            from .shared_segment import Segment

            if not self._watches:
                self._watch()
            segment = Segment(asked["bytes"])
        except Exception as error:  # no memory, no descriptor, no thread: buffers go through the channel then
            told = mapped_message(number, error=f"{type(error).__name__}: {error}")
        else:
            self._threshold = asked["thresholdBytes"]
            if asked["channel"] == "requests":
                self._incoming[number] = segment
            else:
                segment.taken = True  # until Node has opened it
                self._outgoing[number] = segment
            told = mapped_message(number, segment.fd, segment.token.hex())
        self._sender.send(FrameType.MAPPED, told)

    def opened(self, number: int) -> None:
        """Node has it: from now on it may hold something."""
        segment = self._incoming.get(number) or self._outgoing.get(number)
        if segment is None or segment.fd < 0:
            raise ProtocolError(f"segment {number} was opened, which is none or was before")
        segment.close()
        if number in self._outgoing:  # one for requests may hold something by now: channels are not ordered
            segment.taken = False

    def release(self, numbers: Sequence[int]) -> None:
        """Node has read what was in these."""
        for number in numbers:
            segment = self._outgoing.get(number)
            if segment is None or not segment.taken:
                raise ProtocolError(f"segment {number} was released, in which nothing was sent")
            segment.taken = False

    def unmap(self, numbers: Sequence[int]) -> None:
        """Give back those that hold nothing.

        Raises:
            OSError: Node is gone.
        """
        unmapped = [number for number in numbers if self._drop(number)]
        if unmapped:
            self._sender.send(FrameType.UNMAPPED, segments_message(unmapped))

    def _drop(self, number: int) -> bool:
        """Let go of a segment, unless it holds something. Once this returns nothing refers to its memory."""
        with self._claiming:
            for segments in (self._incoming, self._outgoing):
                segment = segments.get(number)
                if segment is not None and (
                    (number in self._outgoing and segment.fd >= 0) or not segment.taken
                ):
                    segment.close()
                    del segments[number]
                    return True
        return False

    def fill(self, frame: Frame) -> None:
        """Put the buffers in their places that arrived in segments.

        Raises:
            ProtocolError: One is said to lie where nothing can.
        """
        buffers: list[Buffer] = list(frame.buffers)
        for index, number, length in frame.placed:
            segment = self._incoming.get(number)
            if segment is None or segment.taken or length > len(segment.memory):
                raise ProtocolError(f"{length} bytes are said to lie in segment {number}, where they cannot")
            segment.taken = True
            buffers[index] = self._lend(number, segment, length)
        frame.buffers = buffers

    def _lend(self, number: int, segment: Segment, length: int) -> Buffer:
        """A view of a segment that tells when it is gone, with all views of views that user code has made."""
        from weakref import ref

        if length == 0:
            self._gone.put(number)
            return b""
        # Releasing a memoryview does not tell: numpy holds on to what is below it. A queue's put() may be
        # called in the middle of anything, as this is: by the garbage collector.
        exporter = segment.exporter.from_buffer(segment.memory)
        put = self._gone.put
        segment.lent = ref(exporter, lambda _: put(number))
        return memoryview(exporter).cast("B")[:length]

    def place(self, buffers: Sequence[Buffer]) -> Sequence[PlacedBuffer]:
        """Write the large ones of some buffers into segments that are free. On one thread at a time."""
        if not self._outgoing:
            return ()
        placed: list[PlacedBuffer] = []
        for index, buffer in enumerate(buffers):
            if not len(buffer):
                continue
            data = memoryview(buffer).cast("B")
            length = len(data)
            if length < self._threshold:
                continue
            number, segment = self._claim(length)
            if segment is None:
                continue
            for start in range(0, length, _COPY_BYTES):
                end = min(length, start + _COPY_BYTES)
                segment.memory[start:end] = data[start:end]
            placed.append((index, number, length))
        return placed

    def take_back(self, placed: Sequence[PlacedBuffer]) -> None:
        """What was placed is not sent after all."""
        for _, number, _ in placed:
            self._outgoing[number].taken = False

    def disarm(self) -> None:
        """In a forked child: what is shared is the parent's to write."""
        self._outgoing = {}

    def _claim(self, length: int) -> tuple[int, Segment | None]:
        """The smallest free segment that holds so many bytes, taken."""
        with self._claiming:
            free = [
                (len(segment.memory), number)
                for number, segment in self._outgoing.items()
                if not segment.taken and length <= len(segment.memory)
            ]
            if not free:
                return 0, None
            number = min(free)[1]
            segment = self._outgoing[number]
            segment.taken = True
            return number, segment

    def _watch(self) -> None:
        """Begin to tell Node of segments that nobody looks at any more."""
        from threading import Thread

        os.register_at_fork(after_in_parent=self._keep_for_child)
        # From the control thread, whose mask of signals it has: SIGINT is for the main thread alone.
        Thread(target=self._tell, name="pypool-memory", daemon=True).start()
        self._watches = True

    def _tell(self) -> None:
        while True:
            number = self._gone.get()
            kind = FrameType.RELEASED if self._free(number) else FrameType.UNMAPPED
            try:
                self._sender.send(kind, segments_message([number]))
            except OSError:
                return  # Node is gone; the control thread sees to that

    def _free(self, number: int) -> bool:
        """Have a segment written again, or drop it where that may never be.

        By itself, for a thread that waits for the next one must hold on to none: a segment that is given back
        would keep its memory.
        """
        segment = self._incoming[number]
        if segment.forked:
            del self._incoming[number]
            return False
        segment.taken = False
        return True

    def _keep_for_child(self) -> None:
        """The child has the views that there are now, and this process does not learn when they go."""
        for segment in list(self._incoming.values()):
            segment.forked = segment.forked or segment.taken
