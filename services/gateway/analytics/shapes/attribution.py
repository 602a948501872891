"""Attributed P&L by week or month: columns that add up over parts and over periods, to the cent."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from services.gateway.analytics.shapes.cents import cents_adding_up
from services.gateway.analytics.shapes.metrics import CAUSES, NOTHING_ATTRIBUTED, SPECIFIC

NAMES = {
    "income": "Income",
    "fees": "Fees",
    "trades": "Trading",
    SPECIFIC: "Specific",
}


class Per(StrEnum):
    """How long a period is."""

    SESSION = "session"
    WEEK = "week"
    MONTH = "month"


_KEYS: Mapping[Per, Callable[[date], Hashable]] = {
    Per.SESSION: lambda day: day,
    Per.WEEK: lambda day: day.isocalendar()[:2],
    Per.MONTH: lambda day: (day.year, day.month),
}


class Attributed(NamedTuple):
    """A part of a session's P&L, USD: by a factor, a cause, or "specific"; null with a reason."""

    as_of: date
    factor: str
    pnl: Decimal | None
    reason: str | None


@dataclass(frozen=True)
class Part:
    """One cause of P&L: USD by period, which add up to the total."""

    part: str
    name: str
    values: Sequence[Decimal]

    @property
    def total(self) -> Decimal:
        """Over all periods."""
        return sum(self.values, Decimal(0))


@dataclass(frozen=True)
class Split:
    """P&L by period and part: in every period the parts add up to its P&L.

    `periods`: the attributed sessions of each. `left_out`: sessions of which a part is unknown.
    """

    periods: Sequence[Sequence[date]]
    parts: Sequence[Part]
    pnl: Sequence[Decimal]
    left_out: Sequence[date]


def split_by_period(rows: Sequence[Attributed], names: Mapping[str, str], per: Per) -> Split:
    """The rows' P&L by period, oldest first. `names`: of the active factors, in their order.

    Cents are rounded so that the periods of a part add up to the part of the whole span.
    """
    unknown = {row.as_of for row in rows if row.pnl is None}
    days = sorted({row.as_of for row in rows} - unknown)
    periods = [list(own) for _, own in groupby(days, key=_KEYS[per])]
    place = {day: number for number, own in enumerate(periods) for day in own}
    exact = {part: [Decimal(0)] * len(periods) for part in (*names, *CAUSES)}
    totals = [Decimal(0)] * len(periods)
    for row in rows:
        if row.as_of in place and row.pnl is not None:
            totals[place[row.as_of]] += row.pnl
            if row.factor in exact:
                exact[row.factor][place[row.as_of]] += row.pnl
    pnl = cents_adding_up(totals)
    parts = [
        Part(part, names.get(part) or NAMES[part], cents_adding_up(amounts))
        for part, amounts in exact.items()
    ]
    rest = [
        amount - sum((part.values[number] for part in parts), Decimal(0))
        for number, amount in enumerate(pnl)
    ]
    parts.append(Part(SPECIFIC, NAMES[SPECIFIC], rest))
    return Split(periods, parts, pnl, sorted(unknown))


def why_nothing(rows: Sequence[Attributed]) -> str:
    """Why no P&L is split: the first reason of the last session."""
    last = max((row.as_of for row in rows), default=None)
    reasons = [row.reason for row in rows if row.as_of == last and row.reason]
    return reasons[0] if reasons else NOTHING_ATTRIBUTED
