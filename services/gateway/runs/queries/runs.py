"""Run tracking: one row per run; `items` writes the row per (stage, shard) of it."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Executable,
    ScalarSelect,
    Select,
    Uuid,
    and_,
    case,
    func,
    or_,
    select,
)

from services.gateway.edge.queries import Row, one_row, page_of
from services.gateway.tables import BatchItem, BatchRun, OutboxRow, Portfolio, accessible, may_read
from services.gateway.tables.runs import CLOSE
from shared.contracts.gateway import PortfoliosChanged
from shared.contracts.ingest import MarketClosed
from shared.database import Session, among, changed, fetched, lock, prepared, sql_table, tuples
from shared.published import factors, snapshots
from shared.published.gateway import DRAFT

runs = sql_table(BatchRun)
items = sql_table(BatchItem)
outbox = sql_table(OutboxRow)
portfolios = sql_table(Portfolio)
DRAFT_TRIGGER = DRAFT  # of a draft's run, which is no other portfolio's


async def save_run(
    session: Session,
    run_id: UUID,
    as_of: date,
    trigger: str,
    requested_by: UUID | None,
    work_class: str = CLOSE,
) -> None:
    """Open a run before its first event; a run that is there already is left alone."""
    row = {
        "run_id": run_id,
        "as_of": as_of,
        "trigger": trigger,
        "work_class": work_class,
        "requested_by": requested_by,
    }
    await changed(session, _OPEN, row)


async def save_announcement(session: Session, event: MarketClosed) -> None:
    """A session's run begins, or turns out to have been begun by the clock or an operator."""
    row = {
        "run_id": event.run_id,
        "as_of": event.as_of,
        "trigger": event.trigger,
        "started_at": event.occurred_at,
    }
    await changed(session, _ANNOUNCE, row)


async def save_beginning(
    session: Session, run_id: UUID, trigger: str, started_at: datetime
) -> None:
    """What an event says of the beginning of its run."""
    begun = {"run_id": run_id, "trigger": trigger, "started_at": started_at}
    await changed(session, _BEGIN, begun)


_OPEN = """
    insert into gateway.batch_runs (run_id, as_of, trigger, work_class, requested_by)
    values (:run_id, :as_of, :trigger, :work_class, :requested_by)
    on conflict do nothing
"""
# A trigger stays unknown until an event names it; a run began when its first event did.
_ANNOUNCE = """
    insert into gateway.batch_runs as known (run_id, as_of, trigger, started_at)
    values (:run_id, :as_of, :trigger, :started_at)
    on conflict (run_id) do update set
        trigger = case known.trigger when 'unknown' then excluded.trigger else known.trigger end,
        started_at = least(known.started_at, excluded.started_at)
"""
_BEGIN = """
    update gateway.batch_runs set
        trigger = case trigger when 'unknown' then cast(:trigger as text) else trigger end,
        started_at = least(started_at, cast(:started_at as timestamptz))
    where run_id = :run_id
"""
_END = """
    update gateway.batch_runs set
        status = cast(:status as text),
        problems = cast(:problems as jsonb),
        finished_at = cast(:finished_at as timestamptz)
    where run_id = :run_id and (
        status is distinct from cast(:status as text)
        or problems is distinct from cast(:problems as jsonb)
        or finished_at is distinct from cast(:finished_at as timestamptz)
    )
"""


async def load_items(session: Session, run_id: UUID, portfolio_id: UUID | None = None) -> list[Row]:
    """What was reported about a run, or one of its portfolios, in the order of shards and time."""
    named = [] if portfolio_id is None else [portfolio_id]  # every array contains the empty one
    return await fetched(session, *_items(run_id, named))


@prepared(run_id=Uuid(), portfolio_ids=ARRAY(Uuid))
def _items(run_id: UUID, portfolio_ids: Sequence[UUID]) -> Executable:
    rows = select(items).where(items.c.run_id == run_id)
    named = rows.where(items.c.portfolio_ids.contains(portfolio_ids))
    return named.order_by(items.c.shard, items.c.occurred_at, items.c.stage)


