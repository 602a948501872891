"""SQL for operators only."""

from uuid import UUID

from sqlalchemy import delete, func, or_, select, update

from services.gateway.tables import IS_BOOK, Draft, Portfolio, Position, Tag, Transaction
from shared.database import Session, sql_table

portfolios = sql_table(Portfolio)
positions = sql_table(Position)
transactions = sql_table(Transaction)
tags = sql_table(Tag)
drafts = sql_table(Draft)


async def clear_user(session: Session, user_id: UUID, kept: str) -> None:
    """Delete everything a user has but the portfolio of this name, and empty that.

    The name is compared without regard to case.
    """
    mine = portfolios.c.user_id == user_id
    other = or_(func.lower(portfolios.c.name) != kept.lower(), ~IS_BOOK)
    await session.execute(delete(portfolios).where(mine, other))
    await session.execute(delete(drafts).where(drafts.c.user_id == user_id))
    own = select(portfolios.c.portfolio_id).where(mine)
    for table in (positions, transactions):
        await session.execute(delete(table).where(table.c.portfolio_id.in_(own)))
    empty = {"valued_from": None, "equity_balance": None}
    await session.execute(update(portfolios).where(mine).values(**empty))
    await session.execute(delete(tags).where(tags.c.user_id == user_id))
