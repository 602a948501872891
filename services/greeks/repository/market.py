"""What contracts are valued with, as ingest publishes it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from sqlalchemy import ARRAY, Date, Select, String, column, func, select, true

from services.greeks.inputs import Close, ContractTerms, Dividend, Market, Quote, TreasuryCurve
from shared.arrays import FloatArray
from shared.calendar import last_sessions
from shared.conventions import SESSIONS_PER_YEAR
from shared.database import Session, among, prepared, tuples
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
    asked = _last_closes([symbol for symbol, _ in pairs], [day for _, day in pairs])
    return {
        (symbol, day): Close(float(close), session_date)
        for symbol, day, close, session_date in await tuples(session, *asked)
    }


@prepared(symbols=ARRAY(String), days=ARRAY(Date))
def _last_closes(symbols: Sequence[str], days: Sequence[date]) -> Select[str, date, Decimal, date]:
    named = (column("symbol", String), column("day", Date))
    asked = func.unnest(symbols, days).table_valued(*named, name="asked").render_derived()
    last = ingest.last_close(asked.c.symbol, asked.c.day)
    query = select(asked.c.symbol, asked.c.day, last.c.close, last.c.session_date)
    return query.join(last, true())


async def _load_history(
    session: Session, symbols: Sequence[str], as_of: date
) -> dict[str, FloatArray]:
    """By symbol, a year of adjusted closes up to the session, NaN where one is missing."""
    session_dates = last_sessions(as_of, SESSIONS_PER_YEAR + 1)
    closes = await load_adjusted_closes(session, session_dates, symbols)
    return dict(zip(symbols, closes.T, strict=True))


async def _load_curve(session: Session, as_of: date) -> TreasuryCurve | None:
    """The yields of the last observation day; None when there is none."""
    points = await tuples(session, *_latest_yields(as_of))
    if not points:
        return None
    days, maturity_years, percents = zip(*points, strict=True)
    return TreasuryCurve(
        observation_date=days[0],
        maturity_years=np.array(maturity_years, dtype=np.float64),
        yield_percent=np.array(percents, dtype=np.float64),
    )


@prepared(as_of=Date())
def _latest_yields(as_of: date) -> Select[date, float, float]:
    return ingest.latest_yields(as_of)


async def _load_dividends(
    session: Session, symbols: Sequence[str], as_of: date
) -> dict[str, list[Dividend]]:
    """By symbol those of the past year; absent where no corporate actions are known."""
    known = await tuples(session, *_dividends_known(symbols, as_of))
    found: dict[str, list[Dividend]] = {symbol: [] for (symbol,) in known}
    paid = await tuples(session, *_dividends_paid(list(found), as_of - LOOK_BACK, as_of))
    for symbol, ex_date, amount in paid:
        found[symbol].append(Dividend(ex_date, float(amount)))
    return found


@prepared(symbols=ARRAY(String), as_of=Date())
def _dividends_known(symbols: Sequence[str], as_of: date) -> Select[str]:
    return ingest.dividends_known(symbols, as_of)


@prepared(symbols=ARRAY(String), after=Date(), as_of=Date())
def _dividends_paid(symbols: Sequence[str], after: date, as_of: date) -> Select[str, date, Decimal]:
    return ingest.dividends_paid(symbols, after, as_of)


async def _load_dividend_yields(session: Session, symbols: Sequence[str]) -> dict[str, float]:
    """Continuous dividend yields (decimals per year) by symbol; unknown ones are absent."""
    return dict(await tuples(session, *_dividend_yields(symbols)))


@prepared(symbols=ARRAY(String))
def _dividend_yields(symbols: Sequence[str]) -> Select[str, float]:
    securities = ingest.securities.c
    known = among(securities.symbol, symbols) & securities.dividend_yield.is_not(None)
    return select(securities.symbol, securities.dividend_yield).where(known)


async def _load_quotes(
    session: Session, contracts: Collection[str], as_of: date
) -> dict[str, Quote]:
    """By contract, as quoted at the close of the session."""
    found = await tuples(session, *_quotes(sorted(contracts), as_of))
    return {
        contract: Quote(float(bid), float(ask), None if spot is None else float(spot))
        for contract, bid, ask, spot in found
    }


@prepared(contracts=ARRAY(String), as_of=Date())
def _quotes(contracts: Sequence[str], as_of: date) -> Select[str, Decimal, Decimal, Decimal | None]:
    row = ingest.option_quotes.c
    query = select(row.contract, row.bid, row.ask, row.underlying_price)
    return query.where(among(row.contract, contracts), row.session_date == as_of)