@dataclass(frozen=True)
class RunHead:
    """A run's session and trigger; `given_up_at`: when it was closed as overdue, if it was."""

    run_id: UUID
    as_of: date
    trigger: str
    status: str
    started_at: datetime
    given_up_at: datetime | None


async def load_heads(session: Session, run_ids: Collection[UUID]) -> dict[UUID, RunHead]:
    """The heads of runs, those that exist."""
    found = await fetched(session, *_heads_of(list(run_ids)))
    return {row["run_id"]: RunHead(**row) for row in found}


@prepared(run_ids=ARRAY(Uuid))
def _heads_of(run_ids: Sequence[UUID]) -> Executable:
    return _heads().where(among(runs.c.run_id, run_ids))


def _heads() -> Select[*tuple[object, ...]]:
    overdue = runs.c.problems.contains([{"code": "overdue"}])
    given_up = case((overdue, runs.c.finished_at)).label("given_up_at")
    columns = (runs.c[name] for name in ("run_id", "as_of", "trigger", "status", "started_at"))
    return select(*columns, given_up)


async def load_head(session: Session, run_id: UUID) -> RunHead:
    """The head of a run that exists."""
    return (await load_heads(session, [run_id]))[run_id]


async def hold(session: Session, run_id: UUID) -> None:
    """Hold a run's row until the transaction ends."""
    await tuples(session, *_held(run_id))


@prepared(run_id=Uuid())
def _held(run_id: UUID) -> Select[UUID]:
    this = select(runs.c.run_id).where(runs.c.run_id == run_id)
    return this.with_for_update(key_share=True)


async def save_outcome(
    session: Session,
    run_id: UUID,
    status: str,
    problems: Sequence[Mapping[str, object]],
    finished_at: datetime | None,
) -> bool:
    """Write what became of a run, as derived from its items; whether that is new."""
    outcome = {
        "run_id": run_id,
        "status": status,
        "problems": json.dumps([dict(problem) for problem in problems]),
        "finished_at": finished_at,
    }
    return await changed(session, _END, outcome) == 1


async def count_open(session: Session, user_id: UUID) -> int:
    """How many runs that the user requested are running; other counts wait for the end of this."""
    await lock(session, "runs", user_id)
    mine = (runs.c.requested_by == user_id, runs.c.status == "running")
    return int(await session.scalar(select(func.count()).select_from(runs).where(*mine)) or 0)


async def load_run(session: Session, run_id: UUID) -> Row | None:
    """One run, or None."""
    return await one_row(session, select(runs).where(runs.c.run_id == run_id))


