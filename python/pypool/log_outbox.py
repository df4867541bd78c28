"""What Python logged, on its way to Node: a bounded queue, and a thread that empties it.

Whoever logs never waits for Node: what does not fit is dropped and counted.
"""

from __future__ import annotations

from _queue import (
    SimpleQueue,
)  # its `put` may be interrupted by another, of a signal's handler or a finalizer
from _thread import RLock, allocate_lock, start_new_thread

from .frame import FrameType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .control import ControlSender

__all__ = ["LogOutbox"]

MAX_RECORDS = 1000
"""How many records may wait. Each is cut to a few thousand characters, so this bounds the memory, too."""

FLUSH_SECONDS = 2.0
"""How long a worker that ends waits for Node to take the rest, and for the thread that sends it, which a busy
machine may keep from running for a while."""


class LogOutbox:
    """Sends LOG messages in the background. For any thread.

    Args:
        sender: Of the control channel.

    Attributes:
        open: Records are taken. Not in a forked child, nor when Node is gone.
    """

    def __init__(self, sender: ControlSender) -> None:
        self.open = True
        self._sender = sender
        self._queue: SimpleQueue[Any] = SimpleQueue()
        # Reentrant: a signal's handler or a finalizer may log in the middle of `put`.
        self._lock = RLock()
        self._sending = False
        self._dropped = 0

    def put(self, message: dict[str, Any]) -> None:
        """Send a message soon, or drop it where too many wait. Never blocks.

        Args:
            message: A LOG, but for its ``dropped``.
        """
        with self._lock:
            if self._queue.qsize() >= MAX_RECORDS:
                self._dropped += 1
                return
            self._queue.put(message)
            if self._sending:
                return
            self._sending = True
        try:
            start_new_thread(self._send_all, ())
        except RuntimeError:  # no more threads to be had
            self.close()

    def flush(self) -> None:
        """Wait until all is sent that has been put, for a moment at most."""
        if self.open and self._sending:
            sent = allocate_lock()
            sent.acquire()
            self._queue.put(sent)
            sent.acquire(timeout=FLUSH_SECONDS)

    def close(self) -> None:
        """Take nothing more."""
        self.open = False

    def _send_all(self) -> None:
        while True:
            message = self._queue.get()
            if type(message) is not dict:
                message.release()
            elif self.open:
                self._send(message)

    def _send(self, message: dict[str, Any]) -> None:
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        try:
            self._sender.send(FrameType.LOG, {**message, "dropped": dropped})
        except OSError:
            self.close()  # Node is gone
        except Exception:  # over the limit of a frame: one more that is not sent
            with self._lock:
                self._dropped += dropped + 1
