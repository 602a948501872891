"""What contracts are valued with, as ingest publishes it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta

import numpy as np
from sqlalchemy import ARRAY, Date, String, column, func, literal, select, true

from services.greeks.inputs import Close, ContractTerms, Dividend, Market, Quote, TreasuryCurve
from shared.arrays import FloatArray
from shared.calendar import last_sessions
from shared.conventions import SESSIONS_PER_YEAR
from shared.database import Session, among
from shared.published import ingest
from shared.published.closes import load_adjusted_closes

LOOK_BACK = timedelta(days=400)  # a year, and a month for ex-dates that wander


async def load_market(
    session: Session, contracts: Sequence[ContractTerms], as_of: date, configured_rate: float
) -> Market:
    """The market of the session as far as the contracts need it; without contracts, nothing."""
    if not contracts:
        return Market(as_of, {}, {}, None, configured_rate, {})
    underlyings = sorted({terms.underlying for terms in contracts})
    days = {(terms.underlying, terms.priced_on(as_of)) for terms in contracts}
    return Market(
        as_of=as_of,
        closes=await _load_closes(session, days),
        adjusted_closes=await _load_history(session, underlyings, as_of),
        curve=await _load_curve(session, as_of),
        configured_rate=configured_rate,
        dividends=await _load_dividends(session, underlyings, as_of),
        dividend_yields=await _load_dividend_yields(session, underlyings),
        quotes=await _load_quotes(session, {terms.contract for terms in contracts}, as_of),
    )


async def _load_closes(
    session: Session, wanted: Iterable[tuple[str, date]]
) -> dict[tuple[str, date], Close]:
    """By (symbol, day): the last close on or before the day, per share of that day."""
    pairs = sorted(wanted)
    symbols = literal([symbol for symbol, _ in pairs], ARRAY(String))
    days = literal([day for _, day in pairs], ARRAY(Date))
    named = (column("symbol", String), column("day", Date))
    asked = func.unnest(symbols, days).table_valued(*named, name="asked").render_derived()
    last = ingest.last_close(asked.c.symbol, asked.c.day)
    query = select(asked.c.symbol, asked.c.day, last.c.close, last.c.session_date)
    found = await session.execute(query.join(last, true()))
    return {
        (symbol, day): Close(float(close), session_date)
        for symbol, day, close, session_date in found
    }


async def _load_history(
    session: Session, symbols: Sequence[str], as_of: date
) -> dict[str, FloatArray]:
    """By symbol, a year of adjusted closes up to the session, NaN where one is missing."""
    session_dates = last_sessions(as_of, SESSIONS_PER_YEAR + 1)
    closes = await load_adjusted_closes(session, session_dates, symbols)
    return dict(zip(symbols, closes.T, strict=True))


async def _load_curve(session: Session, as_of: date) -> TreasuryCurve | None:
    """The yields of the last observation day; None when there is none."""
    points = (await session.execute(ingest.latest_yields(as_of))).all()
    if not points:
        return None
    return TreasuryCurve(
        observation_date=points[0].observation_date,
        maturity_years=np.array([point.maturity_years for point in points], dtype=np.float64),
        yield_percent=np.array([point.yield_percent for point in points], dtype=np.float64),
    )


async def _load_dividends(
    session: Session, symbols: Sequence[str], as_of: date
) -> dict[str, list[Dividend]]:
    """By symbol those of the past year; absent where no corporate actions are known."""
    known = await session.scalars(ingest.dividends_known(symbols, as_of))
    found: dict[str, list[Dividend]] = {symbol: [] for symbol in known}
    paid = ingest.dividends_paid(found, as_of - LOOK_BACK, as_of)
    for row in await session.execute(paid):
        found[row.symbol].append(Dividend(row.ex_date, float(row.amount)))
    return found


async def _load_dividend_yields(session: Session, symbols: Collection[str]) -> dict[str, float]:
    """Continuous dividend yields (decimals per year) by symbol; unknown ones are absent."""
    securities = ingest.securities.c
    known = among(securities.symbol, symbols) & securities.dividend_yield.is_not(None)
    query = select(securities.symbol, securities.dividend_yield).where(known)
    return {row.symbol: row.dividend_yield for row in await session.execute(query)}


async def _load_quotes(
    session: Session, contracts: Collection[str], as_of: date
) -> dict[str, Quote]:
    """By contract, as quoted at the close of the session."""
    row = ingest.option_quotes.c
    query = select(row.contract, row.bid, row.ask, row.underlying_price)
    found = await session.execute(
        query.where(among(row.contract, sorted(contracts)), row.session_date == as_of)
    )
    return {
        contract: Quote(float(bid), float(ask), None if spot is None else float(spot))
        for contract, bid, ask, spot in found
    }
