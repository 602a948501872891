"""Market data by day: every change takes the next revision, and so do the sessions it changes."""

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from sqlalchemy import Column, func, select, text
from sqlmodel import SQLModel

from services.ingest.tables import MarketSession
from shared.database import Rows, Session, among, append, lock, merge, sql_table

_sessions = sql_table(MarketSession)


SAME_SESSION: Mapping[date, date] = MappingProxyType({})


async def latest_revision(session: Session, as_of: date) -> int:
    """The newest change among market data dated on or before `as_of`; 0 when there are none."""
    newest = select(func.max(_sessions.c.revision)).where(_sessions.c.session_date <= as_of)
    return await session.scalar(newest) or 0


async def next_revision(session: Session) -> int:
    """One more than any revision so far; changes of market data take turns, so numbers follow
    commits.
    """
    await lock(session, "ingest", "revision")
    return int(
        await session.scalar(
            text("select coalesce(max(revision), 0) + 1 from ingest.market_sessions")
        )
        or 1
    )


async def save_new(
    session: Session,
    model: type[SQLModel],
    rows: Rows,
    session_by_date: Mapping[date, date] = SAME_SESSION,
) -> int:
    """Store those of the rows, of something on a day, that are not there, and mark their sessions;
    returns how many.
    """
    if not rows:
        return 0
    revision = await next_revision(session)
    new = await _not_stored(session, model, rows)
    await append(session, model, [{**row, "revision": revision} for row in new])
    await _mark(session, revision, {row[_day_of(model).name] for row in new}, session_by_date)
    return len(new)


async def _not_stored(session: Session, model: type[SQLModel], rows: Rows) -> Rows:
    name, day = sql_table(model).primary_key.columns
    days = [row[day.name] for row in rows]
    near = (among(name, {row[name.name] for row in rows}), day.between(min(days), max(days)))
    stored = {tuple(row) for row in await session.execute(select(name, day).where(*near))}
    return (
        [row for row in rows if (row[name.name], row[day.name]) not in stored] if stored else rows
    )


async def save_dated(
    session: Session,
    model: type[SQLModel],
    rows: Rows,
    session_by_date: Mapping[date, date] = SAME_SESSION,
) -> int:
    """Upsert rows, of something on a day, under the next revision, and mark the sessions they
    changed with it.
    """
    if not rows:
        return 0
    revision, day = await next_revision(session), _day_of(model)
    changed = await merge(
        session, model, [{**row, "revision": revision} for row in rows], ignoring=("revision",)
    )
    days = [row[day.name] for row in rows]
    written = (
        select(day)
        .where(day.between(min(days), max(days)), day.table.c.revision == revision)
        .distinct()
    )
    await _mark(session, revision, await session.scalars(written), session_by_date)
    return changed


def _day_of(model: type[SQLModel]) -> Column[Any]:
    """The column of the day that rows are about: what they are about comes first in the key, the
    day second.
    """
    _, day = sql_table(model).primary_key.columns
    return day


async def _mark(
    session: Session, revision: int, days: Iterable[date], session_by_date: Mapping[date, date]
) -> None:
    """Sessions whose data changed take the revision."""
    touched = {session_by_date.get(day, day) for day in days}
    await merge(
        session, MarketSession, [{"session_date": day, "revision": revision} for day in touched]
    )
