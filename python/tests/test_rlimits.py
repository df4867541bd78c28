"""Limits of the kernel, set before anything of the user's runs."""

import os
import resource
import unittest
from typing import Any
from unittest import mock

from pypool.rlimits import CannotLimit, set_rlimits
from tests.worker_process import WorkerProcess

UNLIMITED = resource.RLIM_INFINITY


def limit(name: str, soft: int, hard: Any) -> Any:
    return {"name": name, "soft": soft, "hard": hard}


class Rlimits(unittest.TestCase):
    def test_are_those_of_a_worker_and_of_its_children(self) -> None:
        limits = [limit("core", 0, 0), limit("nofile", 100, None)]
        with WorkerProcess("tell_limits", rlimits=limits) as worker:
            _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            told = worker.start().call("of_child")
            self.assertEqual(told, [[0, 0], [100, hard]])

    def test_that_cannot_be_set_fail_the_start(self) -> None:
        with WorkerProcess("tell_limits", rlimits=[limit("no_such", 1, 1)]) as worker:
            failure = worker.start_failure()
            self.assertEqual(failure["type"], "CannotLimit")
            self.assertEqual(
                failure["message"], "rlimits.no_such: this system has no such limit; leave it out"
            )

    def test_say_why_they_cannot_be_set(self) -> None:
        cases = [
            (limit("nofile", 2000, None), "a soft limit of 2000 cannot be set: the hard limit is 1000"),
            (limit("nofile", -1, None), "a soft limit of unlimited cannot be set: the hard limit is 1000"),
            (limit("nofile", 10, 2000), "a hard limit of 2000 cannot be set: it is 1000 now, and only root"),
            (limit("nofile", -1, -1), "a hard limit of unlimited cannot be set: it is 1000 now, and only"),
            (limit("nofile", 10, 500), "soft 10 and hard 500 cannot be set: not today"),
        ]
        for asked, message in cases:
            with self.subTest(asked), mock.patch.object(resource, "getrlimit", return_value=(100, 1000)):
                refusal = mock.patch.object(resource, "setrlimit", side_effect=ValueError("not today"))
                with refusal, self.assertRaises(CannotLimit) as refused:
                    set_rlimits([asked])
                self.assertTrue(str(refused.exception).startswith("rlimits.nofile: " + message), refused)

    @unittest.skipIf(os.getuid() == 0, "root may raise hard limits")
    def test_may_not_be_raised_by_a_user(self) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with WorkerProcess("tell_limits", rlimits=[limit("nofile", 10, hard + 1)]) as worker:
            self.assertIn("only root may raise it", worker.start_failure()["message"])
