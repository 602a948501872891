"""Daily closes."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Select,
    String,
    Subquery,
    UnaryExpression,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.ingest.inputs import Bar, CorporateAction, History, StoredClose, StoredCloses
from services.ingest.repository.quarantine import load_quarantined, load_suspected
from services.ingest.repository.revisions import save_dated, save_new
from services.ingest.tables import DailyPrice, Security
from shared.database import Session, among, prepared, sql_table, tuples
from shared.rows import Row, columns_of, rows_of

_prices = sql_table(DailyPrice)
_securities = sql_table(Security)


async def load_held_sessions(
    session: Session, symbols: Collection[str], expected: Sequence[date]
) -> dict[str, Collection[date]]:
    """The sessions stored of those expected (ascending), by symbol; symbols with all are absent.

    Usually nothing or the last sessions are missing, so days are read only where there are gaps.
    """
    held: dict[str, Collection[date]] = dict.fromkeys(symbols, ())
    without_gaps = _WithoutGaps(expected)
    with_gaps = []
    spans = _stored_spans(sorted(symbols), expected[0], expected[-1])
    for symbol, count, first, last in await tuples(session, *spans):
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


@prepared(symbols=ARRAY(String), first=Date(), last=Date())
def _stored_spans(symbols: Sequence[str], first: date, last: date) -> Select[str, int, date, date]:
    """By symbol, how many sessions are stored, the first and the last: from the index alone."""
    each = _each_symbol(symbols)
    day = _prices.c.session_date
    stored = (
        select(
            func.count().label("count"), func.min(day).label("first"), func.max(day).label("last")
        )
        .where(_prices.c.symbol == each.c.symbol, day.between(first, last))
        .lateral("stored")
    )
    spans = select(each.c.symbol, stored.c["count"], stored.c.first, stored.c.last)
    return spans.select_from(each.join(stored, true())).where(stored.c["count"] > 0)


async def _load_days(
    session: Session, symbols: Sequence[str], expected: Sequence[date]
) -> dict[str, set[date]]:
    if not symbols:
        return {}
    found = await tuples(session, *_days(symbols, expected[0], expected[-1]))
    return {symbol: set(days) for symbol, days in found}


@prepared(symbols=ARRAY(String), first=Date(), last=Date())
def _days(symbols: Sequence[str], first: date, last: date) -> Select[str, Sequence[date]]:
    day = _prices.c.session_date
    query = select(_prices.c.symbol, func.array_agg(day))
    stored = query.where(among(_prices.c.symbol, symbols), day.between(first, last))
    return stored.group_by(_prices.c.symbol)


async def load_priced(session: Session, symbols: Collection[str]) -> set[str]:
    """Those of the symbols that have any price."""
    if not symbols:
        return set()
    return {symbol for (symbol,) in await tuples(session, *_priced(sorted(symbols)))}


@prepared(symbols=ARRAY(String))
def _priced(symbols: Sequence[str]) -> Select[str]:
    each = _each_symbol(symbols)
    priced = select(_prices.c.symbol).where(_prices.c.symbol == each.c.symbol).exists()
    return select(each.c.symbol).where(priced)


async def load_incomplete(
    session: Session, symbols: Collection[str], as_of: date
) -> tuple[set[str], set[str]]:
    """The symbols without a security row, and those without a price on `as_of` itself."""
    found = await tuples(session, *_incomplete(sorted(symbols), as_of))
    unknown = {symbol for symbol, is_known, _ in found if not is_known}
    return unknown, {symbol for symbol, _, is_priced in found if not is_priced}


@prepared(symbols=ARRAY(String), as_of=Date())
def _incomplete(symbols: Sequence[str], as_of: date) -> Select[str, bool, bool]:
    each = _each_symbol(symbols)
    price = _prices.c
    same = each.outerjoin(_securities, _securities.c.symbol == each.c.symbol).outerjoin(
        _prices, (price.symbol == each.c.symbol) & (price.session_date == as_of)
    )
    is_known = _securities.c.symbol.is_not(None)
    is_priced = price.symbol.is_not(None)
    query = select(each.c.symbol, is_known, is_priced).select_from(same)
    return query.where(~is_known | ~is_priced)


async def load_stored_closes(
    session: Session,
    bars: Sequence[Bar],
    actions: dict[str, list[CorporateAction]],
    provider: str,
) -> StoredCloses:
    """What the provider's `bars` are compared with; `actions` of their symbols are passed on."""
    if not bars:
        return StoredCloses({}, {}, {})
    symbols = sorted({bar.symbol for bar in bars})
    suspected = await load_suspected(session, symbols, provider)
    again = [bar for found in suspected.values() for bar in found]
    first = min(bar.session_date for bar in (*bars, *again))
    last = max(bar.session_date for bar in (*bars, *again))
    closes = await _load_closes(session, symbols, first, last)
    quarantined = await load_quarantined(session, symbols, first, last, other_than=provider)
    return StoredCloses(closes, actions, quarantined, suspected)


