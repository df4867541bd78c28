"""Returns what it is given, and says who did it."""

import os
import time

from pypool import Fail, current_call, current_worker, expose


@expose
def echo(value=None):
    return value


@expose
def pid():
    return os.getpid()


@expose
def nap(seconds, value=None):
    time.sleep(seconds)
    return value


@expose
def nap_pid(seconds):
    time.sleep(seconds)
    return os.getpid()


@expose
def wait_for(path, value=None):
    """Return when the file is there."""
    while not os.path.exists(path):
        time.sleep(0.005)
    return value


@expose
def wait_for_pid(path):
    return wait_for(path, os.getpid())


@expose
def linger(value, path=None):
    """Return at once, or when the file is there: one name for both, by which pools know what is quick."""
    return value if path is None else wait_for(path, value)


@expose
def note(path, text):
    """Leave a mark in a file: proof that this call ran."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(text + "\n")
    return text


@expose
def note_until(path, text, gate):
    return wait_for(gate, note(path, text))


@expose
def session():
    call = current_call()
    return {"session": call.session_id, "metadata": call.session_metadata, "attributes": call.attributes, "pid": os.getpid()}


@expose
def slot():
    worker = current_worker()
    return {"slot": worker.slot, "pid": os.getpid()}


@expose
def fail(code):
    raise Fail(code, data={"code": code})


def hidden():
    return "never exposed"
