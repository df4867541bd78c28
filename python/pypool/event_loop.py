"""The asyncio loop of a worker: made at the first handler that needs one, kept for the worker's life."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Callable, Coroutine
    from threading import Event
    from typing import Any

__all__ = ["EventLoop", "cancel_when"]

_AGAIN_SECONDS = 0.02
"""Time between two looks whether a task may be cancelled now."""


class EventLoop:
    """One loop of one thread.

    What a handler keeps (a client, a pool of connections) works in its next call. Between calls the loop
    stands still: a task that a handler leaves behind goes on when the next asynchronous call runs.

    Args:
        fast: Use uvloop where it is installed.
    """

    __slots__ = ("_fast", "_loop", "_task")

    def __init__(self, fast: bool = False) -> None:
        self._fast = fast
        self._loop: AbstractEventLoop | None = None
        self._task: Task[Any] | None = None

    def ensure(self) -> AbstractEventLoop:
        """The loop, made now if need be. For its own thread."""
        loop = self._loop
        # One may be closed by user code, which gets it by `asyncio.get_event_loop()`.
        if loop is None or loop.is_closed():
            import asyncio

            loop = self._loop = (_new_fast_loop() if self._fast else None) or asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
        return loop

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end and return its result, or raise what it raised."""
        loop = self.ensure()
        task = self._task = loop.create_task(coroutine)
        try:
            while True:
                try:
                    return loop.run_until_complete(task)
                except SystemExit:
                    # asyncio stops for that of any task. One that an earlier handler has left behind has kept
                    # it for whoever awaits it, and is nothing to this one.
                    if task.done():
                        return task.result()
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

    @property
    def loop(self) -> AbstractEventLoop | None:
        """The loop, once a handler has needed one."""
        return self._loop

    @property
    def task(self) -> Task[Any] | None:
        """What :meth:`run` runs now."""
        return self._task

    def cancel_task(self, may_cancel: Callable[[], bool | None]) -> Event | None:
        """Have what :meth:`run` runs cancelled. For any thread.

        Args:
            may_cancel: Asked on the loop, for what runs may have changed by then. False: not now, ask again
                in a moment. None: no more.

        Returns:
            What is set once the loop has heard; ``None`` where nothing runs on it.
        """
        loop = self._loop
        if loop is None or self._task is None:
            return None
        from threading import Event

        heard = Event()

        def cancel() -> None:
            heard.set()
            cancel_when(loop, lambda: self._task, may_cancel)

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


def cancel_when(
    loop: AbstractEventLoop, task: Callable[[], Task[Any] | None], may_cancel: Callable[[], bool | None]
) -> None:
    """Cancel a task as soon as that may be. On its loop.

    Args:
        loop: Runs this.
        task: Tells which; ``None`` or one that is done is let be.
        may_cancel: As of :meth:`EventLoop.cancel_task`.
    """
    verdict = may_cancel()
    if verdict is None:
        return
    found = task()
    if found is None or found.done():
        return
    if verdict:
        found.cancel()
    else:
        loop.call_later(_AGAIN_SECONDS, cancel_when, loop, task, may_cancel)


def _new_fast_loop() -> AbstractEventLoop | None:
    try:
        import uvloop
    except ImportError:
        return None
    loop: AbstractEventLoop = uvloop.new_event_loop()
    return loop


async def _settled(task: Any) -> None:
    import asyncio

    await asyncio.wait([task])
