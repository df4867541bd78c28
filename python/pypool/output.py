"""What user code prints, and which call printed it.

Prints stay on the descriptors 1 and 2. These are pipes of their own, in no order with the channels, so who
printed what is said in them: a mark stands wherever the call changes, and Node takes it out again (SPEC.md
section 12).

Each thread gathers what it prints in a buffer of its own, which holds what one call printed and nothing else.
So the lines of threads do not mix, and what is written at once is of one call.
"""

from __future__ import annotations

import os
import sys
from _thread import _local as ThreadLocal
from io import DEFAULT_BUFFER_SIZE, BufferedWriter, FileIO, TextIOWrapper
from weakref import WeakSet

from .context import find_author
from .output_pipe import OutputPipe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .context import Call

__all__ = ["Output"]


class Output:
    """``sys.stdout`` and ``sys.stderr`` of a worker, and the end of calls that printed.

    Attributes:
        printed: Some call that printed may not have ended: :meth:`end` has to be told of each that does.
        runs: Whether a call has not ended yet, by its id. What it leaves behind may print, too, and is not
            heard of again.
    """

    __slots__ = ("_buffers", "_is_child", "printed", "runs")

    def __init__(self) -> None:
        self.printed = False
        self.runs: Callable[[int], bool] = bool  # until there are any, none has ended
        self._is_child = False
        self._buffers: list[_CallBuffer] = []

    def open(self) -> None:
        """Put both streams in place of Python's own.

        They write whole lines. Under ``-u`` each part of a ``print`` would be a write of its own.
        """
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            stream = getattr(sys, name)
            if stream is not None:
                buffer = _CallBuffer(self, OutputPipe(descriptor))
                # Every part reaches the buffer at once, which alone knows whose it is.
                lines: Any = TextIOWrapper(
                    buffer, stream.encoding, stream.errors, line_buffering=True, write_through=True
                )
                lines.mode = "w"
                self._buffers.append(buffer)
                setattr(sys, name, lines)
                setattr(sys, f"__{name}__", lines)
        os.register_at_fork(
            before=self._before_fork, after_in_parent=self._after_fork, after_in_child=self._become_child
        )

    def adopt(self) -> None:
        """In a worker that was forked with these streams: they are its own, on pipes of its own."""
        self._is_child = False
        for buffer in self._buffers:
            buffer.pipe.shared = False
            buffer.pipe.find_place()

    def mark_with(self, token: str) -> None:
        """Say from now on which call prints.

        Args:
            token: What Node knows the marks by.
        """
        for buffer in self._buffers:
            buffer.pipe.token = token.encode()

    def end(self, call_id: int) -> None:
        """The answer of a call is about to leave: write what it printed, and that it prints no more.

        What C code or a child writes from here on is of no call.
        """
        self.printed = False
        for buffer in self._buffers:
            if buffer.end(call_id):
                self.printed = True

    def flush(self) -> None:
        """Write what any thread has printed."""
        for buffer in self._buffers:
            buffer.flush_all()

    def _before_fork(self) -> None:
        self.flush()  # or the child would write it again
        for buffer in self._buffers:
            buffer.pipe.lock.acquire()
            # Now, not in the child: before that is told, Python drops its other threads there, and with them
            # the buffers, which then write what they hold.
            buffer.pipe.shared = True

    def _after_fork(self) -> None:
        for buffer in self._buffers:
            buffer.pipe.shared = self._is_child
            buffer.pipe.lock.release()

    def _become_child(self) -> None:
        self._is_child = True
        for buffer in self._buffers:
            buffer.forget_others()
            buffer.pipe.lock.release()


