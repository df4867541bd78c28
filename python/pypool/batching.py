"""Calls that are handed to their function together: what a batch is, and whose each result is.

How calls are gathered and run is for each engine: see its own ``batching_*`` module. ``sync`` runs one call
at a time, so there each is a batch of one.
"""

from __future__ import annotations

from functools import partial

from .call_failures import wants_call
from .context import Call
from .deferred import COROUTINE, STREAMS
from .errors import InvalidArguments
from .running_calls import RunningCall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from .expose import Exposed
    from .replies import Replies

    Reply = tuple[RunningCall, Callable[[], None]]

__all__ = ["Batch", "BatchCall", "check_call", "failures_of", "one_by_one", "replies_of", "results_of"]

_TEXTS = (str, bytes, bytearray, memoryview)


class BatchCall(Call):
    """What ``current_call()`` gives where several calls run as one.

    It has no session and no attributes: its `calls` have. It is cancelled once all of them are, and its
    deadline is the last of theirs.
    """

    __slots__ = ("_calls",)

    def __init__(self, id: int, name: str, calls: Sequence[Call]) -> None:
        super().__init__(id, name, None)
        self._calls = tuple(calls)

    @property
    def calls(self) -> tuple[Call, ...]:
        """As of any :class:`Call`."""
        return self._calls

    @property
    def alone(self) -> Call | None:
        """As of any :class:`Call`."""
        return self._calls[0] if len(self._calls) == 1 else None

    @property
    def deadline(self) -> float | None:
        """When the last of the callers stops waiting, or ``None`` where one never does."""
        latest = 0.0
        for call in self._calls:
            deadline = call.deadline
            if deadline is None:
                return None
            latest = max(latest, deadline)
        return latest


class Batch(RunningCall):
    """One run of a function for several calls, from when it is decided which until they are answered.

    To whoever ends calls it is one that runs. It is to end when all that it has left are.

    Args:
        id: Of no call.
        calls: Those that run in it, of one function.

    Attributes:
        order: Its calls, as the function is given them.
        left: Those that have no answer yet, by id. The last of them has none until the function has ended.
    """

    __slots__ = ("left", "order")

    def __init__(self, id: int, calls: Sequence[RunningCall]) -> None:
        exposed = calls[0].exposed
        batch_call = BatchCall(id, exposed.name, [each.call for each in calls])
        super().__init__(batch_call, exposed, [[each.args[0] for each in calls]], {}, None)
        self.order = tuple(calls)
        self.left = {each.call.id: each for each in calls}

    def is_unwanted(self) -> bool:
        """Whether nobody waits for it any more. For any thread."""
        left = list(self.left.values())  # in one step, while others go
        return bool(left) and all(each.wanted is not None for each in left)

    def take_out(self, running: RunningCall) -> bool:
        """Let a call that is to end be answered while the others go on; not the last of them."""
        return len(self.left) > 1 and self.left.pop(running.call.id, None) is not None


def check_call(running: RunningCall) -> None:
    """Refuse a call that is no item of a list.

    Raises:
        InvalidArguments: It is to be a stream, or has another number of arguments than one.
    """
    if running.window is not None:
        raise wants_call(running.exposed.name)
    _check_arguments(running.exposed.name, running.args, running.kwargs)


def _check_arguments(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    if len(args) != 1 or kwargs:
        keywords = f" and {', '.join(kwargs)} by name" if kwargs else ""
        raise InvalidArguments(
            f"{name}() takes calls in batches, so each has exactly one positional argument, "
            f"not {len(args)}{keywords}",
            f"{name}(item)",
        )


def results_of(name: str, returned: Any, count: int) -> Sequence[Any]:
    """What a function that takes batches returned, one for each call.

    Raises:
        TypeError: It is no sequence: no list, tuple, array or other thing that has a length and positions.
        ValueError: It has another length.
    """
    if type(returned) is not list and type(returned) is not tuple:
        is_sequence = hasattr(returned, "__len__") and hasattr(returned, "__getitem__")
        if not is_sequence or isinstance(returned, _TEXTS) or hasattr(returned, "keys"):
            what = "a stream" if type(returned) in STREAMS else type(returned).__name__
            raise TypeError(
                f"{name}() takes calls in batches and has to return a list of results, not {what}"
            )
    results = list(returned)  # whoever has the function's own may change it before the last is answered
    if len(results) != count:
        raise ValueError(
            f"{name}() was given a batch of {count} calls and returned {len(results)} results: "
            "it has to return one for each, in their order"
        )
    return results


def replies_of(batch: Batch, results: Sequence[Any], replies: Replies) -> Iterator[Reply]:
    """The calls of a batch that have no answer yet, each with what writes its result, or its own error.

    Encoded one after the other, as they are asked for.
    """
    left = batch.left
    for running, result in zip(batch.order, results):
        if left.pop(running.call.id, None) is not None:
            yield running, _reply(running.call.id, result, replies)


def failures_of(batch: Batch, error: BaseException, replies: Replies) -> Iterator[Reply]:
    """The calls of a batch that have no answer yet, each with what writes that all of it failed."""
    encoded = replies.encode_error(error)  # a traceback is long, and the same for all
    for call_id in list(batch.left):
        yield batch.left.pop(call_id), partial(replies.send_error, call_id, encoded)


def _reply(call_id: int, result: Any, replies: Replies) -> Callable[[], None]:
    if not isinstance(result, BaseException):
        try:
            return partial(replies.result, call_id, replies.codec.encode(result))
        except BaseException as error:
            result = error
    return partial(replies.send_error, call_id, replies.encode_error(result))


def one_by_one(functions: Mapping[str, Exposed]) -> Mapping[str, Exposed]:
    """The same functions for an engine that runs one call at a time: each is a batch of its own."""
    return {
        name: exposed if exposed.batch is None else _alone(exposed) for name, exposed in functions.items()
    }


def _alone(exposed: Exposed) -> Exposed:
    function, name = exposed.function, exposed.name

    def run_alone(*args: Any, **kwargs: Any) -> Any:
        _check_arguments(name, args, kwargs)
        returned = function([args[0]])
        return _await_only(name, returned) if type(returned) is COROUTINE else _only(name, returned)

    made = exposed.renamed(name)
    made.function = run_alone
    return made


async def _await_only(name: str, coroutine: Any) -> Any:
    return _only(name, await coroutine)


def _only(name: str, returned: Any) -> Any:
    (result,) = results_of(name, returned, 1)
    if isinstance(result, BaseException):
        raise result
    return result
