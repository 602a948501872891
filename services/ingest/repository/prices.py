"""Daily closes."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    String,
    Subquery,
    UnaryExpression,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.ingest.inputs import Bar, CorporateAction, History, StoredClose, StoredCloses
from services.ingest.repository.quarantine import load_quarantined, load_suspected
from services.ingest.repository.revisions import save_dated, save_new
from services.ingest.tables import DailyPrice
from shared.database import Session, among, sql_table
from shared.rows import Row, columns_of, rows_of

_prices = sql_table(DailyPrice)


async def load_held_sessions(
    session: Session, symbols: Collection[str], expected: Sequence[date]
) -> dict[str, Collection[date]]:
    """The sessions stored of those expected (ascending), by symbol; symbols with all are absent.

    Usually nothing or the last sessions are missing, so days are read only where there are gaps.
    """
    held: dict[str, Collection[date]] = dict.fromkeys(symbols, ())
    without_gaps = _WithoutGaps(expected)
    with_gaps = []
    for symbol, count, first, last in await session.execute(_stored_spans(symbols, expected)):
        days = without_gaps[first, last]
        if count >= len(expected):
            del held[symbol]
        elif count == len(days):
            held[symbol] = days
        else:
            with_gaps.append(symbol)
    return held | await _load_days(session, with_gaps, expected)


class _WithoutGaps(dict[tuple[date, date], frozenset[date]]):
    """The sessions of those expected from one day to another, made once for all symbols."""

    def __init__(self, expected: Sequence[date]) -> None:
        super().__init__()
        self._expected = expected

    def __missing__(self, span: tuple[date, date]) -> frozenset[date]:
        first, last = span
        days = self[span] = frozenset(day for day in self._expected if first <= day <= last)
        return days


def _stored_spans(
    symbols: Collection[str], expected: Sequence[date]
) -> Select[str, int, date, date]:
    """By symbol, how many sessions are stored, the first and the last: from the index alone."""
    each = each_symbol(symbols)
    day = _prices.c.session_date
    stored = (
        select(
            func.count().label("count"), func.min(day).label("first"), func.max(day).label("last")
        )
        .where(_prices.c.symbol == each.c.symbol, day.between(expected[0], expected[-1]))
        .lateral("stored")
    )
    spans = select(each.c.symbol, stored.c["count"], stored.c.first, stored.c.last)
    return spans.select_from(each.join(stored, true())).where(stored.c["count"] > 0)


async def _load_days(
    session: Session, symbols: Collection[str], expected: Sequence[date]
) -> dict[str, set[date]]:
    if not symbols:
        return {}
    day = _prices.c.session_date
    statement = (
        select(_prices.c.symbol, func.array_agg(day))
        .where(among(_prices.c.symbol, symbols), day.between(expected[0], expected[-1]))
        .group_by(_prices.c.symbol)
    )
    return {symbol: set(days) for symbol, days in await session.execute(statement)}


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


async def load_stored_closes(
    session: Session,
    bars: Sequence[Bar],
    actions: dict[str, list[CorporateAction]],
    provider: str,
) -> StoredCloses:
    """What the provider's `bars` are compared with; `actions` of their symbols are passed on."""
    if not bars:
        return StoredCloses({}, {}, {})
    symbols = {bar.symbol for bar in bars}
    suspected = await load_suspected(session, symbols, provider)
    again = [bar for found in suspected.values() for bar in found]
    first = min(bar.session_date for bar in (*bars, *again))
    last = max(bar.session_date for bar in (*bars, *again))
    closes = await _load_closes(session, symbols, first, last)
    quarantined = await load_quarantined(session, symbols, first, last, other_than=provider)
    return StoredCloses(closes, actions, quarantined, suspected)


async def _load_closes(
    session: Session, symbols: Collection[str], first: date, last: date
) -> dict[str, list[StoredClose]]:
    """By symbol, the closes between two days, the newest before and the oldest after them."""
    row = _prices.c
    day = row.session_date
    before = _nearest_close(symbols, day < first, day.desc())
    among_them = select(row.symbol, day, row.close).where(
        among(row.symbol, symbols), day.between(first, last)
    )
    after = _nearest_close(symbols, day > last, day.asc())
    found: dict[str, list[StoredClose]] = {}
    for query in (before, among_them, after):
        for symbol, session_date, close in await session.execute(query):
            found.setdefault(symbol, []).append(StoredClose(session_date, float(close)))
    return found


def _nearest_close(
    symbols: Collection[str], side: ColumnElement[bool], order: UnaryExpression[date]
) -> Select[str, date, float]:
    """One look into the index per symbol, whose history is long."""
    each = each_symbol(symbols)
    closes = select(_prices.c.session_date, _prices.c.close).where(
        _prices.c.symbol == each.c.symbol, side
    )
    nearest = closes.order_by(order).limit(1).lateral()
    return select(each.c.symbol, nearest.c.session_date, nearest.c.close).join_from(
        each, nearest, true()
    )


def each_symbol(symbols: Collection[str]) -> Subquery:
    """The symbols as a table of one column."""
    values = func.unnest(literal(sorted(symbols), ARRAY(String)))
    return select(values.label("symbol")).subquery()


async def load_histories(session: Session, symbols: Collection[str]) -> list[History]:
    """Every stored close of the symbols."""
    by_day = _prices.c.session_date
    columns = [
        func.array_agg(aggregate_order_by(column, by_day))
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
    return [History(*row) for row in await session.execute(query)]


async def save_prices(session: Session, bars: Sequence[Bar]) -> int:
    """Upsert closes; sessions whose data changed take the next revision. Returns rows changed."""
    return await save_dated(session, DailyPrice, await asyncio.to_thread(_rows, bars))


async def save_new_prices(session: Session, bars: Sequence[Bar]) -> int:
    """Store closes where there is none, also when one came in meanwhile. Returns how many."""
    return await save_new(session, DailyPrice, await asyncio.to_thread(_rows, bars))


def _rows(bars: Sequence[Bar]) -> list[Row]:
    return rows_of(DailyPrice, columns_of(bars, Bar))
