"""Where an exception may be raised in code that does not expect one.

Python itself is careful: between a lock that was taken and the ``with`` block that gives it back, code in C
sees no signal. Code in Python has no such luck, and most of what takes locks is in Python somewhere.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Literal, Union

    Verdict = Union[FrameType, Literal["later", "if blocked"], None]

__all__ = ["judge", "raise_interrupt"]


_SPARED = frozenset({"logging", "importlib", "_frozen_importlib", "_frozen_importlib_external", __package__})
"""Packages whose frames are never to be torn: each holds locks across many lines."""

_ENTERING = frozenset({"__enter__", "__aenter__"})
"""What they have acquired is given back only after they have returned."""

_LEAVING = frozenset({"__exit__", "__aexit__", "__del__"})

_ENGINES = frozenset(f"{__package__}.{name}" for name in ("engine_sync", "engine_async", "batching_async"))
"""User code begins above them."""

_BELOW_USER_CODE = _ENGINES | {
    f"{__package__}.{name}"
    for name in (
        "batching",
        "event_loop",
        "interrupter",
        "shielding",
        "stream_producer",
        "streams",
        "user_code",
    )
}
"""Modules of ours that call user code. They are about to enter or to leave it."""

_INPUTS = f"{__package__}.inputs"
"""Where handlers wait for what they read: in a queue that is whole whenever it is left."""

_COROUTINE = 0x80  # code flag, as in the `inspect` module

_POP_BLOCK = 87
"""Until Python 3.10, signals are seen between this and the call of ``__exit__``, which then never happens."""


def judge(frame: FrameType | None) -> Verdict:
    """Look where to raise an exception.

    Args:
        frame: What the main thread runs.

    Returns:
        ``None``: here. A frame: when that returns, if it is still wanted then. ``"if blocked"``: only if the
        main thread stands still here, so that nothing it does can be torn. ``"later"``: not now.
    """
    verdict: Verdict = None
    if frame is None or (sys.version_info < (3, 11) and frame.f_code.co_code[frame.f_lasti] == _POP_BLOCK):
        return "later"
    module = _module_of(frame)
    if module in _BELOW_USER_CODE:
        return "later"
    if module == "threading":
        verdict = "if blocked"  # between any two of its lines a waiter may be lost, or a lock
    elif module.partition(".")[0] == "asyncio":
        # The state of the loop; a moment later it is in user code, or waits. What a coroutine returns may be
        # but its next await: an exception there would end it without its `finally`.
        verdict = "later" if frame.f_code.co_flags & _COROUTINE else frame
    at: FrameType | None = frame
    while at is not None and module not in _ENGINES:
        name = at.f_code.co_name
        if module in _BELOW_USER_CODE:
            pass
        elif module.partition(".")[0] in _SPARED and module != _INPUTS:
            verdict = at
        elif name in _LEAVING:
            verdict = "later"
        elif name in _ENTERING:
            verdict = "if blocked" if verdict is None or verdict == "if blocked" else "later"
        at = at.f_back
        module = "" if at is None else _module_of(at)
    return verdict


def raise_interrupt(frame: FrameType | None, is_due: Callable[[], bool]) -> None:
    """Raise ``KeyboardInterrupt``, or have it raised as soon as the code returns that is to be spared here.

    It comes once, so it cannot wait for a better moment for ever: it spares what nobody could mend, and no
    more. Where a profiler of the user's runs, or another exception waits for that return, it is dropped.

    Args:
        frame: What the main thread runs.
        is_due: Whether it is still wanted then.
    """
    verdict = judge(frame)
    if verdict is None or isinstance(verdict, str):
        raise KeyboardInterrupt
    spared = verdict

    def on_profile(frame: FrameType, event: str, argument: object) -> None:
        if frame is spared and event == "return":
            sys.setprofile(None)
            if is_due():
                raise_interrupt(frame.f_back, is_due)

    if sys.getprofile() is None:
        sys.setprofile(on_profile)


def _module_of(frame: FrameType) -> str:
    name = dict.get(frame.f_globals, "__name__")
    return name if type(name) is str else ""
