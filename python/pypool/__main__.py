"""Where the process begins: ``--channels fd:R,W,C`` names three inherited sockets."""

from __future__ import annotations

import sys

from . import lifecycle
from .runtime import Runtime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

__all__ = ["main"]

_USAGE_EXIT_CODE = 64  # EX_USAGE of sysexits.h


def main() -> NoReturn:
    """Be a worker until Node says otherwise."""
    descriptors = _channels(sys.argv[1:])
    del sys.argv[1:]  # ours, not the user's
    try:
        Runtime(*descriptors).run()
    except BaseException:
        lifecycle.die_of_bug()  # out through the interpreter it would wait for every thread of the user's


def _channels(arguments: Sequence[str]) -> tuple[int, int, int]:
    """Read ``--channels``: the descriptors of requests, replies and control."""
    try:
        flag, value = arguments
        scheme, _, numbers = value.partition(":")
        requests, replies, control = map(int, numbers.split(","))
        if flag == "--channels" and scheme == "fd":
            return requests, replies, control
    except ValueError:
        pass
    sys.stderr.write(
        "usage: python -m pypool --channels fd:REQUESTS,REPLIES,CONTROL\n"
        "A pool in Node starts this with sockets that the process inherits; it is of no use by hand.\n"
    )
    sys.exit(_USAGE_EXIT_CODE)


if __name__ == "__main__":
    main()
