"""How the calls of a function are gathered: what ``@expose(batch=...)`` says."""

from __future__ import annotations

from math import isfinite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .expose import CancelMode

__all__ = ["BatchRule", "batch_rule"]

DEFAULT_WAIT_SECONDS = 0.002


class BatchRule:
    """Of one function.

    Attributes:
        size: How many calls are handed to it at once, at most.
        max_wait_seconds: How long the first of them waits for the others.
    """

    __slots__ = ("max_wait_seconds", "size")

    def __init__(self, size: int, max_wait_seconds: float) -> None:
        self.size = size
        self.max_wait_seconds = max_wait_seconds


def batch_rule(
    batch: int | None,
    max_wait_seconds: float | None,
    timeout_seconds: float | None,
    concurrency: int | None,
    cancel: CancelMode,
) -> BatchRule | None:
    """What the arguments of ``@expose`` say of batches.

    Raises:
        ValueError: One is out of range, or two do not go together.
    """
    if batch is None:
        if max_wait_seconds is not None:
            raise ValueError("expose: max_wait_seconds goes with batch, and there is none")
        return None
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise ValueError(f"expose: batch must be a whole number of at least 1, not {batch!r}")
    wait_seconds = DEFAULT_WAIT_SECONDS if max_wait_seconds is None else max_wait_seconds
    if not (wait_seconds >= 0 and isfinite(wait_seconds)):
        raise ValueError(f"expose: max_wait_seconds must be 0 or more, and finite, not {max_wait_seconds!r}")
    if timeout_seconds is not None and wait_seconds >= timeout_seconds:
        raise ValueError(
            f"expose: with max_wait_seconds={wait_seconds!r} a call may wait for others until its "
            f"timeout_seconds={timeout_seconds!r} are over"
        )
    if concurrency is not None and concurrency < batch:
        raise ValueError(
            f"expose: concurrency={concurrency!r} lets so many calls run in a pool, and never fills "
            f"batch={batch!r}"
        )
    if cancel == "kill":
        raise ValueError(
            'expose: cancel="kill" does not go with batch: the end of one call would end all of its batch'
        )
    return BatchRule(batch, wait_seconds)
