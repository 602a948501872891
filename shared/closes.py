"""Adjusted closes as a matrix, the way every calculator needs them: one row of arrays per symbol,
not one per close.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ARRAY, Integer, String, any_, cast, func, literal, select

from shared.database import Session
from shared.published import ingest

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_EPOCH = date(1970, 1, 1)


def day_numbers(days: Sequence[date]) -> IntArray:
    """Days since 1970, which travel and compare cheaper than dates."""
    return np.array([(day - _EPOCH).days for day in days], dtype=np.int64)


def day_number(column: Any) -> Any:
    """The same in SQL."""
    return cast(column - literal(_EPOCH), Integer)


async def load_adjusted_closes(
    session: Session, sessions: Sequence[date], symbols: Sequence[str]
) -> FloatArray:
    """Adjusted closes (sessions x symbols), NaN for gaps; `sessions` ascend."""
    closes = np.full((len(sessions), len(symbols)), np.nan)
    if not sessions or not symbols:
        return closes
    price = ingest.daily_prices.c
    statement = (
        select(
            price.symbol,
            func.array_agg(day_number(price.session_date)),
            func.array_agg(price.adjusted_close),
        )
        .where(price.symbol == any_(literal(list(symbols), ARRAY(String))))
        .where(price.session_date.between(sessions[0], sessions[-1]))
        .group_by(price.symbol)
    )
    place, known_days = (
        {symbol: column for column, symbol in enumerate(symbols)},
        day_numbers(sessions),
    )
    for symbol, days, values in await session.execute(statement):
        rows = np.searchsorted(known_days, days)
        on_session = known_days[rows] == days
        closes[rows[on_session], place[symbol]] = np.array(values, dtype=np.float64)[on_session]
    return closes
