"""The factors' stored daily returns."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import (
    func,
    select,
)

from services.factors.tables import (
    FactorReturn,
)
from shared.conventions import FloatArray, day_numbers
from shared.database import Session, among, lock, merge, sql_table
from shared.published.closes import day_number

Records = Iterable[Mapping[str, Any]]


async def lock_factor_returns(session: Session) -> None:
    """Until the transaction ends nobody else renews factor returns: what is read now is not older
    than theirs.
    """
    await lock(session, "factors.factor_returns")


async def load_factor_returns(
    session: Session, sessions: Sequence[date], spaces: Sequence[str], factors: Sequence[str]
) -> FloatArray:
    """The stored returns (spaces x sessions x factors), NaN where there is none."""
    row = sql_table(FactorReturn).c
    day = day_number(row.session_date)
    query = (
        select(row.space, row.factor, func.array_agg(day), func.array_agg(row.factor_return))
        .where(row.session_date.between(sessions[0], sessions[-1]), among(row.factor, factors))
        .where(among(row.space, spaces))
        .group_by(row.space, row.factor)
    )
    session_days = day_numbers(sessions)
    returns = np.full((len(spaces), len(sessions), len(factors)), np.nan)
    for space, factor, days, values in await session.execute(query):
        places = np.searchsorted(session_days, days)
        returns[spaces.index(space), places, factors.index(factor)] = values
    return returns


async def save_factor_returns(session: Session, sessions: Sequence[date], records: Records) -> None:
    """Replace the factors' returns on `sessions`."""
    if sessions:
        await merge(session, FactorReturn, list(records), within={"session_date": list(sessions)})
