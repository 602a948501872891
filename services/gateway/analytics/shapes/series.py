"""Measures over sessions as columns: one list of sessions, one list of values per measure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

NOT_STORED = "nothing is stored for the session"
Point = tuple[float | None, str | None]


@dataclass(frozen=True)
class Gap:
    """Sessions without a value, for one reason: the first and the last of them, and how many."""

    reason: str
    count: int
    start: date
    end: date


@dataclass(frozen=True)
class Values:
    """A measure on an answer's sessions, in their order; `gaps` say why some values are null."""

    values: Sequence[float | None]
    gaps: Sequence[Gap]


def series_of(sessions: Sequence[date], points: Mapping[date, Point]) -> Values:
    """The values on the sessions, and why some of them are null."""
    nothing: Point = (None, NOT_STORED)
    found = [points.get(day, nothing) for day in sessions]
    missing = [
        (day, reason or NOT_STORED)
        for day, (value, reason) in zip(sessions, found, strict=True)
        if value is None
    ]
    return Values([value for value, _ in found], gaps(missing))


def gaps(missing: Iterable[tuple[date, str]]) -> list[Gap]:
    """Sessions without a value, by reason."""
    by_reason = sorted(missing, key=lambda each: each[1])
    found = []
    for reason, group in groupby(by_reason, key=lambda each: each[1]):
        days = sorted(day for day, _ in group)
        found.append(Gap(reason, len(days), days[0], days[-1]))
    return sorted(found, key=lambda gap: (gap.start, gap.reason))
