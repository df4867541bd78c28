"""Node's part of a dial for tests: what the socket transport does (SPEC.md section 14), in few lines."""

from __future__ import annotations

import os
import secrets
import socket
import ssl
import tempfile
from pathlib import Path

PREAMBLE_BYTES = 64
CERTIFICATES = Path(__file__).parent / "fixtures" / "tls"


class Listener:
    """Listens for one worker. A context manager.

    Args:
        scheme: ``unix``, ``tcp`` or ``tls``.

    Attributes:
        arguments: For the runtime.
        env: Likewise; the secret is in here.
        preambles: What was read of each connection, in their order.
    """

    def __init__(self, scheme: str = "unix") -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.offer, self.secret = secrets.token_bytes(16), secrets.token_bytes(32)
        self.env = {"PYPOOL_CONNECT_SECRET": self.secret.hex()}
        self._tls = None
        if scheme == "unix":
            self.path = os.path.join(self._folder.name, "s")
            self._server = socket.socket(socket.AF_UNIX)
            self._server.bind(self.path)
            self._server.listen()
            place = self.path
        else:
            self._server = socket.create_server(("0.0.0.0" if scheme == "tls" else "127.0.0.1", 0))
            place = f"127.0.0.1:{self._server.getsockname()[1]}"
        if scheme == "tls":
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATES / "server.crt", CERTIFICATES / "server.key")
            self.env["PYPOOL_CONNECT_CA"] = (CERTIFICATES / "ca.crt").read_text()
        self._server.settimeout(30)
        self.arguments = ["--connect", f"{scheme}:{place}#{self.offer.hex()}"]
        self.preambles: list[bytes] = []

    def accept(self) -> socket.socket:
        """One connection, its preamble read."""
        raw, _ = self._server.accept()
        raw.settimeout(30)
        try:
            sock = raw if self._tls is None else self._tls.wrap_socket(raw, server_side=True)
        except OSError:
            raw.close()
            raise
        preamble = b""
        while len(preamble) < PREAMBLE_BYTES:
            piece = sock.recv(PREAMBLE_BYTES - len(preamble))
            if not piece:
                break
            preamble += piece
        self.preambles.append(preamble)
        return sock

    def accept_worker(self) -> list[socket.socket]:
        """Requests, replies and control, once all three stand."""
        channels = [self.accept() for _ in range(3)]
        for channel in channels:
            channel.sendall(b"\x01")
        return channels

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
        self._folder.cleanup()
