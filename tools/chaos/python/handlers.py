"""What the callers of the chaos lab call. Every function writes to the ledger as its first and as its last act.

The ledger is one file that all workers append to. A line is ``S`` or ``E`` (start, end), the number of the call and the
process id. One ``os.write`` with ``O_APPEND`` is atomic on a local file, and what the kernel took is there however the worker dies.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import resource
import subprocess
import sys
import time
from functools import wraps

from pypool import HostError, current_call, expose, on_worker_start

# Shared by workers that are forked, as they would share a log.
_ledger = os.open(os.environ["CHAOS_LEDGER"], os.O_WRONLY | os.O_APPEND)

_channels: dict[str, int] = {}
"""The descriptors of the runtime's channels, whatever the transport."""

_ballast: list[bytearray] = []
"""What keeps a worker short of memory after the call that used it up."""


@on_worker_start
def find_channels(worker):
    """The first three sockets behind standard output and error: the runtime opens them before anything of ours."""
    for descriptor in sorted(map(int, os.listdir("/proc/self/fd"))):
        if descriptor <= 2 or len(_channels) == 3:
            continue
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")
        except FileNotFoundError:
            continue  # the one that the folder was read by
        if target.startswith("socket:"):
            _channels[("requests", "replies", "control")[len(_channels)]] = descriptor


@on_worker_start
def obey_order(worker):
    """Hang or raise, where one start is to: each order is for the first who reads it."""
    path = os.environ.get("CHAOS_ORDERS")
    if path is None:
        return
    with open(path, "r+b", buffering=0) as orders:
        fcntl.flock(orders, fcntl.LOCK_EX)
        order = orders.read(1)[0]
        if order:
            taken = os.pread(orders.fileno(), 1, order)[0]
            os.pwrite(orders.fileno(), bytes([min(taken + 1, 255)]), order)
            os.pwrite(orders.fileno(), b"\0", 0)
    if order == 1:
        time.sleep(600)
    if order == 2:
        raise RuntimeError("this start was to fail")


def _started(seq):
    os.write(_ledger, b"S%d %d\n" % (seq, os.getpid()))


def _ended(seq):
    os.write(_ledger, b"E%d %d\n" % (seq, os.getpid()))


def _recorded(function):
    """Tell the ledger of a plain function's run, however it ends."""

    @wraps(function)
    def recorded(seq, *args):
        _started(seq)
        try:
            return function(seq, *args)
        finally:
            _ended(seq)

    return recorded


# What callers do


@expose
@_recorded
def echo(seq, value):
    """The shortest call there is."""
    return [seq, value]


@expose
async def echo_async(seq, value):
    """The same through the event loop."""
    _started(seq)
    try:
        return [seq, value]
    finally:
        _ended(seq)


@expose
@_recorded
def in_session(seq):
    """What session this runs for."""
    return [seq, current_call().session_id]


@expose
@_recorded
def nap(seq, seconds):
    """Take a while."""
    time.sleep(seconds)
    return [seq, seconds]


@expose
async def nap_async(seq, seconds):
    """Take a while, and let others run where the engine has others."""
    _started(seq)
    try:
        await asyncio.sleep(seconds)
        return [seq, seconds]
    finally:
        _ended(seq)


@expose
@_recorded
def spin(seq, seconds):
    """Take a while, and the processor with it."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return [seq, seconds]


@expose
@_recorded
def fail(seq):
    """Raise."""
    raise ValueError(f"call {seq} was to fail")


@expose
@_recorded
def leave(seq):
    """Ask for the end of the process, which is refused."""
    sys.exit(3)


@expose
@_recorded
def unencodable(seq):
    """Return what cannot be returned."""
    return [seq, object()]


@expose
def count(seq, items, seconds):
    """Give so many items, with so long a pause before each."""
    _started(seq)
    try:
        for n in range(items):
            if seconds:
                time.sleep(seconds)
            yield [seq, n]
    finally:
        _ended(seq)


@expose
async def count_async(seq, items, seconds):
    """The same on an event loop."""
    _started(seq)
    try:
        for n in range(items):
            if seconds:
                await asyncio.sleep(seconds)
            yield [seq, n]
    finally:
        _ended(seq)


@expose
@_recorded
def gather(seq, token, values, most):
    """Read an input to its end, or so far."""
    read = 0
    try:
        for value in values:
            if value != [token, read]:
                return [seq, f"item {read} was {value}"]
            read += 1
            if read >= most:
                return [seq, f"{token}: {read} and left"]
    except HostError as error:
        return [seq, f"{token}: {read} and {error.name}"]
    return [seq, f"{token}: {read}"]


@expose
async def gather_async(seq, token, values, most):
    """The same on an event loop."""
    _started(seq)
    try:
        read = 0
        try:
            async for value in values:
                if value != [token, read]:
                    return [seq, f"item {read} was {value}"]
                read += 1
                if read >= most:
                    return [seq, f"{token}: {read} and left"]
        except HostError as error:
            return [seq, f"{token}: {read} and {error.name}"]
        return [seq, f"{token}: {read}"]
    finally:
        _ended(seq)


@expose
def relay(seq, items, token, values):
    """Give an item for each of an input."""
    _started(seq)
    try:
        for n, value in enumerate(values):
            yield [seq, n] if value == [token, n] and n < items else [seq, f"item {n} was {value}"]
    finally:
        _ended(seq)


@expose
def count_and_fail(seq, items):
    """Give so many items, and raise."""
    _started(seq)
    try:
        for n in range(items):
            yield [seq, n]
        raise ValueError(f"stream {seq} was to fail")
    finally:
        _ended(seq)


# What breaks the worker that runs it


@expose
async def resist(seq):
    """Go on, whoever asks for the end: the worker has to be ended with it, and those that run beside it are in the way."""
    _started(seq)
    try:
        while True:
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                pass
    finally:
        _ended(seq)


@expose
@_recorded
def exit_at_once(seq, code):
    """End the process without a word."""
    os._exit(code)


@expose
@_recorded
def exhaust_memory(seq, stay):
    """Use up the memory that this worker may have: its address space is limited first, so that no other process is short of any.

    With ``stay`` the worker stays short of it; otherwise this call alone fails.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (32 << 20), hard))
    size = 8 << 20
    try:
        while size >= 1 << 12:
            try:
                _ballast.append(bytearray(size))
            except MemoryError:
                size >>= 1
        raise MemoryError(f"call {seq} was to use up all memory")
    finally:
        if not stay:
            _ballast.clear()
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@expose
@_recorded
def close_channel(seq, channel):
    """Close a descriptor that is the runtime's."""
    os.close(_channels[channel])
    return [seq, channel]


@expose
@_recorded
def write_garbage(seq, channel, garbage):
    """Write to a descriptor that is the runtime's."""
    os.write(_channels[channel], garbage)
    return [seq, channel]


@expose
@_recorded
def leave_child(seq):
    """Start a process that outlives the call, and would outlive the worker."""
    child = subprocess.Popen(["sleep", "600"])
    return [seq, child.pid]
