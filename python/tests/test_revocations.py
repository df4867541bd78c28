"""Calls that are taken back: each starts or was taken back, never both and never neither."""

import random
import sys
import threading
import unittest
from collections.abc import Callable, Iterable
from itertools import chain, combinations, cycle
from typing import Any, ClassVar

from pypool.frame import FrameType
from pypool.revocations import Revocations
from tests.worker_process import WorkerProcess


def begin(revocations: Revocations, call_id: int) -> bool:
    """What an engine does with each call: whether it starts."""
    revocations.latest = call_id
    # `bool` once, as the `if` of an engine: `not (ids and ...)` looks again at a set that was empty.
    return not (bool(revocations.ids) and revocations.drop(call_id))


class Stepped(Revocations):
    """Makes its threads wait for their turn before each step: what is one step to the interpreter."""

    def __init__(self) -> None:
        self._turns = {"main": threading.Semaphore(0), "control": threading.Semaphore(0)}
        self._stands = threading.Semaphore(0)
        self._latest = 0
        self._ids: set[int] = set()

    def run(self, schedule: "Iterable[str]", **bodies: "Callable[[], object]") -> None:
        """Run each body in a thread of that name, step by step as scheduled, and then to their ends."""
        busy = set(bodies)

        def run(name: str) -> None:
            bodies[name]()
            busy.discard(name)
            self._stands.release()

        threads = [threading.Thread(target=run, name=name, args=(name,)) for name in bodies]
        for thread in threads:
            thread.start()
            self._stands.acquire()
        for name in chain(schedule, cycle(bodies)):
            if not busy:
                break
            if name in busy:
                self._turns[name].release()
                self._stands.acquire()
        for thread in threads:
            thread.join()

    def step(self) -> None:
        self._stands.release()
        self._turns[threading.current_thread().name].acquire()

    @property
    def latest(self) -> int:  # type: ignore[override]
        self.step()
        return self._latest

    @latest.setter
    def latest(self, call_id: int) -> None:
        self.step()
        self._latest = call_id

    @property
    def ids(self) -> Any:  # type: ignore[override]
        self.step()
        return self._ids


class Interleaved(unittest.TestCase):
    def test_is_decided_once_however_the_steps_of_two_threads_fall(self) -> None:
        """Two calls begin, in 6 steps at most, while the first is taken back in 5 at most."""
        seen = set()
        for places in combinations(range(11), 5):
            schedule = ["control" if turn in places else "main" for turn in range(11)]
            shared = Stepped()
            started: list[int] = []
            taken_back: list[int] = []
            shared.run(
                schedule,
                main=lambda: started.extend(call_id for call_id in (1, 2) if begin(shared, call_id)),  # noqa: B023
                control=lambda: taken_back.extend(shared.take_back([1])),  # noqa: B023
            )
            self.assertEqual(sorted(started + taken_back), [1, 2], schedule)
            self.assertEqual(shared._ids, set(), schedule)
            seen.add(bool(taken_back))
        self.assertEqual(seen, {True, False})

    def test_is_taken_back_once(self) -> None:
        revocations = Revocations()
        self.assertEqual(revocations.take_back([3, 1]), [3, 1])
        self.assertEqual(revocations.take_back([1, 2, 3]), [2])
        self.assertEqual([begin(revocations, call_id) for call_id in (1, 2, 3, 4)], [False] * 3 + [True])
        self.assertEqual(revocations.take_back([1, 2, 3, 4]), [])
        self.assertEqual(revocations.ids, set())


class Hammered(unittest.TestCase):
    def test_two_threads_agree_on_every_call(self) -> None:
        revocations = Revocations()
        started: list[int] = []
        taken_back: list[int] = []
        over = threading.Event()

        def take_back() -> None:
            dice = random.Random(1)
            while not over.is_set():
                latest = revocations.latest
                taken_back.extend(revocations.take_back(range(latest, latest + dice.randrange(2, 5))))

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            other = threading.Thread(target=take_back)
            other.start()
            last = 0
            while last < 50_000 or len(taken_back) < 500:
                last += 1
                if begin(revocations, last):
                    started.append(last)
        finally:
            over.set()
            other.join()
            sys.setswitchinterval(interval)
        never = [call_id for call_id in taken_back if call_id <= last]
        self.assertEqual(sorted(started + never), list(range(1, last + 1)))


