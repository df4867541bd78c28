"""The limits of the kernel that Node asks for. Loaded only where it does."""

from __future__ import annotations

import resource

from .failure_encoding import encode_failure
from .frame import FrameLimits
from .value import ValueCodec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .messages import Rlimit

__all__ = ["CannotLimit", "set_rlimits"]


class CannotLimit(Exception):
    """This process cannot have a limit that it was told to have."""


def set_rlimits(rlimits: Iterable[Rlimit]) -> None:
    """Limit this process, and what it starts from now on.

    Args:
        rlimits: Names of :mod:`resource` in lower case, without ``RLIMIT_``; -1 is unlimited, and a hard
            limit of None stays what it is.

    Raises:
        CannotLimit: One of them cannot be set. Those before it are.
    """
    _rehearse()
    for limit in rlimits:
        _set(limit["name"], limit["soft"], limit["hard"])


def _rehearse() -> None:
    """Load all that it takes to tell of an exception: where files or memory have run out, it is too late."""
    try:
        raise CannotLimit
    except CannotLimit as error:
        encode_failure(error, ValueCodec(), FrameLimits())


def _set(name: str, soft: int, hard: int | None) -> None:
    number = getattr(resource, f"RLIMIT_{name.upper()}", None)
    if number is None:
        raise CannotLimit(f"rlimits.{name}: this system has no such limit; leave it out")
    _, present = resource.getrlimit(number)
    wanted = present if hard is None else _amount(hard)
    try:
        resource.setrlimit(number, (_amount(soft), wanted))
    except (ValueError, OSError, OverflowError) as error:
        raise CannotLimit(f"rlimits.{name}: {_why(error, _amount(soft), wanted, present)}") from None


def _why(error: Exception, soft: int, wanted: int, present: int) -> str:
    if _is_above(soft, wanted):
        soft_limit = f"a soft limit of {_text(soft)} cannot be set"
        return f"{soft_limit}: the hard limit is {_text(wanted)}; give a hard one, too"
    if _is_above(wanted, present):
        hard_limit = f"a hard limit of {_text(wanted)} cannot be set"
        who = "only root may raise it (CAP_SYS_RESOURCE)"
        return f"{hard_limit}: it is {_text(present)} now, and {who}. Ask for less, or raise that of Node"
    return f"soft {_text(soft)} and hard {_text(wanted)} cannot be set: {error}"


def _is_above(one: int, other: int) -> bool:
    unlimited = resource.RLIM_INFINITY
    return one != other and other != unlimited and (one == unlimited or one > other)


def _amount(said: int) -> int:
    return resource.RLIM_INFINITY if said == -1 else said


def _text(amount: int) -> str:
    return "unlimited" if amount == resource.RLIM_INFINITY else str(amount)
