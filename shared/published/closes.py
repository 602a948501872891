"""Adjusted closes as a matrix: one row of arrays per symbol, not one row per close."""

from collections.abc import Sequence
from datetime import date

import numpy as np
from sqlalchemy import ColumnElement, Integer, cast, func, literal, select

from shared.arrays import FloatArray, day_numbers
from shared.database import Session, among
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
    price = ingest.daily_prices.c
    days = func.array_agg(day_number(price.session_date))
    statement = (
        select(price.symbol, days, func.array_agg(price.adjusted_close))
        .where(among(price.symbol, symbols))
        .where(price.session_date.between(session_dates[0], session_dates[-1]))
        .group_by(price.symbol)
    )
    known_days = day_numbers(session_dates)
    place = {symbol: column for column, symbol in enumerate(symbols)}
    for symbol, found_days, values in await session.execute(statement):
        rows = np.searchsorted(known_days, found_days)
        on_session = known_days[rows] == found_days
        closes[rows[on_session], place[symbol]] = np.array(values, dtype=np.float64)[on_session]
    return closes
