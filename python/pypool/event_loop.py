"""The asyncio loop of a worker: made at the first handler that needs one, kept for the worker's life."""

from __future__ import annotations

from .shielding import shield

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Callable, Coroutine
    from threading import Event
    from typing import Any

__all__ = ["EventLoop"]

_SHIELDED_SECONDS = 0.02
"""Time between two looks whether a shield has ended."""


class EventLoop:
    """One loop on the main thread.

    What a handler keeps (a client, a pool of connections) works in its next call. Between calls the loop
    stands still: a task that a handler leaves behind goes on when the next asynchronous call runs.
    """

    __slots__ = ("_loop", "_task")

    def __init__(self) -> None:
        self._loop: AbstractEventLoop | None = None
        self._task: Task[Any] | None = None

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end and return its result, or raise what it raised."""
        loop = self._loop
        if loop is None:
            import asyncio

            loop = self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
        task = self._task = loop.create_task(coroutine)
        try:
            return loop.run_until_complete(task)
        except BaseException:
            if (
                not task.done()
            ):  # an interrupt hit the loop itself: let the task clean up, or it would haunt the next call
                task.cancel()
                loop.run_until_complete(_settled(task))
            elif not task.cancelled():
                task.exception()  # else asyncio would report SystemExit and the like as never retrieved
            raise
        finally:
            self._task = None

    def cancel_task(self, is_on_its_way: Callable[[], bool]) -> Event | None:
        """Have what :meth:`run` runs cancelled. For any thread.

        Args:
            is_on_its_way: Whether an interrupt has ended it already; then it is left to clean up.

        Returns:
            What is set once the loop has heard; ``None`` where nothing runs.
        """
        loop, task = self._loop, self._task
        if loop is None or task is None:
            return None
        from threading import Event

        heard = Event()

        def cancel() -> None:
            heard.set()
            if shield.depth:
                loop.call_later(_SHIELDED_SECONDS, cancel)
            elif not task.done() and not is_on_its_way():
                task.cancel()

        loop.call_soon_threadsafe(cancel)
        return heard

    def is_cancelled(self, error: BaseException) -> bool:
        """Whether an exception is how a cancelled coroutine ends."""
        if self._loop is None:
            return False
        from asyncio import CancelledError

        return isinstance(error, CancelledError)

    def close(self) -> None:
        """Cancel what handlers left behind, finish their asynchronous generators, close the loop."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        import asyncio

        for task in asyncio.all_tasks(loop):
            task.cancel()
            loop.run_until_complete(_settled(task))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _settled(task: Any) -> None:
    import asyncio

    await asyncio.wait([task])
