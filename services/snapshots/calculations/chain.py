"""One portfolio's chain of snapshots as columns, next to what the market did meanwhile."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date

import numpy as np

from services.snapshots.calculations.layout import days, objects
from services.snapshots.calculations.realised import Chain
from services.snapshots.inputs import ChainLink, MarketHistory, ObservedYield
from shared.arrays import FloatArray
from shared.conventions import MARKET

CENT = 0.01  # USD: P&L is to the cent


def chain_of(links: Sequence[ChainLink], market: MarketHistory, rate: FloatArray) -> Chain:
    """The links, ascending by session, with the market's return and the rate of their sessions.

    `rate` is the 3-month Treasury yield known on each of the market's sessions, decimal per year.
    """
    places = [bisect_left(market.sessions, link.session_date) for link in links]
    before = [
        place if link.previous is None else bisect_left(market.sessions, link.previous)
        for link, place in zip(links, places, strict=True)
    ]
    nav = np.abs([link.nav for link in links])
    capital = np.fmax(nav, np.concatenate([nav[:1], nav[:-1]]))
    return Chain(
        sessions=objects([link.session_date for link in links]),
        returns=np.array([link.daily_return for link in links]),
        spans=np.array(places) - np.array(before),
        market=market.factor_returns[places, market.factors.index(MARKET)],
        rate=rate[places],
        cent=CENT / np.fmax(capital, CENT),
    )


def carried_forward(observed: Sequence[ObservedYield], sessions: Sequence[date]) -> FloatArray:
    """The yield last observed on or before each session, NaN before the first."""
    values = np.array([np.nan, *(each.value for each in observed)])
    known = days([each.day for each in observed])
    return values[np.searchsorted(known, days(sessions), side="right")]
