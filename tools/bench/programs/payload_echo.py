"""The module whose arrays the bench moves: each echo is a new array, made by numpy where that is installed."""

from pypool import expose

try:
    import numpy
except ImportError:
    from array import array

    def copied(values):
        made = array('d')
        made.frombytes(values.cast('B'))
        return made

else:

    def copied(values):
        return numpy.asarray(values).copy()


@expose
def echo(values):
    return copied(values)


@expose
def echo_numbers(values):
    return list(values)
