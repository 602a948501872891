"""Runs of drafts: when the draft is gone, so are they."""

from sqlalchemy import and_, delete, or_, select

from services.gateway.runs.queries.runs import DRAFT_TRIGGER, items, outbox, runs
from services.gateway.runs.queries.silent_runs import without_portfolios
from shared.database import Session


async def delete_of_gone_drafts(session: Session) -> None:
    """Delete the ended runs of drafts that exist no longer, with all events of theirs."""
    reported = select(items.c.run_id).where(items.c.run_id == runs.c.run_id)
    ended = and_(runs.c.trigger == DRAFT_TRIGGER, runs.c.status != "running")
    gone = or_(without_portfolios(), ~reported.exists())
    deleted = await session.scalars(delete(runs).where(ended, gone).returning(runs.c.run_id))
    await session.execute(delete(outbox).where(outbox.c.run_id.in_(list(deleted))))
