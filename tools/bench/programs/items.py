"""Streams for the bench."""

import tracemalloc

from pypool import expose


@expose
def count(items):
    yield from range(items)


@expose
def count_and_watch(items):
    """So many items of a kilobyte; the last one is how many bytes of Python's were in use at most meanwhile."""
    tracemalloc.start()
    for item in range(items):
        yield f'{item:>1024}'
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    yield peak
