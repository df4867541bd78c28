"""The asyncio loop of a worker: made at the first handler that needs one, kept for the worker's life."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Coroutine
    from typing import Any

__all__ = ["EventLoop"]


class EventLoop:
    """One loop on the main thread.

    What a handler keeps (a client, a pool of connections) works in its next call. Between calls the loop
    stands still: a task that a handler leaves behind goes on when the next asynchronous call runs.
    """

    __slots__ = ("_loop",)

    def __init__(self) -> None:
        self._loop: AbstractEventLoop | None = None

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end and return its result, or raise what it raised."""
        loop = self._loop
        if loop is None:
            import asyncio

            loop = self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
        task = loop.create_task(coroutine)
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
