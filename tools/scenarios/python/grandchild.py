"""Starts processes of its own."""

import os
import subprocess
import sys
import time
from collections import deque
from itertools import repeat

from pypool import expose


@expose
def start_child():
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid


@expose
def fork_child():
    """Fork with no exec: the child holds whatever the worker held."""
    pid = os.fork()
    if pid == 0:
        time.sleep(600)
        os._exit(0)
    return pid


@expose
def pid():
    return os.getpid()


@expose
def nap(seconds):
    time.sleep(seconds)


@expose
def hold_gil(path):
    with open(path, "w", encoding="utf-8") as file:
        file.write(str(os.getpid()))
    deque(repeat(0), maxlen=0)
