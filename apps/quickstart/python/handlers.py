"""What the pool may call: the decorator is the allow-list."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator

from pypool import expose

import census as plain


@expose
def library() -> "dict[str, str]":
    """Where this interpreter keeps its standard library, and which interpreter it is."""
    return {"folder": sysconfig.get_paths()["stdlib"], "python": sys.version.split()[0], "executable": sys.executable}


@expose
def census(path: str) -> "dict[str, object]":
    """Count what one module defines; see :func:`census.census`."""
    return plain.census(path)


@expose
def outline(path: str) -> "Iterator[dict[str, object]]":
    """Stream the definitions of one module."""
    return plain.outline(path)


@expose
def most_alike(paths: "list[str]") -> "dict[str, object]":
    """A job for hours, there to be cancelled."""
    return plain.most_alike(paths)
