"""Which of a provider's closes can be believed.

A provider may be wrong: prices that are negative or no numbers, dates that have not happened, a
price ten times the last one with no split to explain it. Such a close is set aside with the reason,
and another provider is asked.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import isfinite
from typing import Any, Protocol

from services.ingest.calculations.problems import HIGHEST_PRICE

# a listed close that is five times, or a fifth of, the one before is nearly always an error
LARGEST_JUMP = 5.0
SPLIT_TOLERANCE = 1.5  # how far a close may be from what a split explains
AGREEMENT = 0.01  # two independent sources within 1 % confirm each other


class Close(Protocol):
    """One symbol's close on one session, USD per share."""

    @property
    def symbol(self) -> str: ...
    @property
    def session_date(self) -> date: ...
    @property
    def close(self) -> Any: ...
    @property
    def adjusted_close(self) -> float: ...


@dataclass(frozen=True)
class Doubt:
    """A close that is not believed, and why."""

    bar: Close
    reason: str


@dataclass(frozen=True)
class Known:
    """What closes are judged by.

    `closes`: stored closes near the new ones, by symbol, ascending; `splits`: (ex-date, new shares
    per old one) by symbol; `doubted`: closes set aside before, by symbol and session, whoever sent
    them.
    """

    closes: Mapping[str, Sequence[tuple[date, float]]]
    splits: Mapping[str, Sequence[tuple[date, float]]]
    doubted: Mapping[tuple[str, date], float]


def sound_bars(
    bars: Iterable[Close], known: Known, last_session: date, is_session: Callable[[date], bool]
) -> tuple[list[Close], list[Doubt]]:
    """(bars that can be believed, bars that cannot). Bars on days without a session are neither:
    dropped.

    `last_session`: the newest session that has closed. A symbol's closes are cut into stretches
    without a jump beyond `LARGEST_JUMP` (splits taken out). The stretch that continues the stored
    closes is believed, the longest one where nothing is stored; others are believed when they
    continue what is believed. A close in doubt is believed when another source had sent the same.
    """
    believed: list[Close] = []
    doubts: list[Doubt] = []
    by_symbol: dict[str, list[Close]] = defaultdict(list)
    for bar in bars:
        reason = _impossible(bar, last_session)
        if reason:
            doubts.append(Doubt(bar, reason))
        elif is_session(bar.session_date):
            by_symbol[bar.symbol].append(bar)
    for symbol, series in by_symbol.items():
        good, bad = _continuing(sorted(series, key=lambda bar: bar.session_date), symbol, known)
        believed += good
        doubts += bad
    return believed, doubts


def _impossible(bar: Close, last_session: date) -> str | None:
    close = float(bar.close)
    if not (isfinite(close) and isfinite(bar.adjusted_close)):
        return "the close is not a number"
    if close <= 0 or bar.adjusted_close <= 0:
        return f"the close is {close:g}: a price is above zero"
    if max(close, bar.adjusted_close) > HIGHEST_PRICE:
        return f"the close is {close:g}: no price is that high"
    if bar.session_date > last_session:
        return f"dated {bar.session_date.isoformat()}, but the last close was on {last_session.isoformat()}"
    return None


def _continuing(
    series: Sequence[Close], symbol: str, known: Known
) -> tuple[list[Close], list[Doubt]]:
    splits = known.splits.get(symbol, ())
    stored = [
        (day, _in_todays_shares(close, day, splits)) for day, close in known.closes.get(symbol, ())
    ]
    levels = [_in_todays_shares(float(bar.close), bar.session_date, splits) for bar in series]
    stretches = _stretches(levels)
    believed = _believed(stretches, levels, [bar.session_date for bar in series], stored)
    good: list[Close] = []
    bad: list[Doubt] = []
    for place, bar in enumerate(series):
        if place in believed or _confirmed(bar, known):
            good.append(bar)
        else:
            bad.append(Doubt(bar, f"{float(bar.close):g} is a jump that no split explains"))
    return good, bad


def _confirmed(bar: Close, known: Known) -> bool:
    other = known.doubted.get((bar.symbol, bar.session_date))
    return other is not None and abs(float(bar.close) / other - 1.0) <= AGREEMENT


def _in_todays_shares(close: float, day: date, splits: Sequence[tuple[date, float]]) -> float:
    for ex_date, shares in splits:
        if day < ex_date:
            close /= shares
    return close


def _stretches(levels: Sequence[float]) -> list[range]:
    """Places cut wherever a level jumps."""
    cuts = [
        place for place, (one, next_one) in enumerate(pairwise(levels), 1) if _jumps(one, next_one)
    ]
    edges = [0, *cuts, len(levels)]
    return [range(first, end) for first, end in pairwise(edges)]


def _jumps(one: float, other: float) -> bool:
    return not 1.0 / LARGEST_JUMP < other / one < LARGEST_JUMP


def _believed(
    stretches: Sequence[range],
    levels: Sequence[float],
    days: Sequence[date],
    stored: Sequence[tuple[date, float]],
) -> set[int]:
    if stored:
        return _continuing_stored(stretches, levels, days, stored)
    anchor = max(range(len(stretches)), key=lambda place: len(stretches[place]))
    believed = set(stretches[anchor])
    level = levels[stretches[anchor][-1]]
    for stretch in stretches[anchor + 1 :]:
        if not _jumps(level, levels[stretch[0]]):
            believed |= set(stretch)
            level = levels[stretch[-1]]
    level = levels[stretches[anchor][0]]
    for stretch in reversed(stretches[:anchor]):
        if not _jumps(level, levels[stretch[-1]]):
            believed |= set(stretch)
            level = levels[stretch[0]]
    return believed


def _continuing_stored(
    stretches: Sequence[range],
    levels: Sequence[float],
    days: Sequence[date],
    stored: Sequence[tuple[date, float]],
) -> set[int]:
    """Places of stretches an end of which continues the stored close nearest to it."""
    believed: set[int] = set()
    for stretch in stretches:
        ends = (stretch[0], stretch[-1])
        if any(not _jumps(_nearest(days[place], stored), levels[place]) for place in ends):
            believed |= set(stretch)
    return believed


def _nearest(day: date, stored: Sequence[tuple[date, float]]) -> float:
    return min(stored, key=lambda each: abs((each[0] - day).days))[1]
