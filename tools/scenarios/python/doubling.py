"""Answers with twice what it was given."""

from pypool import expose


@expose
def twice(value):
    return value + value
