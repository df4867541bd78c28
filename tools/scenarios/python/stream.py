"""Generators of every kind."""

import asyncio
import os
import time

from pypool import expose


@expose
def count(n):
    yield from range(n)


@expose
def count_noting(path, n):
    """Count, and keep a file with the number of items made so far, and of clean-ups."""
    made = 0
    try:
        for number in range(n):
            made += 1
            with open(path, "w", encoding="utf-8") as file:
                file.write(str(made))
            yield number
    finally:
        with open(path + ".closed", "a", encoding="utf-8") as file:
            file.write("closed\n")


@expose
async def count_async(n):
    for number in range(n):
        await asyncio.sleep(0)
        yield number


@expose
def fail_after(n):
    yield from range(n)
    raise ValueError("the stream broke")


@expose
def nap(seconds):
    time.sleep(seconds)
    return os.getpid()


@expose
def pid():
    return os.getpid()