async def load_runs(
    session: Session, status: str | None, as_of: date | None, limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of runs, newest first, and how many match."""
    conditions = [runs.c.status == status] if status else []
    conditions += [runs.c.as_of == as_of] if as_of else []
    page = select(runs).where(*conditions).order_by(runs.c.started_at.desc(), runs.c.run_id)
    return await page_of(session, page, limit, offset)


@prepared(portfolio_ids=ARRAY(Uuid))
def latest_head(portfolio_ids: Sequence[UUID]) -> Executable:
    """The head of the run that last worked on a portfolio, which is given as an array of one."""
    return _heads().where(runs.c.run_id == _touching(portfolio_ids))


@prepared(portfolio_ids=ARRAY(Uuid))
def latest_items(portfolio_ids: Sequence[UUID]) -> Executable:
    """What was reported about that portfolio in that run, by shard and time."""
    rows = select(items).where(items.c.run_id == _touching(portfolio_ids))
    named = rows.where(items.c.portfolio_ids.contains(portfolio_ids))
    return named.order_by(items.c.shard, items.c.occurred_at, items.c.stage)


def _touching(portfolio_ids: Sequence[UUID]) -> ScalarSelect[UUID]:
    return (
        select(items.c.run_id)
        .where(items.c.portfolio_ids.contains(portfolio_ids))
        .order_by(items.c.occurred_at.desc())
        .limit(1)
        .scalar_subquery()
    )


async def is_waiting(session: Session, portfolio_id: UUID, since: datetime | None) -> bool:
    """Whether a run that a reader of the portfolio requested goes on that began after a moment.

    A draft's run is none that another portfolio waits for.
    """
    named = or_(runs.c.trigger != DRAFT_TRIGGER, portfolios.c.kind == DRAFT)
    reader = may_read(runs.c.requested_by)
    going_on = [runs.c.status == "running", portfolios.c.portfolio_id == portfolio_id, named]
    going_on += [runs.c.started_at > since] if since else []
    waiting = select(runs.c.run_id).select_from(runs.join(portfolios, reader)).where(*going_on)
    return bool(await session.scalar(select(waiting.exists())))


async def is_run_of(session: Session, run_id: UUID, user_id: UUID) -> bool:
    """Whether the user requested the run or reads a portfolio with a report in it."""
    own = func.array(accessible(user_id).scalar_subquery())
    touched = items.c.portfolio_ids.overlap(own)
    reported = select(items.c.run_id).where(items.c.run_id == run_id, touched).exists()
    asked = (
        select(runs.c.run_id)
        .where(runs.c.run_id == run_id, runs.c.requested_by == user_id)
        .exists()
    )
    return bool(await session.scalar(select(or_(asked, reported))))


async def sessions_valued(session: Session, portfolio_id: UUID, since: date) -> list[date]:
    """The sessions from `since` on that the portfolio has a snapshot of, ascending."""
    taken = snapshots.portfolio_snapshots.c
    mine = select(taken.as_of).where(taken.portfolio_id == portfolio_id, taken.as_of >= since)
    return list(await session.scalars(mine.order_by(taken.as_of)))


async def sessions_running(session: Session, portfolio_id: UUID, since: date) -> list[date]:
    """The sessions from `since` on of running runs that the portfolio is in, or will be in.

    A run without any report yet is about the portfolios that the event which started it names, and
    without such an event about every one: a service may have read the lots already.
    """
    of_run = select(items.c.run_id).where(items.c.run_id == runs.c.run_id)
    named = of_run.where(items.c.portfolio_ids.contains([portfolio_id]))
    of_every_portfolio = runs.c.trigger.not_in(("portfolios", DRAFT_TRIGGER))
    started = or_(of_every_portfolio, _started_for(portfolio_id))
    unreported = and_(~of_run.exists(), started)
    concerned = or_(named.exists(), unreported)
    going_on = (runs.c.status == "running", runs.c.as_of >= since, concerned)
    return list(await session.scalars(select(runs.c.as_of).where(*going_on).distinct()))


def _started_for(portfolio_id: UUID) -> ColumnElement[bool]:
    """Whether an event that names the portfolio started the run."""
    start = outbox.c
    named = start.payload["portfolio_ids"].contains([str(portfolio_id)])
    same_run = (start.run_id == runs.c.run_id, start.subject == PortfoliosChanged.subject)
    return select(start.event_id).where(*same_run, named).exists()


async def owners_of(session: Session, portfolio_ids: Sequence[UUID]) -> set[UUID]:
    """Whose the portfolios are."""
    theirs = select(portfolios.c.user_id).where(portfolios.c.portfolio_id.in_(portfolio_ids))
    return set(await session.scalars(theirs))


async def is_run_again(session: Session, run_id: UUID, as_of: date, portfolio_id: UUID) -> bool:
    """Whether another run of the session was started for the portfolio, and has not ended."""
    others = select(runs.c.run_id).where(
        runs.c.status == "running",
        runs.c.as_of == as_of,
        runs.c.run_id != run_id,
        _started_for(portfolio_id),
    )
    return bool(await session.scalar(select(others.exists())))


# --- work to request ---


async def latest_price_run(session: Session, as_of: date) -> str | None:
    """The version of the market data that factors last worked on for a session, or None."""
    found: str | None = await session.scalar(
        select(covariances.c.price_run).where(covariances.c.as_of == as_of).limit(1)
    )
    return found


covariances = factors.factor_covariances
