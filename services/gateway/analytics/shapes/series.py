"""Measures over sessions as columns: one list of sessions, one list of values per measure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

NOT_STORED = "nothing is stored for the session"
Point = tuple[float | None, str | None]


def series_of(sessions: Sequence[date], points: Mapping[date, Point]) -> dict[str, Any]:
    """The values on the sessions, in their order, and why some of them are null."""
    nothing: Point = (None, NOT_STORED)
    found = [points.get(day, nothing) for day in sessions]
    missing = [
        (day, reason or NOT_STORED)
        for day, (value, reason) in zip(sessions, found, strict=True)
        if value is None
    ]
    return {"values": [value for value, _ in found], "gaps": gaps(missing)}


def gaps(missing: Iterable[tuple[date, str]]) -> list[dict[str, Any]]:
    """Sessions without a value by reason, with the first and the last of each and how many."""
    by_reason = sorted(missing, key=lambda each: each[1])
    found = []
    for reason, group in groupby(by_reason, key=lambda each: each[1]):
        days = sorted(day for day, _ in group)
        found.append({"reason": reason, "count": len(days), "start": days[0], "end": days[-1]})
    return sorted(found, key=lambda gap: (gap["start"], gap["reason"]))
