"""The revision of portfolios: answers given before are outdated, and so may runs be."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert

from services.gateway.tables import Portfolio, PortfolioRevision
from shared.database import Session, sql_table


async def raise_revision(session: Session, portfolio_ids: Collection[UUID]) -> None:
    """Outdate every answer given about these portfolios.

    Call it in the transaction that changes their data. Rows are locked in ascending order, so that
    transactions do not deadlock; deleted portfolios are skipped. They stay locked until the
    transaction ends, so that edits and the stages of runs take turns.
    """
    await _raise(session, portfolio_ids, edits=0)


async def raise_edits(session: Session, portfolio_ids: Collection[UUID]) -> None:
    """Outdate the answers, and the runs that have read these portfolios and have not ended.

    Call it in the transaction that edits what calculators read, before looking which sessions are
    to be run again: a run that ends after that finds the edit, and one that ended before is found.
    """
    await _raise(session, portfolio_ids, edits=1)


async def load_edits(session: Session, portfolio_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many edits each portfolio has had."""
    row = revisions.c
    held = select(row.portfolio_id, row.edits).where(row.portfolio_id.in_(portfolio_ids))
    counted = dict((await session.execute(held)).tuples().all())
    return {portfolio_id: counted.get(portfolio_id, 0) for portfolio_id in portfolio_ids}


async def edited_since(session: Session, edits: Mapping[UUID, int]) -> list[UUID]:
    """The portfolios that have had more edits than these, ascending."""
    now = await load_edits(session, edits)
    return sorted(portfolio_id for portfolio_id in now if now[portfolio_id] > edits[portfolio_id])


async def _raise(session: Session, portfolio_ids: Collection[UUID], edits: int) -> None:
    if not portfolio_ids:
        return
    there = select(portfolios.c.portfolio_id).where(portfolios.c.portfolio_id.in_(portfolio_ids))
    held = there.order_by(portfolios.c.portfolio_id).with_for_update(read=True, key_share=True)
    raised = insert(revisions).from_select(
        ["portfolio_id", "edits"], held.add_columns(literal(edits))
    )
    next_revision = {
        "revision": revisions.c.revision + 1,
        "edits": revisions.c.edits + edits,
    }
    await session.execute(
        raised.on_conflict_do_update(index_elements=[revisions.c.portfolio_id], set_=next_revision)
    )


portfolios = sql_table(Portfolio)
revisions = sql_table(PortfolioRevision)
