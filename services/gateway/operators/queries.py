"""SQL for operators only."""

from uuid import UUID

from sqlalchemy import delete, func, select, update

from services.gateway.tables import Portfolio, Position, Tag, Transaction
from shared.database import Session, sql_table

portfolios = sql_table(Portfolio)
positions = sql_table(Position)
transactions = sql_table(Transaction)
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
    for table in (positions, transactions):
        await session.execute(delete(table).where(table.c.portfolio_id.in_(own)))
    empty = {"valued_from": None, "equity_balance": None}
    await session.execute(update(portfolios).where(mine).values(**empty))
    await session.execute(delete(tags).where(tags.c.user_id == user_id))