class _CallBuffer(BufferedWriter):
    """``sys.stdout.buffer``: hands what is written to the buffer of the thread that writes it.

    What it would buffer itself, as any other, it never gets.
    """

    def __init__(self, output: Output, pipe: OutputPipe) -> None:
        super().__init__(_CallFile(pipe))
        self.pipe = pipe
        self._output = output
        self._mine: Any = ThreadLocal()
        # A thread that ends lets go of its buffer, which then writes what it holds.
        self._all: WeakSet[Any] = WeakSet()

    def write(self, data: Any, /) -> int:
        call = find_author()
        try:
            writer, file = self._mine.pair
        except AttributeError:
            writer, file = self._make()
        if file.call is not call:
            writer.flush()
            file.call = call
            file.late = call is not None and not self._output.runs(call.id)
            if call is not None and not file.late:
                self._output.printed = True
        written: int = writer.write(data)
        return written

    def close(self) -> None:
        self.flush_all()
        super().close()
        self._mine = None

    def flush(self) -> None:
        if self.closed:
            raise ValueError("flush of closed file")
        pair = getattr(self._mine, "pair", None)
        if pair is None:
            return
        writer, file = pair
        writer.flush()
        if file.late and file.call is not None:
            call, file.call = file.call, None
            self.pipe.end(call.id)

    def flush_all(self) -> None:
        """As :meth:`flush`, for all threads. Raises nothing: there is nobody to tell."""
        for writer in self._writers():
            _flushed(writer)

    def end(self, call_id: int) -> bool:
        """A call ends; returns whether another that printed has not."""
        for writer in self._writers():
            file = writer.raw
            # With what cannot be written now, its call has to stay.
            if file.call is not None and file.call.id == call_id and _flushed(writer):
                file.call = None
        self.pipe.end(call_id)
        return self.pipe.marked is not None or any(writer.raw.call is not None for writer in self._writers())

    def forget_others(self) -> None:
        """In a forked child: the other threads are gone, perhaps in the middle of a write."""
        pair = getattr(self._mine, "pair", None)
        self._all = WeakSet() if pair is None else WeakSet([pair[0]])

    def _make(self) -> tuple[Any, _CallFile]:
        if self.closed:
            raise ValueError("write to closed file")
        file = _CallFile(self.pipe, DEFAULT_BUFFER_SIZE)
        pair: tuple[Any, _CallFile] = BufferedWriter(file), file
        self._mine.pair = pair
        with self.pipe.lock:
            self._all.add(pair[0])
        return pair

    def _writers(self) -> list[Any]:
        with self.pipe.lock:
            return list(self._all)


class _CallFile(FileIO):
    """The descriptor, as the buffer of one thread writes to it.

    The handler of a signal may raise in here, when the bytes have left. The buffer then takes none of them as
    written, and gives them again with its next write: so how many they were is noted.

    Args:
        pipe: Of the descriptor.
        kept_bytes: The size of the buffer. It keeps, and gives again, what is no longer.

    Attributes:
        call: Of which all is that is written.
        late: It had ended before: nobody will say so again, so each line is closed at once.
    """

    def __init__(self, pipe: OutputPipe, kept_bytes: int = 0) -> None:
        super().__init__(pipe.descriptor, "w", closefd=False)
        self.call: Call | None = None
        self.late = False
        self._kept_bytes = kept_bytes
        self._noted: list[int] | None = None
        self._pipe = pipe

    def write(self, data: Any, /) -> Any:
        written = self._noted[0] if self._noted else self._write_now(data)
        noted = self._noted
        try:
            self._noted = None  # and no call after it, at which a signal would be seen
            return written
        except BaseException:  # until Python 3.9, one is seen after nearly any step
            self._noted = noted
            raise

    def _write_now(self, data: Any) -> int | None:
        lock: Any = self._pipe.lock
        nested = lock._is_owned()
        try:
            with lock:
                return self._write_locked(data)
        except BaseException:
            # Until Python 3.10, a signal is seen between the last line of a `with` block and its end.
            if not nested and lock._is_owned():
                lock.release()
            raise

    def _write_locked(self, data: Any) -> int | None:
        pipe = self._pipe
        if pipe.shared:
            return pipe.write_aside(data)
        if self.call is not pipe.marked and not pipe.mark(self.call):
            return None  # as where it would block
        noted: list[int] = []
        if len(data) <= self._kept_bytes:
            self._noted = noted
        # All of it in C, which sees no signal between the write and its note.
        noted.extend(filter(None, map(super().write, (data,))))
        return noted[0] if noted else None


def _flushed(writer: Any) -> bool:
    try:
        writer.flush()
    except (OSError, ValueError, RuntimeError):
        return False  # its reader is gone, it would block, user code has closed it, or is just printing
    return True
