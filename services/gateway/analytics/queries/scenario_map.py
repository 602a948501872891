"""What scenarios make of several portfolios: one statement per kind of row for all of them."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Double, and_, cast, func, select

from services.gateway.analytics.shapes.scenario_map import Result
from services.gateway.books.queries.standings import asked_on
from shared.database import Session, among
from shared.published import snapshots, stress

Days = Mapping[UUID, date]


async def load_days(
    session: Session, portfolio_ids: Collection[UUID], as_of: date | None
) -> dict[UUID, date]:
    """The last session, at or before `as_of`, with results of each portfolio that has any."""
    row = stress.stress_results.c
    known = select(row.portfolio_id, func.max(row.as_of)).where(
        among(row.portfolio_id, portfolio_ids)
    )
    if as_of is not None:
        known = known.where(row.as_of <= as_of)
    found = await session.execute(known.group_by(row.portfolio_id))
    return dict(found.tuples().all())


async def load_cells(session: Session, days: Days) -> list[Result]:
    """The results of the portfolios on their days."""
    result = stress.stress_results
    asked = asked_on(days)
    same = and_(result.c.portfolio_id == asked.c.portfolio_id, result.c.as_of == asked.c.as_of)
    row = result.c
    specified = cast(row.stated["total_pnl"].astext, Double)
    columns = (row.total_pnl, specified, row.headline, row.plausibility)
    query = select(row.portfolio_id, row.scenario_id, row.method, *columns)
    found = await session.execute(query.select_from(asked.join(result, same)))
    return [Result(*each) for each in found]


async def load_navs(session: Session, days: Days) -> dict[UUID, Decimal]:
    """The NAV of the portfolios on their days, where it is known."""
    shot = snapshots.portfolio_snapshots
    asked = asked_on(days)
    same = and_(shot.c.portfolio_id == asked.c.portfolio_id, shot.c.as_of == asked.c.as_of)
    query = select(shot.c.portfolio_id, shot.c.nav).select_from(asked.join(shot, same))
    found = await session.execute(query.where(shot.c.nav.is_not(None)))
    return dict(found.tuples().all())
