"""Runs the unittest tests below a folder in random order and reports each as a line of JSON on stdout.

usage: python run_unittest.py ROOT FOLDER SEED

ROOT is what test modules are imported from, FOLDER the part of it whose tests run.

What tests print on stdout goes to stderr, so that the report stays readable by a program.
"""

import json
import os
import random
import sys
import time
import unittest


class JsonResult(unittest.TestResult):
    """Writes one object a test: ``{"test", "outcome": "passed" | "failed" | "skipped", "detail", "seconds"}``."""

    def __init__(self, report):
        super().__init__()
        self._report = report
        self._started = 0.0
        self._subtest_failed = False

    def startTest(self, test):
        super().startTest(test)
        self._started = time.monotonic()
        self._subtest_failed = False

    def addSuccess(self, test):
        super().addSuccess(test)
        # unittest calls a test whose subtests failed a success, from Python 3.11 on.
        if not self._subtest_failed:
            self._write(test, "passed")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._write(test, "failed", self._exc_info_to_string(err, test))

    def addError(self, test, err):
        super().addError(test, err)
        self._write(test, "failed", self._exc_info_to_string(err, test))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._subtest_failed = True
            self._write(subtest, "failed", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._write(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._write(test, "passed")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._write(test, "failed", "passed, though it is marked as an expected failure")

    def _write(self, test, outcome, detail=""):
        seconds = time.monotonic() - self._started
        line = {"test": test.id(), "outcome": outcome, "detail": detail, "seconds": seconds}
        self._report.write(json.dumps(line) + "\n")
        self._report.flush()


def shuffled(suite, rng):
    """A copy of ``suite`` in random order.

    The tests of a class stay together, and so do the classes of a module: their set-up runs once.
    """
    members = [shuffled(member, rng) if isinstance(member, unittest.TestSuite) else member for member in suite]
    rng.shuffle(members)
    return unittest.TestSuite(members)


def say_version():
    """Tells the matrix (tools/matrix) what runs this, if it is the one that asks."""
    seen = os.environ.get("PYPOOL_TEST_VERSIONS")
    if seen is not None:
        with open(seen, "a", encoding="utf-8") as file:
            file.write(json.dumps({"who": "unittest", "version": sys.version}) + "\n")


def main(root, folder, seed):
    say_version()
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path.insert(0, root)
    suite = unittest.defaultTestLoader.discover(os.path.join(root, folder), top_level_dir=root)
    result = JsonResult(report)
    shuffled(suite, random.Random(seed)).run(result)
    report.close()
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
