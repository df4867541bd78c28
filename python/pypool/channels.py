"""The three channels to Node, in whichever way this process comes by them."""

from __future__ import annotations

import os
from _socket import socket  # not `socket`: its Python half takes longer to import than this package

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from .frame import Channel

__all__ = ["CONNECT_CA", "CONNECT_SECRET", "USAGE", "open_channels"]

CONNECT_SECRET = "PYPOOL_CONNECT_SECRET"
"""Environment variable with the secret of ``--connect``: arguments are shown to everybody on the machine."""

CONNECT_CA = "PYPOOL_CONNECT_CA"
"""Environment variable with the certificates (PEM) that vouch for Node where ``--connect`` says ``tls:``."""

USAGE = (
    "usage: python -m pypool --channels fd:REQUESTS,REPLIES,CONTROL\n"
    "       python -m pypool --connect unix:PATH#OFFER\n"
    "       python -m pypool --connect tls:HOST:PORT#OFFER\n"
    "A pool in Node starts this: with sockets that the process inherits, or with where to dial it and the\n"
    f"secret in the environment as {CONNECT_SECRET}. It is of no use by hand.\n"
)


def open_channels(
    arguments: Sequence[str], environ: MutableMapping[str, str]
) -> tuple[Channel, Channel, Channel]:
    """Requests, replies and control, as blocking sockets that no child inherits.

    Args:
        arguments: What the transport gave the launcher: ``--channels`` or ``--connect``, and its value.
        environ: Where the secret is. It is taken out, for user code and its children have no use for it.

    Raises:
        ValueError: The arguments say neither.
        OSError: Node could not be reached, or did not take the connection.
    """
    secret = environ.pop(CONNECT_SECRET, "")
    ca = environ.pop(CONNECT_CA, None)
    flag, value = arguments
    if flag == "--channels":
        scheme, _, numbers = value.partition(":")
        if scheme == "fd":
            requests, replies, control = map(int, numbers.split(","))
            return _adopt(requests), _adopt(replies), _adopt(control)
    elif flag == "--connect":
        from .dial import dial

        return dial(value, bytes.fromhex(secret), ca)
    raise ValueError(f"no channels: {flag} {value}")


def _adopt(descriptor: int) -> socket:
    os.set_inheritable(descriptor, False)
    sock = socket(fileno=descriptor)
    sock.setblocking(True)
    return sock
