"""What Node may call: the allow-list, kept beside the functions it lists."""

from __future__ import annotations

import sys

from .batch_rule import batch_rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType
    from typing import Any, Literal, TypeVar, overload

    from .batch_rule import BatchRule

    CancelMode = Literal["interrupt", "cooperative", "kill"]
    Function = TypeVar("Function", bound=Callable[..., Any])
else:  # `typing` costs more to import than the rest of this package

    def overload(function):
        return function


__all__ = ["Exposed", "declared_in", "expose", "include"]

_COROUTINE, _GENERATOR, _ASYNC_GENERATOR = (
    0x80,
    0x20,
    0x200,
)  # flags of code objects, as in the `inspect` module

_MAX_PARTIALS = 100  # one in another; one that was made to hold itself has no end

_CANCEL_MODES = ("interrupt", "cooperative", "kill")

_declared: dict[str, dict[str, Exposed]] = {}
"""By module name, then by exposed name. Decorators have no other place to write to than their process."""


class Exposed:
    """One callable name, with the facts that stand beside its function.

    Attributes:
        name: What Node calls it.
        function: As it was decorated.
        stream: Whether it is known to produce items (a generator function). Others may still return a
            generator.
        asynchronous: Whether it is known to need an event loop.
        idempotent: Whether running it twice does no harm, so that Node may try again when a worker died with
            it.
        timeout_seconds: Its own execution budget, or ``None``.
        concurrency: How many of it may run at once in a pool, or ``None``.
        cancel: How its calls are ended before their time.
        batch: How its calls are gathered, where it is given several at once, or ``None``.
    """

    __slots__ = (
        "asynchronous",
        "batch",
        "cancel",
        "concurrency",
        "function",
        "idempotent",
        "name",
        "stream",
        "timeout_seconds",
    )

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        idempotent: bool = False,
        timeout_seconds: float | None = None,
        concurrency: int | None = None,
        cancel: CancelMode = "interrupt",
        batch: BatchRule | None = None,
    ) -> None:
        flags = _code_flags(function)
        self.name = name
        self.function = function
        self.stream = bool(flags & (_GENERATOR | _ASYNC_GENERATOR))
        self.asynchronous = bool(flags & (_COROUTINE | _ASYNC_GENERATOR))
        self.idempotent = idempotent
        self.timeout_seconds = timeout_seconds
        self.concurrency = concurrency
        self.cancel = cancel
        self.batch = batch

    def renamed(self, name: str) -> Exposed:
        """The same function and facts under another name."""
        return Exposed(
            name,
            self.function,
            self.idempotent,
            self.timeout_seconds,
            self.concurrency,
            self.cancel,
            self.batch,
        )


@overload
def expose(function: Function, /) -> Function: ...  # noqa: D103
@overload
def expose(  # noqa: D103, F811
    *,
    name: str | None = None,
    idempotent: bool = False,
    timeout_seconds: float | None = None,
    concurrency: int | None = None,
    cancel: CancelMode = "interrupt",
    batch: int | None = None,
    max_wait_seconds: float | None = None,
) -> Callable[[Function], Function]: ...
def expose(  # noqa: F811
    function: Any = None,
    /,
    *,
    name: str | None = None,
    idempotent: bool = False,
    timeout_seconds: float | None = None,
    concurrency: int | None = None,
    cancel: CancelMode = "interrupt",
    batch: int | None = None,
    max_wait_seconds: float | None = None,
) -> Any:
    """Let Node call a function of this module.

    The function is returned unchanged: to Python, and to its own tests, it stays a plain function. Above
    other decorators, ``@expose`` exposes what they made; below them, what they were given.

    Args:
        function: A function, ``async def``, generator function or async generator function.
        name: What Node calls it; the function's own name unless given.
        idempotent: Running it twice does no harm: a call is made again when its worker dies under it, unless
            the caller says otherwise.
        timeout_seconds: Its execution budget where the caller gives none, in place of the pool's.
        concurrency: How many of it may run at once in a pool. Further calls wait and hold up nobody.
        cancel: How a call is ended that is aborted or out of time. ``"interrupt"``: :class:`Cancelled` is
            raised where it is (:class:`asyncio.CancelledError` in coroutines). ``"cooperative"``: it is not
            disturbed, but has to ask ``current_call().cancelled``. ``"kill"``: its process is ended at once.
            What does not end in time is ended harder in any case.
        batch: The function is given up to so many calls at once, as one list of what each was called with,
            and returns as many results in that order; one that is an exception fails its call alone. Node
            calls it with one argument, as ever. Needs an engine that runs several calls at once.
        max_wait_seconds: How long the first call of a batch waits for others, 0.002 unless given; 0: it takes
            those that are there.

    Raises:
        TypeError: What is exposed is no function, or a method, or a stream that is to take batches.
        ValueError: An argument is out of range or does not go with another, or the module exposes another
            function under that name.
    """
    if timeout_seconds is not None and not timeout_seconds > 0:
        raise ValueError(f"expose: timeout_seconds must be greater than 0, not {timeout_seconds!r}")
    if concurrency is not None and concurrency < 1:
        raise ValueError(f"expose: concurrency must be at least 1, not {concurrency!r}")
    if cancel not in _CANCEL_MODES:
        raise ValueError(f"expose: cancel must be one of {', '.join(_CANCEL_MODES)}, not {cancel!r}")
    rule = batch_rule(batch, max_wait_seconds, timeout_seconds, concurrency, cancel)

    caller: str = sys._getframe(1).f_globals["__name__"]

    def declare(function: Function) -> Function:
        exposed_name = name if name is not None else getattr(function, "__name__", None)
        _check_exposable(function, exposed_name)
        exposed = Exposed(str(exposed_name), function, idempotent, timeout_seconds, concurrency, cancel, rule)
        if rule is not None and exposed.stream:
            raise TypeError(f"expose: {exposed_name} is a stream, and batch is for functions that return")
        # An object that is called like a function, a partial for one, knows at best the module of its class.
        _declare(function.__module__ if hasattr(function, "__qualname__") else caller, exposed)
        return function

    return declare if function is None else declare(function)


