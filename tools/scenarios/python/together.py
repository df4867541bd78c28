"""Coroutines for workers that run many at once. Those that have to be ended leave a mark in a file when they begin, and when they end."""

import asyncio
import os
import signal

from pypool import current_call, expose


def mark(path, text):
    with open(path, "a", encoding="utf-8") as file:
        file.write(text + "\n")


@expose
async def pid():
    return os.getpid()


@expose
async def echo(value):
    return value


@expose
async def note(path, text):
    mark(path, text)


@expose
async def take(seconds, value):
    """Take a while, with others."""
    await asyncio.sleep(seconds)
    return value


@expose
async def nap(path, seconds):
    try:
        mark(path, "begun")
        await asyncio.sleep(seconds)
        return "late reply"
    finally:
        await asyncio.sleep(0)
        mark(path, "cleaned up")


@expose
async def ignore_the_end(path):
    """Swallow whatever asks it to end, and let others run."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    mark(path, "begun")
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            pass


@expose
async def whose():
    """For which session and with which attributes this runs, asked thrice, while others run."""
    seen = []
    for _ in range(3):
        call = current_call()
        seen.append([call.session_id, call.attributes["n"]])
        await asyncio.sleep(0.001)
    return seen


@expose
async def count(path, items):
    """Count, and sleep for long before the last item."""
    try:
        for item in range(items):
            yield item
        mark(path, "sleeps")
        await asyncio.sleep(600)
    finally:
        mark(path, "cleaned up")
