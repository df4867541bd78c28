"""Raises what users raise."""

from pypool import expose


class OutOfStock(Exception):
    def __init__(self, article, left):
        super().__init__(article, left)
        self.article = article


@expose
def value_error():
    raise ValueError("bad value", 42)


@expose
def key_error():
    return {}["missing"]


@expose
def custom():
    raise OutOfStock("bolt", 3)


@expose
def chained():
    try:
        {}["missing"]
    except KeyError as error:
        raise RuntimeError("no such user") from error


@expose
def group():
    exception_group = __builtins__["ExceptionGroup"] if isinstance(__builtins__, dict) else getattr(__builtins__, "ExceptionGroup")
    raise exception_group("several", [ValueError("one"), TypeError("two")])


@expose
def has_groups():
    import sys

    return sys.version_info >= (3, 11)


@expose
def unencodable():
    return {"rows": [1, 2, {"owner": object()}]}


@expose
def echo(value):
    return value
