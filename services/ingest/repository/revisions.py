"""Market data by day: every change takes the next revision, and so do the sessions it changes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from types import MappingProxyType

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Date,
    ScalarSelect,
    Select,
    String,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import SQLModel

from services.ingest.tables import MarketSession, Security
from shared.database import Session, among, append, lock, merge, prepared, sql_table, tuples
from shared.published import ingest
from shared.rows import Row

SAME_SESSION: Mapping[date, date] = MappingProxyType({})
_sessions = sql_table(MarketSession)
_securities = sql_table(Security)


async def latest_revision(session: Session, as_of: date) -> int:
    """The newest change among market data dated on or before `as_of`; 0 when there are none."""
    [(newest,)] = await tuples(session, *_newest(as_of))
    return newest or 0


@prepared(as_of=Date())
def _newest(as_of: date) -> Select[int | None]:
    return select(func.max(_sessions.c.revision)).where(_sessions.c.session_date <= as_of)


async def load_version(session: Session) -> str:
    """A hash of the market data without a session: what securities are, and every known split.

    A split after a session counts for it where positions are given in shares of a later day.
    """
    [texts] = await tuples(session, *_listings())
    return " ".join(map(str, texts))


@prepared()
def _listings() -> Select[str | None, str | None]:
    security = _securities.c
    split = ingest.splits.c
    return select(
        _listed(security.symbol, security.kind, security.sector, security.dividend_yield),
        _listed(split.symbol, split.ex_date, split.ratio),
    )


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
    days = [_day(model, row) for row in rows]
    span = {"first": min(days), "last": max(days)}
    written = await tuples(session, _written_days(model), {**span, "revision": revision})
    await _mark(session, revision, (day for (day,) in written), session_by_date)
    return changed


@cache
def _written_days(model: type[SQLModel]) -> Select[date]:
    """The days from `first` to `last` of which rows have this `revision`."""
    column = _day_column(model)
    within = column.between(bindparam("first", type_=Date), bindparam("last", type_=Date))
    revision = column.table.c.revision == bindparam("revision", type_=BigInteger)
    return select(column).where(within, revision).distinct()


async def _claim_revision(session: Session) -> int:
    """One more than any revision so far; changes take turns, so that revisions follow commits."""
    await lock(session, "ingest", "revision")
    [(newest,)] = await tuples(session, *_newest_of_all())
    return (newest or 0) + 1


@prepared()
def _newest_of_all() -> Select[int | None]:
    return select(func.max(_sessions.c.revision))


async def _not_stored(
    session: Session, model: type[SQLModel], rows: Sequence[Row]
) -> Sequence[Row]:
    name, day = sql_table(model).primary_key.columns
    days = [_day(model, row) for row in rows]
    names = list({row[name.name] for row in rows})
    near = {"names": names, "first": min(days), "last": max(days)}
    stored = {(known, on) for known, on in await tuples(session, _stored_keys(model), near)}
    if not stored:
        return rows
    return [row for row in rows if (row[name.name], row[day.name]) not in stored]


@cache
def _stored_keys(model: type[SQLModel]) -> Select[str, date]:
    """The keys of the rows of these `names` from `first` to `last`."""
    name, day = sql_table(model).primary_key.columns
    within = day.between(bindparam("first", type_=Date), bindparam("last", type_=Date))
    named = among(name, bindparam("names", type_=ARRAY(String)))
    return select(name, day).where(named, within)


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
