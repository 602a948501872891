"""Treasury yields."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from sqlalchemy import ARRAY, Date, Select, String, func, select

from services.ingest.inputs import MATURITY_YEARS, YieldObservation
from services.ingest.repository.revisions import save_dated, save_new
from services.ingest.tables import TreasuryYield
from shared.database import Session, among, prepared, sql_table, tuples
from shared.rows import Row, columns_of, rows_of

_yields = sql_table(TreasuryYield)


async def load_held_yields(
    session: Session, maturities: Collection[str], first: date, last: date
) -> dict[str, set[date]]:
    """The days between two dates with a stored yield, by maturity; an entry for each."""
    found = await tuples(session, *_observed(list(maturities), first, last))
    held: dict[str, set[date]] = {maturity: set() for maturity in maturities}
    return held | {maturity: set(days) for maturity, days in found}


@prepared(maturities=ARRAY(String), first=Date(), last=Date())
def _observed(maturities: Sequence[str], first: date, last: date) -> Select[str, Sequence[date]]:
    observed = _yields.c.observation_date
    query = select(_yields.c.maturity, func.array_agg(observed))
    within = (among(_yields.c.maturity, maturities), observed.between(first, last))
    return query.where(*within).group_by(_yields.c.maturity)


async def save_yields(
    session: Session, observations: Sequence[YieldObservation], effective: Mapping[date, date]
) -> int:
    """Upsert yields, each effective from a session by its date; returns how many rows changed."""
    return await save_dated(session, TreasuryYield, _rows(observations), effective)


async def save_new_yields(
    session: Session, observations: Sequence[YieldObservation], effective: Mapping[date, date]
) -> int:
    """Store yields where there is none; what is stored stays. Returns how many."""
    return await save_new(session, TreasuryYield, _rows(observations), effective)


def _rows(observations: Sequence[YieldObservation]) -> list[Row]:
    years = [MATURITY_YEARS[observation.maturity] for observation in observations]
    columns = columns_of(observations, YieldObservation)
    return rows_of(TreasuryYield, {**columns, "maturity_years": years})
