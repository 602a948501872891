"""Every SQL statement of greeks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    String,
    and_,
    any_,
    column,
    func,
    literal,
    or_,
    select,
    true,
)

from services.greeks.tables import ContractGreeks, PositionGreeks
from shared.closes import load_adjusted_closes
from shared.database import Session, lock, lock_each, merge, sql_table
from shared.published import gateway, ingest

Row = Mapping[str, Any]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HeldOption:
    """One option position as the gateway publishes it; `quantity` is signed."""

    position_id: UUID
    portfolio_id: UUID
    contract: str
    underlying: str
    option_type: str
    strike: Decimal
    expiry: date
    quantity: Decimal
    multiplier: int


@dataclass(frozen=True)
class CurvePoints:
    """The yields of one observation day, by ascending maturity."""

    observation_date: date
    maturity_years: FloatArray
    yield_percent: FloatArray


async def lock_portfolios(session: Session, portfolio_ids: Sequence[UUID], as_of: date) -> None:
    """Let one message at a time work on a portfolio and session: the last to commit saw the latest
    book.
    """
    await lock_each(
        session, [f"greeks.positions/{portfolio_id}/{as_of}" for portfolio_id in portfolio_ids]
    )


async def lock_contracts(session: Session, as_of: date) -> None:
    """Let one message at a time compute contracts of a session: the next finds them done."""
    await lock(session, "greeks.contracts", as_of)


async def load_held_options(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date
) -> list[HeldOption]:
    """The option positions of the portfolios that are active on `as_of`, in terms of that day, by
    position id.
    """
    held = gateway.positions_on(as_of).c
    query = (
        select(
            held.position_id,
            held.portfolio_id,
            held.symbol,
            held.underlying,
            held.option_type,
            held.strike,
            held.expiry,
            held.quantity,
            held.multiplier,
        )
        .where(held.portfolio_id.in_(portfolio_ids), held.instrument == "option")
        .where(held.entry_date <= as_of, or_(held.exit_date.is_(None), held.exit_date > as_of))
        .order_by(held.position_id)
    )
    return [HeldOption(*row) for row in await session.execute(query)]


async def load_contracts(
    session: Session, contracts: Iterable[str], as_of: date, price_run: str
) -> dict[str, Row]:
    """The stored rows of the contracts that rest on this version of the market data, by
    contract.
    """
    table = sql_table(ContractGreeks)
    query = select(table).where(
        _among(table.c.contract, contracts), table.c.as_of == as_of, table.c.price_run == price_run
    )
    return {row["contract"]: dict(row) for row in (await session.execute(query)).mappings()}


async def load_closes(
    session: Session, wanted: Iterable[tuple[str, date]]
) -> dict[tuple[str, date], tuple[float, date]]:
    """By (symbol, day): the last close on or before the day in USD per share of that day, and the
    session it is of.
    """
    pairs = sorted(wanted)
    symbols, days = [symbol for symbol, _ in pairs], [day for _, day in pairs]
    asked = (
        func.unnest(literal(symbols, ARRAY(String)), literal(days, ARRAY(Date)))
        .table_valued(column("symbol", String), column("day", Date), name="asked")
        .render_derived()
    )
    prices = ingest.daily_prices.c
    last = (
        select(ingest.close_on(prices, asked.c.day).label("close"), prices.session_date)
        .where(prices.symbol == asked.c.symbol, prices.session_date <= asked.c.day)
        .where(prices.close.is_not(None))
        .order_by(prices.session_date.desc())
        .limit(1)
        .lateral("last")
    )
    query = select(asked.c.symbol, asked.c.day, last.c.close, last.c.session_date).join(
        last, true()
    )
    return {
        (symbol, day): (float(close), session_date)
        for symbol, day, close, session_date in await session.execute(query)
    }


async def load_close_history(
    session: Session, symbols: Iterable[str], sessions: Sequence[date]
) -> dict[str, FloatArray]:
    """By symbol, the adjusted closes on exactly `sessions` (ascending), NaN where one is
    missing.
    """
    names = sorted(symbols)
    closes = await load_adjusted_closes(session, sessions, names)
    return dict(zip(names, closes.T, strict=True))


async def latest_curve(session: Session, as_of: date) -> CurvePoints | None:
    """The Treasury yields of the last observation day on or before `as_of`; None when there is
    none.
    """
    yields = ingest.treasury_yields.c
    known = and_(yields.observation_date <= as_of, yields.yield_percent.is_not(None))
    last_day = select(func.max(yields.observation_date)).where(known).scalar_subquery()
    query = (
        select(yields.observation_date, yields.maturity_years, yields.yield_percent)
        .where(known, yields.observation_date == last_day)
        .order_by(yields.maturity_years)
    )
    points = (await session.execute(query)).all()
    if not points:
        return None
    maturities, percents = np.array([row[1:] for row in points], dtype=np.float64).T
    return CurvePoints(points[0][0], maturities, percents)


async def load_dividend_yields(session: Session, symbols: Iterable[str]) -> dict[str, float]:
    """The known continuous dividend yields (decimals per year) by symbol; unknown ones are
    absent.
    """
    securities = ingest.securities.c
    query = select(securities.symbol, securities.dividend_yield).where(
        _among(securities.symbol, symbols), securities.dividend_yield.is_not(None)
    )
    return {row.symbol: row.dividend_yield for row in await session.execute(query)}


async def load_quotes(
    session: Session, contracts: Iterable[str], as_of: date
) -> dict[str, tuple[float, float, float | None]]:
    """By contract, bid, ask and the underlying's price beside them, as quoted at the close of
    `as_of`.
    """
    quotes = ingest.option_quotes.c
    query = select(quotes.contract, quotes.bid, quotes.ask, quotes.underlying_price).where(
        _among(quotes.contract, contracts), quotes.session_date == as_of
    )
    return {
        contract: (float(bid), float(ask), None if spot is None else float(spot))
        for contract, bid, ask, spot in await session.execute(query)
    }


async def save_contracts(session: Session, rows: Sequence[Row]) -> int:
    """Upsert contract rows; returns how many changed."""
    return await merge(session, ContractGreeks, rows)


async def save_positions(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date, rows: Sequence[Row]
) -> int:
    """Make `rows` the position rows of the portfolios on `as_of`; returns how many rows changed."""
    scope = {"as_of": as_of, "portfolio_id": list(portfolio_ids)}
    return await merge(session, PositionGreeks, rows, within=scope)


def _among(name: ColumnElement[str], names: Iterable[str]) -> ColumnElement[bool]:
    """One array parameter, however many names: no limit on their number, and one statement to
    prepare.
    """
    return name == any_(literal(sorted(names), ARRAY(String)))
