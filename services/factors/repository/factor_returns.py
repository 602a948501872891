"""The factors' daily returns, which the runs of several sessions renew."""

from collections.abc import Sequence
from datetime import date

import numpy as np
from sqlalchemy import ARRAY, Date, Select, String, func, select

from services.factors.inputs import RETURN_SESSIONS, SPACES, Factors, ReturnHistory, Work
from services.factors.tables import FactorReturn
from shared.arrays import Columns, FloatArray, day_numbers
from shared.calendar import last_sessions
from shared.database import Session, among, lock, merge, prepared, sql_table, tuples
from shared.published.closes import day_number, load_adjusted_closes
from shared.rows import rows_of


async def claim_factor_returns(session: Session, as_of: date, work: Work) -> ReturnHistory:
    """What the last sessions' returns are made from and what is stored, where they are outdated.

    The sessions of several runs overlap: until the transaction ends no other run renews returns, so
    that what is read now is not older than what that run stores. Call it late.
    """
    factors = work.factors
    if not work.outdated.factors:
        columns = len(factors.ids)
        nothing = np.empty((len(SPACES), 0, columns))
        return ReturnHistory(factors, (), np.empty((0, columns)), nothing)
    await lock(session, "factors.factor_returns")
    session_dates = last_sessions(as_of, RETURN_SESSIONS + 1)
    closes = await load_adjusted_closes(session, session_dates, factors.proxies)
    stored = await _load_factor_returns(session, session_dates[1:], factors)
    return ReturnHistory(factors, session_dates[1:], closes, stored)


async def _load_factor_returns(
    session: Session, session_dates: Sequence[date], factors: Factors
) -> FloatArray:
    """Spaces x sessions x factors, NaN where there is none."""
    session_days = day_numbers(session_dates)
    returns = np.full((len(SPACES), len(session_dates), len(factors.ids)), np.nan)
    statement = _returns(factors.ids, session_dates[0], session_dates[-1])
    for space, factor, found_days, values in await tuples(session, *statement):
        places = np.searchsorted(session_days, found_days)
        returns[SPACES.index(space), places, factors.ids.index(factor)] = values
    return returns


@prepared(ids=ARRAY(String), first=Date(), last=Date())
def _returns(
    ids: Sequence[str], first: date, last: date
) -> Select[str, str, Sequence[int], Sequence[float | None]]:
    row = sql_table(FactorReturn).c
    days = func.array_agg(day_number(row.session_date))
    query = select(row.space, row.factor, days, func.array_agg(row.factor_return))
    return (
        query.where(row.session_date.between(first, last))
        .where(among(row.factor, ids), among(row.space, SPACES))
        .group_by(row.space, row.factor)
    )


async def save_factor_returns(
    session: Session, session_dates: Sequence[date], returns: Columns
) -> None:
    """Replace the factors' returns on these sessions."""
    if session_dates:
        rows = rows_of(FactorReturn, returns)
        await merge(session, FactorReturn, rows, within={"session_date": list(session_dates)})
