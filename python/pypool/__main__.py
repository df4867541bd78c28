"""Where the process begins: with three channels, and as a worker from then on."""

from __future__ import annotations

import os
import sys

from . import lifecycle
from .channels import USAGE, open_channels
from .runtime import Runtime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from .frame import Channel

__all__ = ["main"]

_USAGE_EXIT_CODE = 64  # EX_USAGE of sysexits.h
_UNREACHABLE_EXIT_CODE = 69  # EX_UNAVAILABLE


def main() -> NoReturn:
    """Be a worker until Node says otherwise."""
    parent_pid = os.getppid()  # before the dialling, which may take a while
    channels = _channels()
    try:
        Runtime(*channels, parent_pid).run()
    except BaseException:
        lifecycle.die_of_bug()  # out through the interpreter it would wait for every thread of the user's


def _channels() -> tuple[Channel, Channel, Channel]:
    arguments = sys.argv[1:]
    del sys.argv[1:]  # ours, not the user's
    try:
        return open_channels(arguments, os.environ)
    except OSError as error:
        sys.stderr.write(f"pypool: no connection to Node at {arguments[1]}: {error}\n")
        sys.exit(_UNREACHABLE_EXIT_CODE)
    except ValueError:
        sys.stderr.write(USAGE)
        sys.exit(_USAGE_EXIT_CODE)


if __name__ == "__main__":
    main()
