"""Dies in every way there is."""

import ctypes
import os
import signal
import sys
import threading
import time

from pypool import expose


@expose
def segfault():
    print("about to read address zero", file=sys.stderr, flush=True)
    ctypes.string_at(0)


def run_noting(name):
    """Note the pid in a file, and die if nobody has before."""
    path = os.path.join(os.environ["SCENARIO_FOLDER"], name)
    with open(path, "a") as notes:
        notes.write(f"{os.getpid()}\n")
    with open(path) as notes:
        pids = [int(line) for line in notes]
    if len(pids) == 1:
        ctypes.string_at(0)
    return {"first": pids[0], "second": pids[1]}


@expose
def segfault_once():
    return run_noting("segfault_once")


@expose(idempotent=True)
def segfault_once_idempotent():
    return run_noting("segfault_once_idempotent")


@expose(idempotent=True)
def segfault_once_over(data):
    run_noting("segfault_once_over")
    return len(data)


@expose
def exit_now(code):
    os._exit(code)


@expose
def sys_exit(code):
    sys.exit(code)


@expose
def raise_in_thread():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    return "done"


@expose
def pid():
    return os.getpid()


@expose
def nap(seconds, value=None):
    time.sleep(seconds)
    return value


@expose
def segfault_third(number):
    if number == 3:
        ctypes.string_at(0)
    time.sleep(0.02)
    return number


@expose
def die_while_writing(size):
    """Die when the reply is on the wire in part: a thread kills the process once the runtime has begun to write it."""
    main = threading.get_ident()

    def is_writing():
        frame = sys._current_frames()[main]
        while frame is not None and frame.f_code.co_name != "write_frame":
            frame = frame.f_back
        return frame is not None

    def kill():
        while not is_writing():
            time.sleep(0)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()
    return os.urandom(8) * (size // 8)


class Bomb:
    """A value that goes off when it is encoded: pypool calls ``model_dump`` of pydantic-like models."""

    def __init__(self, how):
        self.how = how


@expose
def raise_value_error():
    raise ValueError("bad value")
