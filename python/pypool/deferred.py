"""Results that are not values yet: coroutines, generators and asynchronous generators."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["ASYNC_GENERATOR", "COROUTINE", "DEFERRED", "GENERATOR", "STREAMS"]


async def _coroutine() -> None:
    pass


async def _async_generator() -> Any:
    yield


# As in the `types` module, whose import a worker can do without.
_unused = _coroutine()
_unused.close()
COROUTINE = type(_unused)
GENERATOR = type(_ for _ in ())
ASYNC_GENERATOR = type(_async_generator())

STREAMS = frozenset({GENERATOR, ASYNC_GENERATOR})
DEFERRED = STREAMS | {COROUTINE}
