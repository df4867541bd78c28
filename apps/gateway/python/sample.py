"""What `npm run gateway` serves: a bit of everything that a function can be."""

import hashlib
import logging
import statistics
import time
from collections.abc import Iterator
from typing import Literal, Optional

from pypool import Fail, current_call, expose

log = logging.getLogger("sample")


@expose(idempotent=True)
def greet(name: str, language: Literal["en", "de", "fr"] = "en") -> str:
    """Say hello to somebody."""
    words = {"en": "Hello", "de": "Guten Tag", "fr": "Bonjour"}
    return f"{words[language]}, {name}!"


@expose(idempotent=True)
def add(a: float, b: float) -> float:
    """Add two numbers."""
    return a + b


@expose(idempotent=True)
def describe(values: list[float], digits: int = 3) -> dict[str, float]:
    """Mean, median and spread of some numbers."""
    if len(values) < 2:
        raise Fail("too-few-values", data={"given": len(values), "needed": 2})
    return {
        "mean": round(statistics.fmean(values), digits),
        "median": round(statistics.median(values), digits),
        "stdev": round(statistics.stdev(values), digits),
    }


@expose
def count(to: int, pause_seconds: float = 0.2) -> Iterator[int]:
    """Count, one number after the other: a stream."""
    for number in range(1, to + 1):
        yield number
        time.sleep(pause_seconds)


@expose(idempotent=True)
def digest(data: bytes, algorithm: Literal["md5", "sha256"] = "sha256") -> str:
    """The digest of some bytes, as hexadecimal digits."""
    return hashlib.new(algorithm, data).hexdigest()


@expose(idempotent=True)
def reverse(data: bytes) -> bytes:
    """The same bytes, last one first."""
    return data[::-1]


@expose
def work(seconds: float = 1.0) -> float:
    """Keep a processor busy, and tell for how long it was."""
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        sum(range(1_000))
    return time.perf_counter() - began


@expose
def whoami() -> Optional[str]:
    """In which session this was called."""
    return current_call().session_id


@expose
def complain(message: str = "something is odd") -> None:
    """Log a warning, print a line, and fail."""
    log.warning("%s", message)
    print("about to fail")
    raise ValueError(message)
