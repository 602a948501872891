"""Raising the revision of portfolios: answers given before are outdated."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.gateway.tables import Portfolio, PortfolioRevision
from shared.database import Session, sql_table


async def raise_revision(session: Session, portfolio_ids: Collection[UUID]) -> None:
    """Outdate every answer given about these portfolios.

    Call it in the transaction that changes their data. Rows are locked in ascending order, so that
    transactions do not deadlock; deleted portfolios are skipped.
    """
    if not portfolio_ids:
        return
    there = select(portfolios.c.portfolio_id).where(portfolios.c.portfolio_id.in_(portfolio_ids))
    held = there.order_by(portfolios.c.portfolio_id).with_for_update(read=True, key_share=True)
    raised = insert(revisions).from_select(["portfolio_id"], held)
    next_revision = {"revision": revisions.c.revision + 1}
    await session.execute(
        raised.on_conflict_do_update(index_elements=[revisions.c.portfolio_id], set_=next_revision)
    )


portfolios = sql_table(Portfolio)
revisions = sql_table(PortfolioRevision)
