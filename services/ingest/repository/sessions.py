"""The sessions of the exchange: which closes are due and which are announced."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.ingest.inputs import Coverage
from services.ingest.tables import MarketSession
from shared.database import Session, among, lock, sql_table

_sessions = sql_table(MarketSession)


async def latest_due(session: Session) -> date | None:
    """The newest session that the clock marked as due; None before its first time."""
    due = _sessions.c.due_at.is_not(None)
    query = select(func.max(_sessions.c.session_date)).where(due)
    newest: date | None = await session.scalar(query)
    return newest


async def claim_unannounced(session: Session) -> date | None:
    """The oldest session that is due and not announced; None when there is none.

    It is ours until the transaction ends: other replicas wait.
    """
    await lock(session, "ingest", "clock")
    waiting = (
        select(_sessions.c.session_date)
        .where(_sessions.c.due_at.is_not(None), _sessions.c.announced_at.is_(None))
        .order_by(_sessions.c.session_date)
        .limit(1)
    )
    oldest: date | None = await session.scalar(waiting)
    return oldest


async def load_known_sessions(session: Session) -> Coverage | None:
    """The first and last session that has a row; None when none has."""
    days = _sessions.c.session_date
    first, last = (await session.execute(select(func.min(days), func.max(days)))).one()
    return None if first is None else Coverage(first, last)


async def save_known_sessions(session: Session, session_dates: Collection[date]) -> None:
    """Make sure each session has its row."""
    rows = [{"session_date": session_date} for session_date in sorted(session_dates)]
    if rows:
        await session.execute(insert(_sessions).on_conflict_do_nothing(), rows)


async def save_due(session: Session, session_dates: Collection[date]) -> None:
    """Mark the sessions as due; the first time counts."""
    await save_known_sessions(session, session_dates)
    due = (among(_sessions.c.session_date, session_dates), _sessions.c.due_at.is_(None))
    await session.execute(update(_sessions).where(*due).values(due_at=func.now()))


async def save_announced(session: Session, session_date: date) -> None:
    """Mark the session's close as announced; the first time counts."""
    await save_known_sessions(session, [session_date])
    announced = (_sessions.c.session_date == session_date, _sessions.c.announced_at.is_(None))
    await session.execute(update(_sessions).where(*announced).values(announced_at=func.now()))
