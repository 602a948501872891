"""The log of run events that every gateway process reads, with its notification.

Writers take turns until they commit, so `event_id` rises in the order in which events become
visible: a reader of one has missed none below it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Executable,
    Integer,
    Select,
    Table,
    Uuid,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
)

from services.gateway.edge.queries import Row, all_rows
from services.gateway.tables import (
    BatchRun,
    Portfolio,
    PortfolioShare,
    RunEvent,
    User,
    accessible,
)
from shared.database import (
    Session,
    among,
    changed,
    execute_each,
    fetched,
    lock,
    prepared,
    sql_table,
    tuples,
)

CHANNEL = "gateway_run_events"
events = sql_table(RunEvent)
runs = sql_table(BatchRun)
portfolios = sql_table(Portfolio)
users = sql_table(User)
shares = sql_table(PortfolioShare)


async def save_news(session: Session, news: Sequence[Mapping[str, object]]) -> None:
    """Notify the followers of every process when the transaction commits.

    Call it last: other writers wait until then.
    """
    if not news:
        return
    await lock(session, "run events")
    await execute_each(session, _NEWS, [{"user_id": None, **each} for each in news])
    await changed(session, "select pg_notify(:channel, '')", {"channel": CHANNEL})


_SAID = ("run_id", "user_id", "kind", "portfolio_ids", "data")
_NEWS = (
    insert(events)
    .values({name: bindparam(name, type_=events.c[name].type) for name in _SAID})
    .inline()
)


async def is_recorded(session: Session, run_id: UUID, data: Mapping[str, object]) -> bool:
    """Whether the run has an event that says this already. The caller holds the run."""
    same = select(events.c.event_id).where(events.c.run_id == run_id, events.c.data == dict(data))
    return await session.scalar(same.limit(1)) is not None


async def latest_event_id(session: Session) -> int:
    """The id of the last event; 0 before the first."""
    return int(await session.scalar(select(func.coalesce(func.max(events.c.event_id), 0))) or 0)


def _with_runs() -> Select[Any]:
    return select(events, runs.c.requested_by).outerjoin_from(
        events, runs, runs.c.run_id == events.c.run_id
    )


async def load_after(session: Session, event_id: int, limit: int) -> list[Row]:
    """The next events after one, of all users, with the user who requested the run."""
    return await fetched(session, *_following(event_id, limit))


@prepared(event_id=BigInteger(), limit=Integer())
def _following(event_id: int, limit: int) -> Executable:
    after = _with_runs().where(events.c.event_id > event_id)
    return after.order_by(events.c.event_id).limit(limit)


@dataclass(frozen=True)
class Span:
    """Events after one and up to another: of one run, of the runs that still go on, or of all."""

    after: int
    until: int
    run_id: UUID | None = None
    going_on: bool = False


async def load_of_user(session: Session, user_id: UUID, span: Span, limit: int) -> list[Row]:
    """The first events of a span that a user may see."""
    conditions = [events.c.event_id > span.after, events.c.event_id <= span.until]
    conditions += [events.c.run_id == span.run_id] if span.run_id else []
    conditions += [runs.c.status == "running"] if span.going_on else []
    own = func.array(accessible(user_id).scalar_subquery())
    mine = or_(runs.c.requested_by == user_id, events.c.portfolio_ids.overlap(own))
    visible = _with_runs().where(*conditions, mine).order_by(events.c.event_id).limit(limit)
    return await all_rows(session, visible)


@dataclass(frozen=True)
class Readable:
    """Portfolios that a user owns, and those that other users share with them."""

    own: frozenset[UUID]
    shared: frozenset[UUID]


async def readable_by(
    session: Session, user_ids: Collection[UUID], portfolio_ids: Collection[UUID]
) -> dict[UUID, Readable]:
    """Which of these portfolios each of these users reads.

    Disabled users are left out.
    """
    rows = await tuples(session, *_readable(list(user_ids), list(portfolio_ids)))
    return {user_id: Readable(frozenset(own), frozenset(more)) for user_id, own, more in rows}


@prepared(user_ids=ARRAY(Uuid), portfolio_ids=ARRAY(Uuid))
def _readable(
    user_ids: Sequence[UUID], portfolio_ids: Sequence[UUID]
) -> Select[UUID, Sequence[UUID], Sequence[UUID]]:
    able = (among(users.c.user_id, user_ids), users.c.disabled_at.is_(None))

    def named(table: Table) -> ColumnElement[Sequence[UUID]]:
        row = table.c
        these = (row.user_id == users.c.user_id, among(row.portfolio_id, portfolio_ids))
        return func.array(select(row.portfolio_id).where(*these).scalar_subquery())

    return select(users.c.user_id, named(portfolios), named(shares)).where(*able)


async def delete_events(session: Session, before: datetime) -> None:
    """Forget events recorded before a moment."""
    await session.execute(delete(events).where(events.c.recorded_at < before))
