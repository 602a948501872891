"""Adjusted closes as a matrix: one row of arrays per symbol, not one row per close."""

from collections.abc import Sequence
from datetime import date

import numpy as np
from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Date,
    Integer,
    Select,
    String,
    cast,
    func,
    literal,
    select,
    true,
)

from shared.arrays import FloatArray, day_numbers
from shared.database import Session, prepared, tuples
from shared.database.arrays import as_sent, float_vector, integer_vector
from shared.published import ingest

_EPOCH = date(1970, 1, 1)


def day_number(column: ColumnElement[date]) -> ColumnElement[int]:
    """`arrays.day_numbers` in SQL."""
    return cast(column - literal(_EPOCH), Integer)


async def load_adjusted_closes(
    session: Session, session_dates: Sequence[date], symbols: Sequence[str]
) -> FloatArray:
    """Adjusted closes (sessions x symbols), NaN for gaps; `session_dates` ascend."""
    closes = np.full((len(session_dates), len(symbols)), np.nan)
    if not session_dates or not symbols:
        return closes
    known_days = day_numbers(session_dates)
    place = {symbol: column for column, symbol in enumerate(symbols)}
    statement = _closes_by_symbol(symbols, session_dates[0], session_dates[-1])
    for symbol, days, values in await tuples(session, *statement):
        found_days = integer_vector(days)
        rows = np.searchsorted(known_days, found_days)
        on_session = known_days[rows] == found_days
        closes[rows[on_session], place[symbol]] = float_vector(values)[on_session]
    return closes


@prepared(symbols=ARRAY(String), first=Date(), last=Date())
def _closes_by_symbol(symbols: Sequence[str], first: date, last: date) -> Select[str, bytes, bytes]:
    """Each symbol with its days and adjusted closes; without any it is absent.

    Symbol by symbol, so that each is read from the index and none sorted with the others.
    """
    listed = (
        func.unnest(symbols).table_valued(Column("symbol", String)).render_derived(name="listed")
    )
    price = ingest.daily_prices.c
    found = (
        select(
            as_sent(func.array_agg(day_number(price.session_date))).label("days"),
            as_sent(func.array_agg(price.adjusted_close)).label("closes"),
        )
        .where(price.symbol == listed.c.symbol, price.session_date.between(first, last))
        .lateral("found")
    )
    query = select(listed.c.symbol, found.c.days, found.c.closes)
    return query.select_from(listed.join(found, true())).where(found.c.days.is_not(None))
