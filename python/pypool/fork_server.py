"""The fork server: imports the user's modules once, then forks a worker whenever Node asks for one.

It is single-threaded, and runs no user code after the import. It speaks to Node over one socket that it
inherits, a JSON object a line. The two are always of one version, so this is no part of the wire.

==================  ==============================================================================
from Node
==================  ==============================================================================
``import``          what to serve; once, before anything else
``fork``            be a parent once more: ``id``, ``args``, ``env``
``become``          be a worker yourself, and no fork server any more: ``args``, ``env``
``opened``          Node has opened the output of ``pid``; ours is of no more use
``reap``            Node will not signal ``pid`` again, so that its number may be given away
==================  ==============================================================================

==================  ==============================================================================
to Node
==================  ==============================================================================
``hello``           ``python``, its version; once, before user code runs
``imported``        ``failed``, whether the import raised; ``hazards``, what stands against forking
``forked``          ``id``, ``pid``, and the descriptors here of its ``stdout`` and ``stderr``
``refused``         ``id``, ``hazards``: what stands against forking by now
``failed``          ``id``, ``message``: the operating system would not
``exited``          ``pid``, ``exitCode`` or ``signal``; what was left of its group has been killed
``reaped``          ``pid``, and what it took: ``userMs``, ``systemMs``, ``maxRssBytes``
==================  ==============================================================================

At the end of that socket, which is Node's death or its wish, every worker's group gets SIGKILL.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from _socket import socket
from json import dumps, loads

from . import context, lifecycle
from .fork_hazards import Baseline, find_thread_hazards
from .forked_worker import Inheritance, Task
from .load import Source
from .output import Output
from .preloaded import Preloaded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn

__all__ = ["ForkServer", "main"]

_READ_BYTES = 64 * 1024
_STARTED = b"."

_START_SECONDS = 10.0
"""How long a child may take to lead its group: it runs the hooks of ``os.register_at_fork`` before."""


def main() -> NoReturn:
    """Serve on the descriptor that ``--fork-server fd:N`` names."""
    descriptor = int(sys.argv[2].partition(":")[2])
    del sys.argv[1:]  # ours, not the user's
    os.set_inheritable(descriptor, False)
    try:
        # What comes back is a worker to become, in a child or here: on a stack of its own.
        ForkServer(socket(fileno=descriptor)).serve().run()
    except BaseException:
        lifecycle.die_of_bug()


class ForkServer:
    """One of them, from its first line to its end.

    Args:
        node: The socket to Node.
    """

    def __init__(self, node: socket) -> None:
        self._parent_pid = os.getppid()
        self._node = node
        self._partial = b""
        # Before user code, so that it is below whatever that opens.
        self._wake, self._waker = os.pipe()
        self._output = Output()
        self._tolerated: frozenset[str] = frozenset()
        # Workers, each with our ends of its output until Node has its own.
        self._children: dict[int, tuple[int, ...]] = {}
        self._told: set[int] = set()

    def serve(self) -> Task:
        """Import, then fork for as long as Node is there. Returns in each worker; nowhere else."""
        lifecycle.lead_process_group()
        self._output.open()
        self._send("hello", python="{}.{}.{}".format(*sys.version_info[:3]))
        lines = self._read()
        if not lines:
            lifecycle.kill_process_group()
        (order,) = lines
        self._import(order)
        poll = select.poll()
        poll.register(self._node.fileno(), select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if self._wake in ready:
                os.read(self._wake, _READ_BYTES)
                self._look_for_exits()
            if self._node.fileno() in ready:
                orders = self._read()
                if not orders:
                    self._end()
                for order in orders:
                    task = self._obey(order)
                    if task is not None:
                        return task

    def _import(self, order: Any) -> None:
        if order["parentDeathSignal"]:
            lifecycle.arm_parent_death_signal(self._parent_pid)
        self._tolerated = frozenset(order["tolerate"])
        sources = [Source(m["prefix"], m["source"], m["kind"] == "path") for m in order["modules"]]
        baseline = Baseline()
        self._preloaded = Preloaded(sources, self._output)
        self._preloaded.load(sources, order["preload"], os.path.dirname(os.path.dirname(__file__)))
        self._output.flush()
        self._inheritance = Inheritance()
        self._inheritance.lay_aside()
        os.set_blocking(self._waker, False)
        signal.signal(signal.SIGCHLD, _do_nothing)  # a handler, or nothing would be written to wake us
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        hazards = baseline.find_hazards(self._tolerated)
        if context.worker_was_missed:
            hazards.append({"hazard": "current-worker", "found": ["current_worker() was called"]})
        self._send("imported", failed=self._preloaded.error is not None, hazards=hazards)

    def _obey(self, order: Any) -> Task | None:
        kind = order["type"]
        if kind == "fork":
            return self._fork(order)
        if kind == "become":
            self._let_go(())
            return self._task(order)
        if kind == "opened":
            self._close(self._children.get(order["pid"], ()))
            self._children[order["pid"]] = ()
        elif kind == "reap":
            pid = order["pid"]
            usage = os.wait4(pid, 0)[2]
            self._close(self._children.pop(pid))
            self._told.discard(pid)
            self._send(
                "reaped",
                pid=pid,
                userMs=usage.ru_utime * 1000,
                systemMs=usage.ru_stime * 1000,
                maxRssBytes=usage.ru_maxrss * 1024,  # Linux counts in KiB
            )
        return None

    def _task(self, order: Any) -> Task:
        return Task(order["args"], order["env"], self._preloaded, self._inheritance)

    def _fork(self, order: Any) -> Task | None:
        """Fork once. Returns what to become, in the child."""
        hazards = find_thread_hazards(self._tolerated)
        if hazards:
            self._send("refused", id=order["id"], hazards=hazards)
            return None
        opened: list[int] = []
        try:
            for _ in range(3):
                opened += os.pipe()
            out, out_end, err, err_end, started, starting = opened
            parent_pid = os.getpid()
            pid = _fork_quietly()
        except OSError as error:
            self._close(opened)
            self._send("failed", id=order["id"], message=str(error))
            return None
        if pid == 0:
            os.setsid()
            lifecycle.arm_parent_death_signal(parent_pid)
            os.dup2(out_end, 1)
            os.dup2(err_end, 2)
            os.write(starting, _STARTED)
            self._let_go(opened)
            return self._task(order)
        self._close((out_end, err_end, starting))
        # Until it leads its group, nobody could end that: a signal to it would be lost.
        if not _is_readable(started, _START_SECONDS):
            os.kill(pid, signal.SIGKILL)
        leads = os.read(started, 1) == _STARTED
        os.close(started)
        if leads:
            self._children[pid] = (out, err)
            self._send("forked", id=order["id"], pid=pid, stdout=out, stderr=err)
            return None
        os.waitpid(pid, 0)
        self._close((out, err))
        message = (
            f"the forked process died, or did not come to itself within {_START_SECONDS:g} s: "
            "a hook of os.register_at_fork failed or hangs"
        )
        self._send("failed", id=order["id"], message=message)
        return None

    def _let_go(self, opened: Iterable[int]) -> None:
        """In what is to be a worker: hold nothing of the fork server's, nor of its other workers'."""
        signal.set_wakeup_fd(-1)
        self._node.close()
        self._close((self._wake, self._waker, *opened))
        for descriptors in self._children.values():
            self._close(descriptors)
        self._children = {}

    def _look_for_exits(self) -> None:
        """Tell of each worker that has ended. It stays a zombie, whose number nobody else gets."""
        for pid in self._children.keys() - self._told:
            end: Any = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if end is None:
                continue
            self._told.add(pid)
            _kill_group(pid)
            exited = end.si_code == os.CLD_EXITED
            name = None if exited else _name_of_signal(end.si_status)
            self._send("exited", pid=pid, exitCode=end.si_status if exited else None, signal=name)

    def _end(self) -> NoReturn:
        for pid in self._children:
            _kill_group(pid)
        os._exit(0)

    def _read(self) -> list[Any]:
        """The next lines, at least one; none at the end."""
        while True:
            try:
                chunk = self._node.recv(_READ_BYTES)
            except OSError:
                return []
            if not chunk:
                return []
            *lines, self._partial = (self._partial + chunk).split(b"\n")
            if lines:
                return [loads(line) for line in lines]

    def _send(self, type: str, **facts: Any) -> None:
        try:
            self._node.sendall(dumps({"type": type, **facts}).encode() + b"\n")
        except OSError:
            pass  # Node is gone: the end of what it says follows

    @staticmethod
    def _close(descriptors: Iterable[int]) -> None:
        for descriptor in descriptors:
            os.close(descriptor)


def _fork_quietly() -> int:
    """Fork. From Python 3.12 on that warns of threads, which the user may have decided to tolerate."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _is_readable(descriptor: int, within_seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(within_seconds * 1000))


def _name_of_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIGRT{number}"  # a real-time signal, of which most have no name


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass  # gone, or another user's by its own doing


def _do_nothing(number: int, frame: object) -> None:
    pass


if __name__ == "__main__":
    main()