class TakingBack(unittest.TestCase):
    welcome: ClassVar[dict[str, Any]] = {}

    def setUp(self) -> None:
        worker = WorkerProcess("run_together", **self.welcome)
        self.addCleanup(worker.__exit__)
        self.worker = worker.start()
        self.places = self.welcome.get("concurrency", 1)

    def revoke(self, *ids: int) -> "list[int]":
        self.worker.send_control(FrameType.REVOKE, {"ids": list(ids)})
        answer: list[int] = self.worker.hear(FrameType.REVOKED)["ids"]
        return answer

    def answered(self, count: int) -> "list[int]":
        return sorted(self.worker.reply().call_id for _ in range(count))

    def fill(self) -> "list[int]":
        """Calls that run until they are let, one for each place."""
        held = [self.worker.send("stand") for _ in range(self.places)]
        for _ in held:
            self.assertEqual(self.worker.line(), b"stands\n")
        return held

    def let(self) -> None:
        """End the calls that :meth:`fill` made first of all."""
        for place in range(self.places):
            self.worker.send_control(FrameType.CANCEL, {"mode": "interrupt"}, place + 1)

    def test_gives_back_what_waits_and_drops_it_without_a_reply(self) -> None:
        held = self.fill()
        ahead = [self.worker.send("tell") for _ in range(4)]
        self.assertEqual(self.revoke(ahead[1], ahead[3], held[0], ahead[1]), [ahead[1], ahead[3]])
        self.assertEqual(self.revoke(*ahead), [ahead[0], ahead[2]])
        last = self.worker.send("tell")
        self.let()
        self.assertEqual(self.answered(self.places + 1), [*held, last])
        self.assertEqual(self.revoke(*held, *ahead, last), [])

    def test_gives_back_what_it_has_not_read_yet(self) -> None:
        self.assertEqual(self.revoke(1, 2, 4), [1, 2, 4])
        for _ in range(4):
            self.worker.send("tell")
        self.assertEqual(self.answered(1), [3])
        self.assertEqual(self.worker.stop(), 0)

    def test_drops_one_that_could_not_have_started_as_silently(self) -> None:
        self.assertEqual(self.revoke(1, 2), [1, 2])
        self.worker.send("no such function")
        self.worker.send("tell", 1, 2, 3)
        self.worker.send("tell")
        self.assertEqual(self.answered(1), [3])

    def test_gives_back_one_that_was_cancelled_before(self) -> None:
        held = self.fill()
        ahead = self.worker.send("tell")
        self.worker.send_control(FrameType.CANCEL, {"mode": "interrupt"}, ahead)
        self.assertEqual(self.revoke(ahead), [ahead])
        last = self.worker.send("tell")
        self.let()
        self.assertEqual(self.answered(self.places + 1), [*held, last])

    def test_answers_or_gives_back_each_call_however_the_two_meet(self) -> None:
        dice = random.Random(2)
        for _ in range(60):
            sent = [self.worker.send("tell") for _ in range(dice.randrange(1, 40))]
            given_back: list[int] = []
            for _ in range(dice.randrange(1, 4)):
                given_back += self.revoke(*dice.sample(sent, dice.randrange(1, len(sent) + 1)))
            replies = [self.worker.reply() for _ in range(len(sent) - len(given_back))]
            self.assertEqual({reply.type for reply in replies} - {FrameType.RESULT}, set())
            self.assertEqual(sorted([*given_back, *(reply.call_id for reply in replies)]), sent)
        self.assertEqual(self.worker.stop(), 0)


class TakingBackTasks(TakingBack):
    welcome: ClassVar[dict[str, Any]] = {"engine": "async", "concurrency": 3}


class TakingBackFromThreads(TakingBack):
    welcome: ClassVar[dict[str, Any]] = {"engine": "threads", "concurrency": 3}
