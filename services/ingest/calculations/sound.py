"""Which of a provider's closes are plausible.

A provider may be wrong: prices that are negative or no numbers, dates in the future, a price ten
times the last one that neither a split nor a dividend explains. Such a close is quarantined with
the reason, and the next provider is queried. A true move of that size shows by its level: it holds.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain, pairwise
from math import isfinite

import numpy as np

from services.ingest.calculations.levels import (
    HOLDS,
    held_places,
    is_jump,
    is_large,
    levels_of,
    plausible_places,
)
from services.ingest.inputs import Bar, Rejected, StoredCloses
from shared.arrays import FloatArray
from shared.caveats import Caveat
from shared.conventions import HIGHEST_PRICE

AGREEMENT = 0.01  # two independent sources within 1 % confirm each other
HELD = f"the level has held for {HOLDS} sessions"
OWN_FILE = "they come from the owner's file"
ADMINISTRATOR = "an administrator stored them"
CONFIRMED = "two sources sent the same"


@dataclass(frozen=True)
class JudgedBars:
    """Closes that are plausible, and closes that are not.

    `jumps`: names of accepted closes that jump, by why they are accepted; `large`: names of those
    that move by half or more. A name is a symbol and a day.
    """

    accepted: list[Bar]
    rejected: list[Rejected]
    jumps: Mapping[str, Sequence[str]] = field(default_factory=dict)
    large: Sequence[str] = ()

    def caveats(self, provider: str) -> list[Caveat]:
        """What a reader should know of the closes, each kind with the names it is about."""
        found = [
            Caveat.naming(
                "price_jump_accepted",
                f"closes of {provider} beyond five times, or below a fifth of, the close before "
                f"are used, since {reason}",
                names,
            )
            for reason, names in self.jumps.items()
        ]
        if self.large:
            message = (
                f"closes of {provider} moved by 50 % or more from the close before, and are used"
            )
            found.append(Caveat.naming("price_moved_by_half", message, self.large))
        if self.rejected:
            reason = self.rejected[0].reason
            message = f"closes of {provider} were rejected as implausible and not stored: {reason}"
            names = [_name(each.bar) for each in self.rejected]
            found.append(Caveat.naming("price_quarantined", message, names))
        return found


def judged_bars(
    bars: Iterable[Bar],
    stored: StoredCloses,
    last_session: date,
    is_session: Callable[[date], bool],
    *,
    vouched: str | None = None,
) -> JudgedBars:
    """The bars by whether they are plausible; bars on days without a session are dropped.

    `last_session`: the newest session that has closed; `vouched`: why only impossible closes are
    rejected (`OWN_FILE`, `ADMINISTRATOR`); None: for no reason. A symbol's closes are otherwise
    judged by their level, together with those stored, and with those of the provider rejected
    before, which are accepted now when their level has held (`levels`). A close is also accepted
    when another source sent the same.
    """
    rejected: list[Rejected] = []
    by_symbol: dict[str, list[Bar]] = defaultdict(list)
    for bar in bars:
        reason = _impossible(bar, last_session)
        if reason:
            rejected.append(Rejected(bar, reason))
        elif is_session(bar.session_date):
            by_symbol[bar.symbol].append(bar)
    found = [
        _Timeline.of(symbol, series, stored).judged(stored, vouched)
        for symbol, series in by_symbol.items()
    ]
    return _together(found, rejected)


def _together(found: Sequence[JudgedBars], rejected: Sequence[Rejected]) -> JudgedBars:
    jumps: dict[str, list[str]] = defaultdict(list)
    for each in found:
        for reason, names in each.jumps.items():
            jumps[reason] += names
    return JudgedBars(
        list(chain.from_iterable(each.accepted for each in found)),
        [*rejected, *chain.from_iterable(each.rejected for each in found)],
        jumps,
        list(chain.from_iterable(each.large for each in found)),
    )


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


@dataclass(frozen=True)
class _Timeline:
    """One symbol's closes by day: stored ones, new ones, and ones that were rejected before."""

    days: Sequence[date]
    levels: FloatArray
    bars: Sequence[Bar | None]  # stored closes have none
    sent: Collection[date]  # the days of the new ones

    @classmethod
    def of(cls, symbol: str, series: Sequence[Bar], stored: StoredCloses) -> "_Timeline":
        again = [bar for bar in stored.suspected.get(symbol, ()) if not _impossible(bar, date.max)]
        known = {each.session_date: each for each in stored.closes.get(symbol, ())}
        sent = {bar.session_date: bar for bar in series}
        bars = {bar.session_date: bar for bar in again if bar.session_date not in known} | sent
        closes = {day: each.close for day, each in known.items()}
        closes |= {day: float(bar.close) for day, bar in bars.items()}
        days = sorted(closes)
        adjusted = [day in bars and bars[day].close_basis == "adjusted" for day in days]
        levels = levels_of(
            days,
            np.array([closes[day] for day in days]),
            np.array(adjusted),
            stored.actions.get(symbol, ()),
        )
        return cls(days, levels, [bars.get(day) for day in days], sent)

    def judged(self, stored: StoredCloses, vouched: str | None) -> JudgedBars:
        """The closes by whether they are plausible, and the moves of those that are."""
        is_stored = np.array([bar is None for bar in self.bars])
        places = plausible_places(self.levels, is_stored)
        if vouched:
            places = set(range(len(self.days)))
        places |= {place for place, bar in enumerate(self.bars) if bar and _confirmed(bar, stored)}
        found = JudgedBars([], [])
        for place, bar in enumerate(self.bars):
            if bar is None:
                continue
            if place in places:
                found.accepted.append(bar)
            elif bar.session_date in self.sent:
                reason = f"{float(bar.close):g} is a jump that no split explains"
                found.rejected.append(Rejected(bar, reason))
        return self._with_moves(found, places, vouched)

    def _with_moves(self, found: JudgedBars, places: set[int], source: str | None) -> JudgedBars:
        held = held_places(self.levels)
        jumps: dict[str, list[str]] = defaultdict(list)
        large: list[str] = []
        for before, place in pairwise(sorted(places)):
            bar = self.bars[place]
            pair = (self.levels[before], self.levels[place])
            if bar is not None and is_jump(*pair):
                jumps[source or (HELD if place in held else CONFIRMED)].append(_name(bar))
            elif bar is not None and is_large(*pair):
                large.append(_name(bar))
        return replace(found, jumps=jumps, large=large)


def _confirmed(bar: Bar, stored: StoredCloses) -> bool:
    other = stored.quarantined.get((bar.symbol, bar.session_date))
    return other is not None and abs(float(bar.close) / other - 1.0) <= AGREEMENT


def _name(bar: Bar) -> str:
    return f"{bar.symbol} {bar.session_date.isoformat()}"
