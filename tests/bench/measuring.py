"""How long something takes, and the row that says so."""

import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any

Measurement = dict[str, Any]


def seconds_of(work: Callable[[], object]) -> float:
    """How long it takes once."""
    started = perf_counter()
    work()
    return perf_counter() - started


def median_seconds(work: Callable[[], object], repetitions: int) -> float:
    """How long it takes, after one go that does not count."""
    work()
    return statistics.median(seconds_of(work) for _ in range(repetitions))


def best_seconds(work: Callable[[], object], repetitions: int) -> float:
    """The shortest of some."""
    return min(seconds_of(work) for _ in range(repetitions))


def alone(name: str, seconds: float, accuracy: str | None = None) -> Measurement:
    """A figure without a peer."""
    return _row(name, seconds, accuracy=accuracy)


def beside(name: str, seconds: float, peer: str, peer_seconds: float) -> Measurement:
    """A figure and how many times faster it is than a peer of the same run."""
    return _row(name, seconds, peer, peer_seconds / seconds)


def within(limit: float, allowed: str, name: str, seconds: float) -> Measurement:
    """A figure and how often it fits what is allowed."""
    return _row(name, seconds, allowed, limit / seconds)


def _row(
    name: str,
    seconds: float,
    peer: str | None = None,
    ratio: float | None = None,
    accuracy: str | None = None,
) -> Measurement:
    return {
        "name": name,
        "value": seconds,
        "unit": "s",
        "peer": peer,
        "ratio": ratio,
        "accuracy": accuracy,
    }
