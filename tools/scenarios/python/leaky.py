"""Keeps what it is told to keep, and tells who it is."""

import os
import subprocess
import sys
import time

from pypool import expose

held = []


@expose
def leak(megabytes):
    """Keep so much memory that nobody else has, for as long as the process lives."""
    held.append(bytearray(os.urandom(4096) * (megabytes << 8)))
    return os.getpid()


@expose
def leak_and_wait(megabytes):
    leak(megabytes)
    time.sleep(60)


@expose
def leak_in_child(megabytes):
    """The same in a process of its own, which stays."""
    program = f"import os; held = bytearray(os.urandom(4096) * ({megabytes} << 8)); print('held', flush=True); os.read(0, 1)"
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    held.append(child)
    child.stdout.readline()
    return child.pid


@expose
def pid():
    return os.getpid()
