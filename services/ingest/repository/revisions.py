"""Market data by day: every change takes the next revision, and so do the sessions it changes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from sqlalchemy import Column, ColumnElement, ScalarSelect, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import SQLModel

from services.ingest.tables import MarketSession, Security
from shared.database import Session, among, append, lock, merge, sql_table
from shared.published import ingest
from shared.rows import Row

SAME_SESSION: Mapping[date, date] = MappingProxyType({})
_sessions = sql_table(MarketSession)
_securities = sql_table(Security)


async def latest_revision(session: Session, as_of: date) -> int:
    """The newest change among market data dated on or before `as_of`; 0 when there are none."""
    newest = select(func.max(_sessions.c.revision)).where(_sessions.c.session_date <= as_of)
    return await session.scalar(newest) or 0


async def load_version(session: Session) -> str:
    """A hash of the market data without a session: what securities are, and every known split.

    A split after a session counts for it where positions are given in shares of a later day.
    """
    security = _securities.c
    split = ingest.splits.c
    texts = (
        _listed(security.symbol, security.kind, security.sector, security.dividend_yield),
        _listed(split.symbol, split.ex_date, split.ratio),
    )
    return " ".join(map(str, (await session.execute(select(*texts))).one()))


def _listed(*columns: ColumnElement[object]) -> ScalarSelect[str]:
    """A hash of the columns of every row."""
    row = func.concat_ws("/", *columns)
    separator: ColumnElement[str] = aggregate_order_by(literal_column("' '"), row)
    return select(func.md5(func.string_agg(row, separator))).scalar_subquery()


async def save_new(
    session: Session,
    model: type[SQLModel],
    rows: Sequence[Row],
    session_by_date: Mapping[date, date] = SAME_SESSION,
) -> int:
    """Store the rows whose key is not stored, and mark their sessions; returns how many."""
    if not rows:
        return 0
    revision = await _claim_revision(session)
    new = await _not_stored(session, model, rows)
    await append(session, model, [{**row, "revision": revision} for row in new])
    await _mark(session, revision, (_day(model, row) for row in new), session_by_date)
    return len(new)


async def save_dated(
    session: Session,
    model: type[SQLModel],
    rows: Sequence[Row],
    session_by_date: Mapping[date, date] = SAME_SESSION,
) -> int:
    """Upsert the rows under the next revision and mark the sessions; returns rows changed."""
    if not rows:
        return 0
    revision = await _claim_revision(session)
    revised = [{**row, "revision": revision} for row in rows]
    changed = await merge(session, model, revised, ignoring=("revision",))
    column = _day_column(model)
    days = [_day(model, row) for row in rows]
    written = select(column).where(
        column.between(min(days), max(days)), column.table.c.revision == revision
    )
    await _mark(session, revision, await session.scalars(written.distinct()), session_by_date)
    return changed


async def _claim_revision(session: Session) -> int:
    """One more than any revision so far; changes take turns, so that revisions follow commits."""
    await lock(session, "ingest", "revision")
    newest = text("select coalesce(max(revision), 0) + 1 from ingest.market_sessions")
    return int(await session.scalar(newest) or 1)


async def _not_stored(
    session: Session, model: type[SQLModel], rows: Sequence[Row]
) -> Sequence[Row]:
    name, day = sql_table(model).primary_key.columns
    days = [_day(model, row) for row in rows]
    near = (among(name, {row[name.name] for row in rows}), day.between(min(days), max(days)))
    stored = {tuple(row) for row in await session.execute(select(name, day).where(*near))}
    if not stored:
        return rows
    return [row for row in rows if (row[name.name], row[day.name]) not in stored]


def _day_column(model: type[SQLModel]) -> Column[date]:
    """The second column of the key: the day that the row is about."""
    _, day = sql_table(model).primary_key.columns
    return day


def _day(model: type[SQLModel], row: Row) -> date:
    day = row[_day_column(model).name]
    assert isinstance(day, date)
    return day


async def _mark(
    session: Session, revision: int, days: Iterable[date], session_by_date: Mapping[date, date]
) -> None:
    """Sessions whose data changed take the revision."""
    touched = {session_by_date.get(day, day) for day in days}
    await merge(
        session, MarketSession, [{"session_date": day, "revision": revision} for day in touched]
    )
