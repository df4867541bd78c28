"""Where this process is: the stacks of its threads, of the tasks of its loop, and of the calls that run.

Loaded when Node first asks. Everything here runs on the control thread, while the others go on, and takes no
lock: one that a thread holds for good would make the worker deaf.
"""

from __future__ import annotations

import sys
import threading
from _thread import get_ident

from .messages import dumped_message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from collections.abc import Iterator, Sequence
    from types import CodeType, FrameType
    from typing import Any

    At = tuple[CodeType, int, str]  # what runs, its line, and the name of its module
    # Of a call that runs its id, its thread, and the loop and the task that it runs on, where it does.
    Place = tuple[int, int, AbstractEventLoop | None, Task[Any] | None]

__all__ = ["describe_process"]

MAX_STACKS = 100
"""Threads told at most, and tasks."""

MAX_TEXT = 500

_ENGINES = (f"{__package__}.engine_", f"{__package__}.batching")
"""User code begins above the modules that are called so."""

_PACKAGE = frozenset({__package__})
_OURS = _PACKAGE | {"threading"}
_LOOP = _PACKAGE | {"asyncio"}

_ASYNC_STEPS = frozenset(
    {"async_generator_asend", "async_generator_athrow", "anext_awaitable", "coroutine_wrapper"}
)
"""Awaitables in C that do not say whom they stand for."""


def describe_process(
    n: int,
    running: Sequence[Place],
    main: int,
    loop: AbstractEventLoop | None,
    max_frames: int,
) -> dict[str, Any]:
    """Tell where this process is. For any thread but the main one; its own stack is left out.

    Args:
        n: The number of the DUMP that asks.
        running: The calls that run.
        main: The main thread.
        loop: The event loop of the main thread, once there is one.
        max_frames: Frames to tell of each stack, the most recent ones.

    Returns:
        The message to answer with.
    """
    # All stacks first, and only then what takes time: they belong to one moment, as far as there is one.
    stacks = {ident: _places(frame, max_frames) for ident, frame in sys._current_frames().items()}
    stacks.pop(get_ident(), None)
    stepped = [task is None or on is None or _runs(task, on) for _, _, on, task in running]
    loops = dict.fromkeys(each for each in (loop, *(place[2] for place in running)) if each is not None)
    tasks = [task for each in loops for task in _tasks_of(each, max_frames)] if loops else None
    calls = []
    for (call_id, ident, _, task), is_stepped in zip(running, stepped):
        waiting = None if task is None or is_stepped else _places_of(task, max_frames)
        calls.append((call_id, _own(waiting or stacks.get(ident, []))))
    # Not `threading.enumerate()`, which takes a lock.
    names = {ident: _cut(str(thread.name)) for ident, thread in threading._active.copy().items()}  # type: ignore[attr-defined]
    threads = [
        {"id": ident, "name": names.get(ident), "main": ident == main, "frames": _tell(places)}
        for ident, places in sorted(stacks.items(), key=lambda item: item[0] != main)
        if ident == main or not _is_the_runtimes(places)
    ]
    return dumped_message(
        n,
        threads[:MAX_STACKS],
        None
        if tasks is None
        else [{"name": _cut(str(name)), "frames": _tell(at)} for name, at in tasks[:MAX_STACKS]],
        [{"id": call_id, "frames": _tell(places)} for call_id, places in calls],
    )


def _places(frame: FrameType | None, most: int) -> list[At]:
    places: list[At] = []
    while frame is not None and len(places) < most:
        places.append(_place(frame))
        frame = frame.f_back
    return places


def _place(frame: FrameType) -> At:
    name = dict.get(frame.f_globals, "__name__")
    return frame.f_code, max(0, frame.f_lineno or 0), name if type(name) is str else ""


def _tasks_of(loop: AbstractEventLoop, most: int) -> list[tuple[str, list[At]]]:
    from asyncio import all_tasks

    try:
        tasks = list(all_tasks(loop))
    except RuntimeError:  # they came and went all the time that it looked
        return []
    return [(task.get_name(), _places_of(task, most)) for task in tasks[:MAX_STACKS]]


def _runs(task: Task[Any], loop: AbstractEventLoop) -> bool:
    """Whether it is what its thread runs, rather than waiting."""
    from asyncio import current_task

    return current_task(loop) is task


def _places_of(task: Task[Any], most: int) -> list[At]:
    """Where a task waits: from what it is itself down to whatever is awaited in the end."""
    places = [_place(frame) for frame in _awaited_frames(task.get_coro())]
    places.reverse()
    return places[:most]


def _awaited_frames(awaited: Any) -> Iterator[FrameType]:
    # A chain of coroutines that await each other can be long, and one that is changed meanwhile endless.
    for _ in range(1000):
        kind = next((kind for kind in ("cr", "ag", "gi") if hasattr(awaited, f"{kind}_frame")), None)
        if kind is None:
            awaited = _stood_for(awaited)
            if awaited is None:
                return
            continue
        frame = getattr(awaited, f"{kind}_frame")
        if frame is None:
            return
        yield frame
        awaited = getattr(awaited, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")


def _stood_for(awaited: Any) -> Any:
    if type(awaited).__name__ not in _ASYNC_STEPS:
        return None
    from gc import get_referents

    for candidate in get_referents(awaited):
        if hasattr(candidate, "ag_frame") or hasattr(candidate, "cr_frame"):
            return candidate
        if type(candidate).__name__ in _ASYNC_STEPS:
            return candidate
    return None


def _own(places: list[At]) -> list[At]:
    """A stack without the frames of the runtime that led there, unless there are no others."""
    own = places
    for depth, place in enumerate(places):
        if place[2].startswith(_ENGINES):
            own = places[:depth]
            break
    while own and _is_of(own[-1], _LOOP):
        own = own[:-1]
    return own or places


def _is_the_runtimes(places: list[At]) -> bool:
    """Whether a thread is one that the runtime keeps for itself."""
    return all(_is_of(place, _OURS) for place in places) and any(_is_of(place, _PACKAGE) for place in places)


def _is_of(place: At, packages: frozenset[str]) -> bool:
    return place[2].partition(".")[0] in packages


def _tell(places: list[At]) -> list[dict[str, Any]]:
    from linecache import getline

    told = []
    for code, line, _ in places:
        name = getattr(code, "co_qualname", code.co_name)  # from Python 3.11 on
        # Without the module's loader, which may be code of the user's.
        text = getline(code.co_filename, line).strip()
        told.append({"file": code.co_filename, "line": line, "function": name, "code": _cut(text) or None})
    return told


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "\u2026"
