"""What only options have, and parts of VaR, of all positions of a session."""

from datetime import date
from uuid import UUID

from sqlalchemy import and_, select

from services.gateway.analytics.queries.greeks import dollar_gamma
from services.gateway.analytics.queries.history import CONFIDENCE
from services.gateway.analytics.shapes.table import OptionMeasures
from services.gateway.tables import Position
from shared.database import Session, sql_table
from shared.published import greeks, snapshots

positions = sql_table(Position)


async def load_option_measures(
    session: Session, portfolio_id: UUID, as_of: date
) -> dict[UUID, OptionMeasures]:
    """Volatility and dollar gamma of every option that the portfolio held on the session."""
    held = greeks.position_greeks.c
    unit = greeks.contract_greeks.c
    same = and_(unit.contract == held.contract, unit.as_of == held.as_of)
    found = (
        select(held.position_id, unit.volatility, unit.iv_source, unit.model, dollar_gamma())
        .select_from(greeks.position_greeks.outerjoin(greeks.contract_greeks, same))
        .where(held.portfolio_id == portfolio_id, held.as_of == as_of)
    )
    rows = [OptionMeasures(*row) for row in await session.execute(found)]
    return {row.position_id: row for row in rows}


async def load_parts_of_var(
    session: Session, portfolio_id: UUID, as_of: date
) -> list[tuple[UUID, float]]:
    """Each position's part of the 95 % VaR, USD, in the order of the report's components."""
    part = snapshots.component_var.c
    joined = snapshots.component_var.join(positions, positions.c.position_id == part.position_id)
    found = (
        select(part.position_id, part.component_var)
        .select_from(joined)
        .where(part.portfolio_id == portfolio_id, part.as_of == as_of)
        .where(part.confidence == CONFIDENCE, part.component_var.is_not(None))
        .order_by(part.symbol, part.position_id)
    )
    return [(position_id, amount) for position_id, amount in await session.execute(found)]
