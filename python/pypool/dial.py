"""Dialling Node, for a process that could inherit no channels (SPEC.md section 14)."""

from __future__ import annotations

import os
import sys
from _socket import AF_UNIX, SOCK_STREAM, getaddrinfo, socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .frame import Channel

__all__ = ["dial"]

_MAGIC = b"pypool\x01"
"""What every preamble begins with; the last byte is its version."""

_OFFER_BYTES = 16
_SECRET_BYTES = 32
_NONCE_BYTES = 8
_TAKEN = b"\x01"

_DIAL_SECONDS = 30.0
"""Patience with a Node on another machine, for each step. One on this machine is there, or has closed."""


def dial(address: str, secret: bytes, ca: str | None) -> tuple[Channel, Channel, Channel]:
    """Connect requests, replies and control.

    Args:
        address: ``unix:PATH#OFFER``, ``tls:HOST:PORT#OFFER``, or ``tcp:HOST:PORT#OFFER`` where Node is on
            this machine.
        secret: Of the offer.
        ca: For ``tls``: the certificates that vouch for Node, as PEM. ``None``: those of the system.

    Raises:
        ValueError: It is no address, or there is no secret.
        OSError: Node could not be reached, or did not take the connection. Nothing is left open.
    """
    place, _, offer_text = address.rpartition("#")
    scheme, _, where = place.partition(":")
    offer = bytes.fromhex(offer_text)
    if len(offer) != _OFFER_BYTES or len(secret) != _SECRET_BYTES:
        raise ValueError(f"{address} names no offer, or the secret is none")
    # All three are of one process, even where two were started with the same secret.
    nonce = os.urandom(_NONCE_BYTES)
    connect = _way_to(scheme, where, ca)
    opened: list[Channel] = []
    try:
        for number in range(3):
            channel = connect()
            opened.append(channel)
            channel.sendall(_MAGIC + bytes((number,)) + offer + nonce + secret)
        for channel in opened:
            taken = bytearray(1)
            if channel.recv_into(memoryview(taken)) != 1 or taken != _TAKEN:
                raise ConnectionAbortedError(
                    "Node closed the connection: it offers this no more, another worker has taken the "
                    "offer, or the secret is another one's"
                )
            channel.settimeout(None)
        requests, replies, control = opened
        return requests, replies, control
    except BaseException:
        for channel in opened:
            channel.close()
        raise


def _way_to(scheme: str, where: str, ca: str | None) -> Callable[[], Channel]:
    """What makes one connection to a place."""
    if scheme == "unix" and where:
        return lambda: _connect_unix(where)
    host, _, port_text = where.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    port = int(port_text)
    if host and scheme == "tcp":
        return lambda: _connect_tcp(host, port)
    if host and scheme == "tls":
        from .tls_socket import TlsSocket, client_context

        context = client_context(ca)
        return lambda: TlsSocket(_connect_tcp(host, port), context, host)
    raise ValueError(f"{scheme}:{where} is no place to dial")


def _connect_unix(path: str) -> socket:
    sock = socket(AF_UNIX, SOCK_STREAM)
    try:
        # Without a timeout: with one, Linux refuses at once where many dial at the same moment. Modules that
        # were imported before this process was a worker may have set one for all sockets.
        sock.settimeout(None)
        sock.connect(path)
        return sock
    except BaseException:
        sock.close()
        raise


def _connect_tcp(host: str, port: int) -> socket:
    """Connect to the first address of the host that answers."""
    failure: OSError | None = None
    for family, kind, protocol, _, address in getaddrinfo(host, port, 0, SOCK_STREAM):
        sock = socket(family, kind, protocol)
        try:
            sock.settimeout(_DIAL_SECONDS)
            sock.connect(address)
            _tune(sock)
            return sock
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
    raise failure or OSError(f"{host} has no address")


def _tune(sock: socket) -> None:
    """Send small frames at once, and notice a Node whose machine has vanished."""
    import _socket

    sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
    sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":
        sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_KEEPIDLE, 30)
        sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_KEEPINTVL, 10)
        sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_KEEPCNT, 6)
