"""SQL for operators only."""

from uuid import UUID

from sqlalchemy import delete, func, select

from services.gateway.tables import CashFlow, Portfolio, Position, Tag
from shared.database import Session, sql_table

portfolios = sql_table(Portfolio)
positions = sql_table(Position)
flows = sql_table(CashFlow)
tags = sql_table(Tag)


async def clear_user(session: Session, user_id: UUID, kept: str) -> None:
    """Delete everything a user has but the portfolio of this name, and empty that.

    The name is compared without regard to case.
    """
    mine = portfolios.c.user_id == user_id
    await session.execute(
        delete(portfolios).where(mine, func.lower(portfolios.c.name) != kept.lower())
    )
    own = select(portfolios.c.portfolio_id).where(mine)
    for table in (positions, flows):
        await session.execute(delete(table).where(table.c.portfolio_id.in_(own)))
    await session.execute(delete(tags).where(tags.c.user_id == user_id))