async def _load_closes(
    session: Session, symbols: Sequence[str], first: date, last: date
) -> dict[str, list[StoredClose]]:
    """By symbol, the closes between two days, the newest before and the oldest after them."""
    found: dict[str, list[StoredClose]] = {}
    statements = (
        _last_before(symbols, first),
        _closes_between(symbols, first, last),
        _first_after(symbols, last),
    )
    for statement in statements:
        for symbol, session_date, close in await tuples(session, *statement):
            found.setdefault(symbol, []).append(StoredClose(session_date, float(close)))
    return found


@prepared(symbols=ARRAY(String), first=Date(), last=Date())
def _closes_between(symbols: Sequence[str], first: date, last: date) -> Select[str, date, Decimal]:
    row = _prices.c
    within = row.session_date.between(first, last)
    return select(row.symbol, row.session_date, row.close).where(among(row.symbol, symbols), within)


@prepared(symbols=ARRAY(String), first=Date())
def _last_before(symbols: Sequence[str], first: date) -> Select[str, date, Decimal]:
    day = _prices.c.session_date
    return _nearest_close(symbols, day < first, day.desc())


@prepared(symbols=ARRAY(String), last=Date())
def _first_after(symbols: Sequence[str], last: date) -> Select[str, date, Decimal]:
    day = _prices.c.session_date
    return _nearest_close(symbols, day > last, day.asc())


def _nearest_close(
    symbols: Sequence[str], side: ColumnElement[bool], order: UnaryExpression[date]
) -> Select[str, date, Decimal]:
    """One look into the index per symbol, whose history is long."""
    each = _each_symbol(symbols)
    closes = select(_prices.c.session_date, _prices.c.close).where(
        _prices.c.symbol == each.c.symbol, side
    )
    nearest = closes.order_by(order).limit(1).lateral()
    return select(each.c.symbol, nearest.c.session_date, nearest.c.close).join_from(
        each, nearest, true()
    )


def _each_symbol(symbols: Sequence[str]) -> Subquery:
    """The symbols, a parameter of the statement, as a table of one column."""
    return select(func.unnest(symbols).label("symbol")).subquery()


async def load_histories(session: Session, symbols: Collection[str]) -> list[History]:
    """Every stored close of the symbols."""
    return [History(*row) for row in await tuples(session, *_histories(list(symbols)))]


@prepared(symbols=ARRAY(String))
def _histories(
    symbols: Sequence[str],
) -> Select[str, Sequence[date], Sequence[Decimal], Sequence[float], Sequence[str], Sequence[str]]:
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
    query = select(_prices.c.symbol, *columns).where(among(_prices.c.symbol, symbols))
    return query.group_by(_prices.c.symbol)


async def save_prices(session: Session, bars: Sequence[Bar]) -> int:
    """Upsert closes; sessions whose data changed take the next revision. Returns rows changed."""
    return await save_dated(session, DailyPrice, await asyncio.to_thread(_rows, bars))


async def save_new_prices(session: Session, bars: Sequence[Bar]) -> int:
    """Store closes where there is none, also when one came in meanwhile. Returns how many."""
    return await save_new(session, DailyPrice, await asyncio.to_thread(_rows, bars))


def _rows(bars: Sequence[Bar]) -> list[Row]:
    return rows_of(DailyPrice, columns_of(bars, Bar))
