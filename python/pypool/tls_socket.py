"""A channel over TLS that behaves as a plain socket does.

``ssl.SSLSocket`` would not do. One thread reads control while others write to it, and OpenSSL's connections
are for one thread at a time: some versions of Python tear them, others wait for the reader's lock until Node
speaks. Nor does it know ``sendmsg``, nor tell an event loop what it has decrypted and kept. So the bytes move
through a plain socket here, which blocks and is interrupted as ever, and OpenSSL sees memory alone, under a
lock that nobody holds while waiting.
"""

from __future__ import annotations

import ssl
from _thread import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Iterable

    from .frame import Buffer

__all__ = ["TlsSocket", "client_context"]

_READ_BYTES = 256 * 1024
_RECORD_BYTES = 16 * 1024
_WRITE_BYTES = 256 * 1024
"""As much as is encrypted at once: what is sent needs twice its memory, up to this."""


def client_context(ca: str | None) -> ssl.SSLContext:
    """How Node is verified: by these certificates (PEM) or those of the system, and by its name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # requires a certificate, and one for the host's name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    if ca is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(cadata=ca)
    return context


class TlsSocket:
    """A TLS connection to Node. One thread may read while another writes.

    Args:
        sock: Connected. From now on this object's, which closes it.
        context: Of :func:`client_context`.
        hostname: Who the certificate has to name.

    Raises:
        OSError: The handshake failed; ``ssl.SSLCertVerificationError`` where Node is not who it should be.
    """

    def __init__(self, sock: socket, context: ssl.SSLContext, hostname: str) -> None:
        self._sock = sock
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=hostname)
        self._lock = allocate_lock()
        self._ended = False
        try:
            self._shake_hands()
        except BaseException:
            sock.close()
            raise

    def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
                return
            except ssl.SSLWantReadError:
                pass
            finally:
                said = self._outgoing.read()  # of a handshake that failed, why
                if said:
                    self._sock.sendall(said)
            self._feed(self._sock.recv(_READ_BYTES))

    def _feed(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _decrypt(self, into: memoryview) -> int | None:
        """Fill as much as there is: a count, 0 at the end, or ``None`` where nothing whole has come."""
        filled = 0
        while filled < len(into) and not self._ended:
            try:
                count = int(self._tls.read(len(into) - filled, into[filled:]))
            except ssl.SSLWantReadError:
                return filled or None
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                # A Node that was killed says no goodbye. Frames tell by themselves whether one was cut off.
                count = 0
            filled += count
            self._ended = not count
        return filled

    def recv_into(self, buffer: memoryview) -> int:
        """Block until at least one byte is there, or the end (0).

        Not for an event loop: what has come behind that is kept, and no readiness tells of it.
        """
        while True:
            with self._lock:
                count = self._decrypt(buffer)
            if count is not None:
                return count
            data = self._sock.recv(_READ_BYTES)
            with self._lock:
                self._feed(data)

    def recv(self, size: int) -> bytes:
        """All that has come, which may be a little more than `size`; empty at the end. For an event loop.

        Nothing is kept back that could be had: no further readiness would tell of it.

        Raises:
            BlockingIOError: Nothing whole has come, and this does not block.
        """
        while True:
            taken = bytearray()
            piece = bytearray(_RECORD_BYTES)
            with self._lock:
                while count := self._decrypt(memoryview(piece)):
                    taken += piece[:count]
            if taken or count == 0:
                return bytes(taken)
            data = self._sock.recv(size)
            with self._lock:
                self._feed(data)

    def sendall(self, data: Buffer) -> None:
        """Block until everything is written. One thread at a time."""
        view = memoryview(data).cast("B")
        for start in range(0, len(view), _WRITE_BYTES):
            rest = view[start : start + _WRITE_BYTES]
            with self._lock:
                while rest:
                    rest = rest[self._tls.write(rest) :]
                # Together with what reading had to answer, in the order in which it was encrypted.
                sealed = self._outgoing.read()
            self._sock.sendall(sealed)

    def sendmsg(self, buffers: Iterable[Buffer]) -> int:
        """Write all of the buffers, in order, and say how many bytes they are."""
        sent = 0
        for buffer in buffers:
            self.sendall(buffer)
            sent += len(buffer)
        return sent

    def settimeout(self, seconds: float | None) -> None:
        """As of a plain socket."""
        self._sock.settimeout(seconds)

    def setblocking(self, flag: bool) -> None:
        """As of a plain socket."""
        self._sock.setblocking(flag)

    def fileno(self) -> int:
        """As of a plain socket."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close, with no goodbye: in a forked child the connection goes on, as its parent's."""
        self._lock = allocate_lock()  # a thread that is not there may have held it
        self._sock.close()