def include(module: ModuleType, *, prefix: str = "") -> None:
    """Serve the functions that another module exposes with those of the module that calls this.

    Args:
        module: Already imported in full.
        prefix: Put before each name with a dot: ``include(billing, prefix="billing")`` gives
            ``billing.charge``.

    Raises:
        ValueError: The module exposes nothing, or one of its names is taken.
    """
    functions = declared_in(module.__name__)
    if not functions:
        raise ValueError(f"include: module {module.__name__!r} exposes no function")
    includer = sys._getframe(1).f_globals["__name__"]
    for name, exposed in functions.items():
        _declare(includer, exposed.renamed(f"{prefix}.{name}" if prefix else name))


def declared_in(module_name: str) -> dict[str, Exposed]:
    """What a module exposes, by name."""
    return dict(_declared.get(module_name, ()))


def suggestions(name: str, names: Iterable[str]) -> list[str]:
    """Names that were perhaps meant, best first."""
    from difflib import get_close_matches

    return get_close_matches(name, list(names), n=3)


def _declare(module_name: str, exposed: Exposed) -> None:
    names = _declared.setdefault(module_name, {})
    held = names.get(exposed.name)
    if held is not None and _origin(held.function) != _origin(exposed.function):
        raise ValueError(f"module {module_name!r} exposes two functions as {exposed.name!r}")
    names[exposed.name] = exposed  # the same function again: its module was reloaded


def _origin(function: Any) -> tuple[Any, Any]:
    return getattr(function, "__module__", None), getattr(function, "__qualname__", None)


def _check_exposable(function: Any, name: Any) -> None:
    if isinstance(function, str):
        raise TypeError(f"expose takes a name by keyword: @expose(name={function!r})")
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"expose takes a function, not {type(function).__name__} {name or ''}".rstrip())
    if not isinstance(name, str) or not name:
        raise TypeError(f"expose needs a name for this {type(function).__name__}: @expose(name=...)")
    scope, _, _ = getattr(function, "__qualname__", "").rpartition(".")
    if scope and not scope.endswith("<locals>") and not hasattr(function, "__self__"):
        raise TypeError(f"expose takes functions; {function.__qualname__} is a method, of no known object")


def _code_flags(function: Any) -> int:
    # Not through `__wrapped__`: a wrapper around a generator function may well return a list. Nor through any
    # `func`: a mock has one, which has one again.
    partial = getattr(sys.modules.get("functools"), "partial", ())  # not imported: there is none
    for _ in range(_MAX_PARTIALS):
        if not isinstance(function, partial):
            break
        function = function.func
    if not hasattr(function, "__code__"):
        function = type(function).__call__
    flags = getattr(getattr(function, "__code__", None), "co_flags", None)
    return flags if type(flags) is int else 0
