"""Which ledgers the market may change."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Date, Executable, Uuid, and_, or_, select

from services.gateway.tables import IS_BOOK, Portfolio, Transaction
from shared.database import Session, among, fetched, prepared, sql_table

portfolios = sql_table(Portfolio)
transactions = sql_table(Transaction)


async def market_dependent(
    session: Session, portfolio_ids: Collection[UUID], as_of: date
) -> list[UUID]:
    """Those of the portfolios whose lots depend on the market, ascending; of drafts none.

    They hold options that have expired by `as_of`, or closed lots that a split may concern.
    """
    found = await fetched(session, *_market_dependent(list(portfolio_ids), as_of))
    return [row["portfolio_id"] for row in found]


@prepared(portfolio_ids=ARRAY(Uuid), as_of=Date())
def _market_dependent(portfolio_ids: Sequence[UUID], as_of: date) -> Executable:
    row = transactions.c
    closing = and_(row.kind != "opening", row.kind != "sell_short")
    concerned = or_(row.expiry <= as_of, closing)
    traded = and_(among(row.portfolio_id, portfolio_ids), row.quantity.is_not(None))
    books = select(portfolios.c.portfolio_id).where(IS_BOOK)
    traded = and_(traded, row.portfolio_id.in_(books))
    query = select(row.portfolio_id).distinct().where(traded, concerned)
    return query.order_by(row.portfolio_id)
