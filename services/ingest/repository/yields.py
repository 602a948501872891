"""Treasury yields."""

from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import func, select

from services.ingest.repository.revisions import save_dated, save_new
from services.ingest.tables import TreasuryYield
from shared.database import Rows, Session, among, sql_table

_yields = sql_table(TreasuryYield)


async def load_held_yields(
    session: Session, maturities: Collection[str], first: date, last: date
) -> dict[str, set[date]]:
    """The days between two dates on which a yield is stored, by maturity; an entry for each."""
    observed = _yields.c.observation_date
    statement = (
        select(_yields.c.maturity, func.array_agg(observed))
        .where(among(_yields.c.maturity, maturities), observed.between(first, last))
        .group_by(_yields.c.maturity)
    )
    held: dict[str, set[date]] = {maturity: set() for maturity in maturities}
    return held | {maturity: set(days) for maturity, days in await session.execute(statement)}


async def save_yields(
    session: Session, observations: Rows, session_by_date: Mapping[date, date]
) -> int:
    """Upsert yields; `session_by_date` names the session from which each observation counts.
    Returns rows changed.
    """
    return await save_dated(session, TreasuryYield, observations, session_by_date)


async def save_new_yields(
    session: Session, observations: Rows, session_by_date: Mapping[date, date]
) -> int:
    """Store yields where there is none; what is stored stays. Returns how many."""
    return await save_new(session, TreasuryYield, observations, session_by_date)
