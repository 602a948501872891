"""Daily closes."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, String, case, func, literal, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.ingest.repository.revisions import save_dated, save_new
from services.ingest.tables import DailyPrice
from shared.database import Rows, Session, among, sql_table

_prices = sql_table(DailyPrice)


async def load_held_sessions(
    session: Session, symbols: Collection[str], first: date, last: date, expected: int
) -> dict[str, set[date]]:
    """Sessions stored per symbol between two dates; symbols with all `expected` of them are told by
    count alone.

    The usual case is that nothing is missing or the last session is: one row per symbol, dates only
    where some miss.
    """
    enough, days = func.count() >= expected, func.array_agg(_prices.c.session_date)
    statement = (
        select(_prices.c.symbol, enough, case((~enough, days)))
        .where(among(_prices.c.symbol, symbols), _prices.c.session_date.between(first, last))
        .group_by(_prices.c.symbol)
    )
    held: dict[str, set[date]] = {symbol: set() for symbol in symbols}
    for symbol, complete, stored in await session.execute(statement):
        if complete:
            del held[symbol]
        else:
            held[symbol] = set(stored)
    return held


async def load_priced(session: Session, symbols: Collection[str]) -> set[str]:
    """Those of the symbols that have any price."""
    each = each_symbol(symbols)
    priced = select(_prices.c.symbol).where(_prices.c.symbol == each.c.symbol).exists()
    return set(await session.scalars(select(each.c.symbol).where(priced)))


async def load_unpriced(session: Session, symbols: Collection[str], as_of: date) -> set[str]:
    """Those of the symbols without a price on `as_of` itself."""
    priced = select(_prices.c.symbol).where(
        among(_prices.c.symbol, symbols), _prices.c.session_date == as_of
    )
    return set(symbols) - set(await session.scalars(priced))


async def load_neighbours(
    session: Session, symbols: Collection[str], first: date, last: date
) -> dict[str, list[tuple[date, float]]]:
    """Per symbol the newest stored close before `first` and the oldest after `last`, ascending;
    absent: neither.
    """
    before = _nearest_close(symbols, _prices.c.session_date < first, _prices.c.session_date.desc())
    after = _nearest_close(symbols, _prices.c.session_date > last, _prices.c.session_date.asc())
    found: dict[str, list[tuple[date, float]]] = {}
    for query in (before, after):
        for symbol, session_date, close in await session.execute(query):
            found.setdefault(symbol, []).append((session_date, float(close)))
    return found


def _nearest_close(symbols: Collection[str], side: Any, order: Any) -> Any:
    """One look into the index per symbol: its history is long."""
    each = each_symbol(symbols)
    closes = select(_prices.c.session_date, _prices.c.close).where(
        _prices.c.symbol == each.c.symbol, side
    )
    nearest = closes.order_by(order).limit(1).lateral()
    return select(each.c.symbol, nearest.c.session_date, nearest.c.close).join_from(
        each, nearest, true()
    )


def each_symbol(symbols: Collection[str]) -> Any:
    """The symbols as a table of one column."""
    values = func.unnest(literal(sorted(symbols), ARRAY(String)))
    return select(values.label("symbol")).subquery()


async def load_histories(session: Session, symbols: Collection[str]) -> list[Any]:
    """Every stored close of the symbols, a row per symbol with arrays in order of session."""
    by_day = _prices.c.session_date
    columns = [
        func.array_agg(aggregate_order_by(column, by_day)).label(column.name)
        for column in (
            by_day,
            _prices.c.close,
            _prices.c.adjusted_close,
            _prices.c.close_basis,
            _prices.c.source,
        )
    ]
    query = (
        select(_prices.c.symbol, *columns)
        .where(among(_prices.c.symbol, symbols))
        .group_by(_prices.c.symbol)
    )
    return list(await session.execute(query))


async def save_prices(session: Session, bars: Rows) -> int:
    """Upsert closes; sessions whose data changed take the next revision. Returns how many rows
    changed.
    """
    return await save_dated(session, DailyPrice, bars)


async def save_new_prices(session: Session, bars: Rows) -> int:
    """Store closes where there is none: whoever stored one while these were fetched keeps it.
    Returns how many.
    """
    return await save_new(session, DailyPrice, bars)
