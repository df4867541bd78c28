"""Calls that have to be ended. Each leaves a mark in a file when it begins, and those that can, when they end."""

import asyncio
import ctypes
import itertools
import os
import signal
import time
from collections import deque

from pypool import expose


def mark(path, text):
    with open(path, "a", encoding="utf-8") as file:
        file.write(text + "\n")


@expose
def pid():
    return os.getpid()


@expose
def echo(value):
    return value


@expose
def nap(path, seconds):
    try:
        mark(path, "begun")
        time.sleep(seconds)
        return "late reply"
    finally:
        mark(path, "cleaned up")


@expose
async def nap_async(path, seconds):
    try:
        mark(path, "begun")
        await asyncio.sleep(seconds)
    finally:
        await asyncio.sleep(0)
        mark(path, "cleaned up")


@expose
def spin(path):
    mark(path, "begun")
    while True:
        pass


@expose
def ignore_the_end(path):
    """Swallow whatever asks it to end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    mark(path, "begun")
    while True:
        try:
            while True:
                time.sleep(600)
        except BaseException:
            pass


@expose(cancel="kill")
def nap_unless_killed(path):
    mark(path, "begun")
    time.sleep(600)


@expose
def exhaust(path):
    """Hold the GIL, and look for no signal."""
    mark(path, "begun")
    deque(itertools.repeat(0), maxlen=0)


@expose
def sleep_in_c(path):
    """Hold the GIL, asleep."""
    mark(path, "begun")
    ctypes.PyDLL(None).sleep(600)


@expose
def count(path, items):
    """Count, and sleep for long before the last item."""
    try:
        yield from range(items)
        mark(path, "sleeps")
        time.sleep(600)
    finally:
        mark(path, "cleaned up")


@expose
async def count_async(path, items):
    try:
        for item in range(items):
            yield item
        mark(path, "sleeps")
        await asyncio.sleep(600)
    finally:
        mark(path, "cleaned up")
