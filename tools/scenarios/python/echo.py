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
def nap_between(seconds):
    began = time.monotonic()
    time.sleep(seconds)
    return began, time.monotonic()


@expose
def note(path, text):
    """Leave a mark in a file: proof that this call ran."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(text + "\n")
    return text


@expose
def note_nap(path, text, seconds):
    with open(path, "a", encoding="utf-8") as file:
        file.write(text + "\n")
    time.sleep(seconds)
    return text


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
