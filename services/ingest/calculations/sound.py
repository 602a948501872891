"""Which of a provider's closes are plausible.

A provider may be wrong: prices that are negative or no numbers, dates in the future, a price ten
times the last one without a split that explains it. Such a close is quarantined with the reason,
and the next provider is queried.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import isfinite

from services.ingest.calculations.problems import HIGHEST_PRICE
from services.ingest.inputs import Bar, CorporateAction, Rejected, StoredClose, StoredCloses
from shared.caveats import Caveat

# a listed close that is five times, or a fifth of, the one before is nearly always an error
LARGEST_JUMP = 5.0
AGREEMENT = 0.01  # two independent sources within 1 % confirm each other


@dataclass(frozen=True)
class JudgedBars:
    """Closes that are plausible, and closes that are not."""

    accepted: list[Bar]
    rejected: list[Rejected]

    def caveats(self, provider: str) -> list[Caveat]:
        """That closes of the provider were rejected: one caveat with the first reason, or none."""
        if not self.rejected:
            return []
        bars = [each.bar for each in self.rejected]
        names = [f"{bar.symbol} {bar.session_date.isoformat()}" for bar in bars]
        reason = self.rejected[0].reason
        message = f"closes of {provider} were rejected as implausible and not stored: {reason}"
        return [Caveat.naming("price_quarantined", message, names)]


def judged_bars(
    bars: Iterable[Bar],
    stored: StoredCloses,
    last_session: date,
    is_session: Callable[[date], bool],
) -> JudgedBars:
    """The bars by whether they are plausible; bars on days without a session are dropped.

    `last_session`: the newest session that has closed. A symbol's closes are cut into stretches
    without a jump beyond `LARGEST_JUMP` (splits taken out). The stretch that continues the stored
    closes is accepted, the longest one where nothing is stored; others are accepted when they
    continue what is accepted. A close is also accepted when another source sent the same.
    """
    accepted: list[Bar] = []
    rejected: list[Rejected] = []
    by_symbol: dict[str, list[Bar]] = defaultdict(list)
    for bar in bars:
        reason = _impossible(bar, last_session)
        if reason:
            rejected.append(Rejected(bar, reason))
        elif is_session(bar.session_date):
            by_symbol[bar.symbol].append(bar)
    for symbol, series in by_symbol.items():
        ordered = sorted(series, key=lambda bar: bar.session_date)
        judged = _continuing(ordered, symbol, stored)
        accepted += judged.accepted
        rejected += judged.rejected
    return JudgedBars(accepted, rejected)


def _impossible(bar: Bar, last_session: date) -> str | None:
    close = float(bar.close)
    if not (isfinite(close) and isfinite(bar.adjusted_close)):
        return "the close is not a number"
    if close <= 0 or bar.adjusted_close <= 0:
        return f"the close is {close:g}: a price is above zero"
    if max(close, bar.adjusted_close) > HIGHEST_PRICE:
        return f"the close is {close:g}: no price is that high"
    if bar.session_date > last_session:
        newest = last_session.isoformat()
        return f"dated {bar.session_date.isoformat()}, but the last close was on {newest}"
    return None


def _continuing(series: Sequence[Bar], symbol: str, stored: StoredCloses) -> JudgedBars:
    splits = [each for each in stored.actions.get(symbol, ()) if each.kind == "split"]
    nearest = [
        StoredClose(each.session_date, _in_todays_shares(each.close, each.session_date, splits))
        for each in stored.nearest.get(symbol, ())
    ]
    levels = [_in_todays_shares(float(bar.close), bar.session_date, splits) for bar in series]
    days = [bar.session_date for bar in series]
    places = _accepted(_stretches(levels), levels, days, nearest)
    accepted: list[Bar] = []
    rejected: list[Rejected] = []
    for place, bar in enumerate(series):
        if place in places or _confirmed(bar, stored):
            accepted.append(bar)
        else:
            reason = f"{float(bar.close):g} is a jump that no split explains"
            rejected.append(Rejected(bar, reason))
    return JudgedBars(accepted, rejected)


def _confirmed(bar: Bar, stored: StoredCloses) -> bool:
    other = stored.quarantined.get((bar.symbol, bar.session_date))
    return other is not None and abs(float(bar.close) / other - 1.0) <= AGREEMENT


def _in_todays_shares(close: float, day: date, splits: Sequence[CorporateAction]) -> float:
    for split in splits:
        if day < split.ex_date:
            close /= float(split.value)
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


def _accepted(
    stretches: Sequence[range],
    levels: Sequence[float],
    days: Sequence[date],
    stored: Sequence[StoredClose],
) -> set[int]:
    if stored:
        return _continuing_stored(stretches, levels, days, stored)
    anchor = max(range(len(stretches)), key=lambda place: len(stretches[place]))
    accepted = set(stretches[anchor])
    level = levels[stretches[anchor][-1]]
    for stretch in stretches[anchor + 1 :]:
        if not _jumps(level, levels[stretch[0]]):
            accepted |= set(stretch)
            level = levels[stretch[-1]]
    level = levels[stretches[anchor][0]]
    for stretch in reversed(stretches[:anchor]):
        if not _jumps(level, levels[stretch[-1]]):
            accepted |= set(stretch)
            level = levels[stretch[0]]
    return accepted


def _continuing_stored(
    stretches: Sequence[range],
    levels: Sequence[float],
    days: Sequence[date],
    stored: Sequence[StoredClose],
) -> set[int]:
    """Places of stretches an end of which continues the stored close nearest to it."""
    accepted: set[int] = set()
    for stretch in stretches:
        ends = (stretch[0], stretch[-1])
        if any(not _jumps(_nearest(days[place], stored), levels[place]) for place in ends):
            accepted |= set(stretch)
    return accepted


def _nearest(day: date, stored: Sequence[StoredClose]) -> float:
    return min(stored, key=lambda each: abs((each.session_date - day).days)).close
