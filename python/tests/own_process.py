"""Tests that need a process nobody used before them, or leave one that nobody should use after them."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tests.worker_process import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from unittest import TestCase

    Class = TypeVar("Class", bound=type[TestCase])

__all__ = ["in_own_process"]

_MARK = "PYPOOL_TEST_IN_OWN_PROCESS"


def in_own_process(tests: Class) -> Class:
    """Run each test of a class in a new process: a decorator of the class."""
    for name in dir(tests):
        if name.startswith("test"):
            setattr(tests, name, _apart(getattr(tests, name)))
    return tests


def _apart(test: Callable[[TestCase], None]) -> Callable[[TestCase], None]:
    @wraps(test)
    def run(self: TestCase) -> None:
        if os.environ.get(_MARK) == self.id():
            test(self)
            return
        ended = subprocess.run(
            [sys.executable, "-m", "unittest", self.id()],
            cwd=Path(__file__).parents[1],
            env={**os.environ, _MARK: self.id()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)

    return run
