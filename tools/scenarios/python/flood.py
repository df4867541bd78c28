"""Writes more than anyone reads."""

import os

from pypool import expose


@expose
def flood(megabytes):
    block = b"x" * 65536
    for _ in range(megabytes * 16):
        os.write(2, block)
    return "still here"


@expose
def lines(count):
    for number in range(count):
        print("line", number)
    return count
