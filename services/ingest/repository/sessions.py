"""The sessions of the exchange: which closes are due and which are announced."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert

from services.ingest.inputs import Coverage
from services.ingest.tables import MarketSession
from shared.database import Session, changed, lock, prepared, sql_table, tuples

_sessions = sql_table(MarketSession)
_MARK_DUE = """
    insert into ingest.market_sessions as kept (session_date, due_at)
    select day, now() from unnest(cast(:days as date[])) as day order by day
    on conflict (session_date) do update set due_at = excluded.due_at where kept.due_at is null
"""
_MARK_ANNOUNCED = """
    insert into ingest.market_sessions as kept (session_date, announced_at) values (:day, now())
    on conflict (session_date) do update set announced_at = excluded.announced_at
    where kept.announced_at is null
"""


async def latest_due(session: Session) -> date | None:
    """The newest session that the clock marked as due; None before its first time."""
    [(newest,)] = await tuples(session, *_latest_due())
    return newest


@prepared()
def _latest_due() -> Select[date | None]:
    due = _sessions.c.due_at.is_not(None)
    return select(func.max(_sessions.c.session_date)).where(due)


async def claim_unannounced(session: Session) -> date | None:
    """The oldest session that is due and not announced; None when there is none.

    It is ours until the transaction ends: other replicas wait.
    """
    await lock(session, "ingest", "clock")
    [(oldest,)] = await tuples(session, *_oldest_unannounced())
    return oldest


@prepared()
def _oldest_unannounced() -> Select[date | None]:
    waiting = (_sessions.c.due_at.is_not(None), _sessions.c.announced_at.is_(None))
    return select(func.min(_sessions.c.session_date)).where(*waiting)


async def load_known_sessions(session: Session) -> Coverage | None:
    """The first and last session that has a row; None when none has."""
    [(first, last)] = await tuples(session, *_known_span())
    return None if first is None or last is None else Coverage(first, last)


@prepared()
def _known_span() -> Select[date | None, date | None]:
    days = _sessions.c.session_date
    return select(func.min(days), func.max(days))


async def save_known_sessions(session: Session, session_dates: Collection[date]) -> None:
    """Make sure each session has its row."""
    rows = [{"session_date": session_date} for session_date in sorted(session_dates)]
    if rows:
        await session.execute(insert(_sessions).on_conflict_do_nothing(), rows)


async def save_due(session: Session, session_dates: Collection[date]) -> None:
    """Mark the sessions as due; the first time counts."""
    if session_dates:
        await changed(session, _MARK_DUE, {"days": list(session_dates)})


async def save_announced(session: Session, session_date: date) -> None:
    """Mark the session's close as announced; the first time counts."""
    await changed(session, _MARK_ANNOUNCED, {"day": session_date})
