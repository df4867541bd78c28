"""The process that outlives Node long enough to end every worker.

Node holds the other end of standard input. Nothing but Node's death, however it came, closes that end while
workers live, and it needs no cooperation from them: a worker that sits in C code and holds the GIL cannot
notice anything by itself, and its grandchildren never could.

One line each way, ASCII:

=================  ======================================================================
``+PGID``          from Node: a worker leads this process group. Answered with the same line.
``-PGID``          from Node: the group is gone. Not answered.
``>PATH``          from Node, in hexadecimal: a socket that workers dial, alone in its folder. Not answered.
``<``              from Node: the sockets are looked after; it lets the guardian go. Not answered.
``ready``          to Node, once, before anything else.
=================  ======================================================================

At the end of input every group that is still registered gets SIGKILL, and the sockets are removed with their
folders. No user code ever runs here, and only
what is imported below: the guardian lives in every pool, so it stays small.
"""

import os
import signal
import stat
import sys

__all__ = ["Guardian", "main", "start_time_of"]

_READ_BYTES = 4096
_MAX_LINE_BYTES = 512  # a path of 107 bytes, the longest of a socket, is twice as long in hexadecimal


def start_time_of(pid: int) -> "bytes | None":
    """When a process started, in the kernel's own ticks; None where there is no such process or no ``/proc``.

    Together with the pid it names one process for as long as the machine runs; the pid alone is used again.
    """
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        line = os.read(fd, _READ_BYTES)
    except OSError:
        return None
    finally:
        os.close(fd)
    # The command name, in parentheses, may itself hold spaces and parentheses: count from the last one.
    # proc(5) numbers the fields from 1; what follows the name is field 3, the start time is field 22.
    return line[line.rindex(b")") + 2 :].split()[19]


class Guardian:
    """The registered process groups, each with the start time of its leader."""

    def __init__(self) -> None:
        self._groups: dict[int, bytes | None] = {}
        self._sockets: set[bytes] = set()
        self._partial = b""

    @property
    def groups(self) -> "frozenset[int]":
        """The ids of the registered groups."""
        return frozenset(self._groups)

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes from Node in any split; return the answer.

        What is not a line is kept until it is: ``+12`` may be the beginning of ``+1234``, and group 12 is
        nobody's business.
        """
        *lines, self._partial = (self._partial + chunk).split(b"\n")
        self._partial = self._partial[:_MAX_LINE_BYTES]
        answers = [line for line in lines if self._obey(line)]
        return b"".join(line + b"\n" for line in answers)

    def _obey(self, line: bytes) -> bool:
        """Obey one line; True if it is to be answered. What is malformed is neither."""
        sign, digits = line[:1], line[1:]
        if sign == b">":
            self._sockets.add(_path_of(digits))
            return False
        if line == b"<":
            self._sockets.clear()
            return False
        # Group 0 would be the guardian's own, and signalling 1 reaches far beyond a worker.
        if not digits.isdigit() or int(digits) < 2:
            return False
        pgid = int(digits)
        if sign == b"+":
            self._groups[pgid] = start_time_of(pgid)
            return True
        if sign == b"-":
            self._groups.pop(pgid, None)
        return False

    def end_all(self) -> None:
        """SIGKILL every group that is still the one that was registered; remove the sockets."""
        for pgid, started in self._groups.items():
            now = start_time_of(pgid)
            # A leader that is gone says nothing: its group lives on in its children, and as long as it does,
            # the kernel gives that number to no other process. Another process under that number means that
            # the group had become empty.
            if now is not None and now != started:
                continue
            try:
                os.killpg(pgid, signal.SIGKILL)
            except OSError:
                # Gone already, or under another user by its own doing: there is nobody left to tell, and
                # nothing else to try.
                pass
        self._groups.clear()
        for path in self._sockets:
            _remove_socket(path)
        self._sockets.clear()


def _path_of(digits: bytes) -> bytes:
    """What the hexadecimal digits stand for; a path of nothing where they are none."""
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return b""


def _remove_socket(path: bytes) -> None:
    """Remove a socket and its folder: nothing that is no socket, no folder that holds more."""
    try:
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            os.unlink(path)
            os.rmdir(os.path.dirname(path))
    except OSError:
        pass  # Node came to it itself before it died, or somebody else did


def main() -> None:
    """Guard until the end of input."""
    # A terminal or a process manager may signal whole trees; the guardian must be the last to go.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    guardian = Guardian()
    try:
        _answer(b"ready\n")
        while True:
            chunk = os.read(0, _READ_BYTES)
            if not chunk:
                break
            _answer(guardian.feed(chunk))
    finally:
        guardian.end_all()


def _answer(lines: bytes) -> None:
    try:
        if lines:
            os.write(1, lines)
    except BrokenPipeError:
        # Node is gone: the end of input follows, with what Node wrote before it, and that must be read first.
        pass


if __name__ == "__main__":
    main()
    sys.exit(0)
