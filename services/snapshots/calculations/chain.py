"""The chain of snapshots as columns, beside what the market did meanwhile."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from services.snapshots.calculations.layout import Floats
from services.snapshots.calculations.realised import Chain

MARKET = "market"


@dataclass(frozen=True)
class Backdrop:
    """What happened around every portfolio on the exchange's sessions, ascending (T).

    `factor_returns` is T x K for the K `factors`; `rate` (T) the 3-month Treasury yield known on
    each session, decimal per year. NaN where unknown.
    """

    sessions: Sequence[date]
    factors: Sequence[str]
    factor_returns: Floats
    rate: Floats

    @property
    def market(self) -> int:
        """The market's column."""
        return self.factors.index(MARKET)

    def place(self, session: date) -> int:
        """The session's index."""
        return bisect_left(self.sessions, session)


@dataclass(frozen=True)
class ChainLink:
    """One snapshot: `nav` and `pnl` in USD, `daily_return` a decimal; NaN where unknown."""

    session: date
    previous: date | None
    nav: float
    pnl: float
    daily_return: float

    @classmethod
    def of(
        cls, session: date, previous: date | None, numbers: Sequence[float | None]
    ) -> "ChainLink":
        """From stored values: (nav, pnl, return), None where unknown."""
        nav, pnl, daily_return = np.array(numbers, dtype=np.float64).tolist()
        return cls(session, previous, nav, pnl, daily_return)


def chain_of(links: Sequence[ChainLink], backdrop: Backdrop) -> Chain:
    """The links, ascending by session, with the market's return and the rate of their sessions."""
    places = [backdrop.place(link.session) for link in links]
    before = [
        place if link.previous is None else backdrop.place(link.previous)
        for link, place in zip(links, places, strict=True)
    ]
    return Chain(
        sessions=tuple(link.session for link in links),
        returns=np.array([link.daily_return for link in links]),
        spans=np.array(places) - np.array(before),
        market=backdrop.factor_returns[places, backdrop.market],
        rate=backdrop.rate[places],
    )


def carried_forward(observed: Sequence[tuple[date, float]], sessions: Sequence[date]) -> Floats:
    """The value last observed on or before each session, NaN before the first; `observed`
    ascends.
    """
    days = np.array([day for day, _ in observed], dtype="datetime64[D]")
    values = np.array([np.nan, *(value for _, value in observed)])
    return values[np.searchsorted(days, np.array(sessions, dtype="datetime64[D]"), side="right")]
