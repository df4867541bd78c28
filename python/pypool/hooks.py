"""Hooks: the user's code at the turning points of a worker's life."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from .context import Worker

    Hook = TypeVar("Hook", bound=Callable[..., Any])

__all__ = ["before_fork", "on_worker_start", "on_worker_stop"]

_VARIADIC = 0x04  # code flag of `*args`

before_fork_hooks: list[Callable[..., Any]] = []
start_hooks: list[Callable[..., Any]] = []
stop_hooks: list[Callable[..., Any]] = []


def before_fork(hook: Hook) -> Hook:
    """Run this once where the modules are imported, before there is a worker.

    For what all workers may share, such as model weights. In the fork server that is once for all workers; in
    one that is started by itself, before its ``on_worker_start`` hooks. It takes no arguments, is no
    ``async def``, and must leave no thread, connection or event loop behind: no worker is forked then. It
    counts in the start budget; an exception makes the start fail.
    """
    before_fork_hooks.append(hook)
    return hook


def on_worker_start(hook: Hook) -> Hook:
    """Run this in each worker after its modules are imported and before its first call.

    Open connections here, not at import: a forked worker would share them with its siblings.

    The hook may take the :class:`~pypool.context.Worker`, and may be ``async``. It counts in the start
    budget; an exception makes the start fail. Hooks run in the order of their registration.
    """
    start_hooks.append(hook)
    return hook


def on_worker_stop(hook: Hook) -> Hook:
    """Run this in each worker that stops gracefully, after its last call.

    The hook may take the :class:`~pypool.context.Worker`, and may be ``async``. An exception is printed and
    the other hooks still run, in the reverse order of their registration. A worker that dies or is killed
    runs none.
    """
    stop_hooks.append(hook)
    return hook


def run_before_fork_hooks() -> None:
    """Run what is to be done once before there are workers.

    Raises:
        TypeError: One of the hooks is ``async``: a loop must not live on into the workers.
        BaseException: What a hook raises.
    """
    hooks, before_fork_hooks[:] = before_fork_hooks[:], []
    for hook in hooks:
        result = hook()
        if hasattr(result, "__await__"):
            close = getattr(result, "close", None)
            if close is not None:
                close()
            name = getattr(hook, "__name__", repr(hook))
            raise TypeError(f"before_fork takes plain functions; {name} is async: use on_worker_start")


def arguments_for(hook: Callable[..., Any], worker: Worker) -> tuple[Worker, ...]:
    """The worker, where the hook has a parameter for it."""
    code = getattr(hook, "__code__", None)
    if code is None:
        return (worker,)
    taken = code.co_argcount - (1 if hasattr(hook, "__self__") else 0)
    return (worker,) if taken > 0 or code.co_flags & _VARIADIC else ()
