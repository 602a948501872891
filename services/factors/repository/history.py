"""Factors, adjusted closes and Treasury yields: what estimates are made from."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
from sqlalchemy import Date, Select

from services.factors.inputs import (
    MATURITIES,
    Basis,
    Closes,
    FactorCloses,
    Factors,
    History,
    ObservedYields,
    Outdated,
)
from shared.arrays import day_numbers
from shared.calendar import last_sessions
from shared.conventions import SESSIONS_PER_YEAR
from shared.database import Session, prepared, tuples
from shared.published import factors as published
from shared.published import ingest
from shared.published.closes import load_adjusted_closes

_YIELD_MARGIN = timedelta(days=14)  # so that the first session, too, finds the yield before it


async def load_factors(session: Session) -> Factors:
    """The active factors with their proxies."""
    found = await tuples(session, *_active_factors())
    return Factors(tuple(factor for factor, _, _ in found), tuple(proxy for _, _, proxy in found))


@prepared()
def _active_factors() -> Select[str, str, str]:
    return published.active_factors()


async def load_factor_closes(session: Session, as_of: date, returns: int) -> FactorCloses:
    """The active factors and their proxies' closes over the last so many daily returns."""
    factors = await load_factors(session)
    session_dates = last_sessions(as_of, returns + 1)
    closes = await load_adjusted_closes(session, session_dates, factors.proxies)
    return FactorCloses(factors, closes)


async def load_closes(
    session: Session, as_of: date, returns: int, symbols: Sequence[str]
) -> Closes:
    """The adjusted closes of `symbols` over the last so many daily returns."""
    session_dates = last_sessions(as_of, returns + 1)
    return Closes(symbols, await load_adjusted_closes(session, session_dates, symbols))


async def load_history(
    session: Session, basis: Basis, factors: Factors, outdated: Outdated
) -> History:
    """The closes of the outdated symbols and of the proxies, and the yields over the same time."""
    returns = max(SESSIONS_PER_YEAR, basis.weighting.lookback)
    return await _load_history(session, factors, outdated.symbols, basis.as_of, returns)


async def _load_history(
    session: Session, factors: Factors, symbols: Sequence[str], as_of: date, returns: int
) -> History:
    session_dates = last_sessions(as_of, returns + 1)
    named = tuple(dict.fromkeys((*factors.proxies, *symbols)))
    yields = await _load_yields(session, session_dates)
    closes = Closes(named, await load_adjusted_closes(session, session_dates, named))
    return History(
        session_days=day_numbers(session_dates),
        closes=closes.of(symbols),
        proxy_closes=closes.of(factors.proxies),
        yields=yields,
    )


async def load_symbols_history(
    session: Session, symbols: Sequence[str], as_of: date
) -> tuple[Factors, History]:
    """The active factors, and what a run estimates these symbols from."""
    factors = await load_factors(session)
    return factors, await _load_history(session, factors, symbols, as_of, SESSIONS_PER_YEAR)


async def _load_yields(
    session: Session, session_dates: Sequence[date]
) -> dict[str, ObservedYields]:
    """The yields of every maturity; one that was never observed has no days."""
    first = session_dates[0] - _YIELD_MARGIN
    found = await tuples(session, *_yields(first, session_dates[-1]))
    days: dict[str, list[date]] = {maturity: [] for maturity in MATURITIES}
    percents: dict[str, list[float]] = {maturity: [] for maturity in MATURITIES}
    for maturity, day, percent in found:
        days[maturity].append(day)
        percents[maturity].append(percent)
    return {
        maturity: ObservedYields(
            day_numbers(days[maturity]), np.array(percents[maturity], dtype=np.float64)
        )
        for maturity in MATURITIES
    }


@prepared(first=Date(), last=Date())
def _yields(first: date, last: date) -> Select[str, date, float]:
    return ingest.yields_between(MATURITIES, first, last)
