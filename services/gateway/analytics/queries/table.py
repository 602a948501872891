"""What only options have, of all positions of a session."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, Double, and_, cast, func, select

from services.gateway.analytics.shapes.table import OptionMeasures
from shared.database import Session
from shared.published import greeks


def dollar_gamma() -> ColumnElement[float | Decimal]:
    """USD that a rise of the underlying by 1 % adds to an option position's dollar delta."""
    price = cast(greeks.contract_greeks.c.underlying_price, Double)
    return greeks.position_greeks.c.gamma * func.power(price, 2) / 100


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
