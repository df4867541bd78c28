"""A module that holds much before its workers begin: BENCH_HOLDS says what, BENCH_BYTES how much."""

import os
import sys
from array import array

from pypool import expose

PARTS = 100


def nothing(size):
    return lambda part: 0


def numbers(size):
    values = memoryview(array('d', [1.0]) * (size // 8))
    return lambda part: sum(values[bounds(part, len(values))])


def numpy(size):
    import numpy

    values = numpy.ones(size // 8)
    return lambda part: float(values[bounds(part, len(values))].sum())


def objects(size):
    rows = []
    while size > 0:
        row = {'id': len(rows), 'name': f'row {len(rows)}'}
        size -= sys.getsizeof(row) + sum(map(sys.getsizeof, row.values())) + 8
        rows.append(row)
    return lambda part: sum(len(row['name']) for row in rows[bounds(part, len(rows))])


def bounds(part, length):
    return slice(part * length // PARTS, (part + 1) * length // PARTS)


read_part = {'nothing': nothing, 'numbers': numbers, 'numpy': numpy, 'objects': objects}[os.environ['BENCH_HOLDS']](
    int(os.environ['BENCH_BYTES'])
)


@expose
def read(part):
    """Read one of a hundred parts: who did, and what it came to."""
    return [os.getpid(), read_part(part)]
