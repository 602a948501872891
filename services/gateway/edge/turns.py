"""Whose turn it is: which events of the outbox start work now, and which wait.

Work that a user waits for goes first, the evening's close next, histories last; each user has only
so many runs at work at once, so that every user's next run is a few runs away.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Executable,
    Integer,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
)

from services.gateway.tables import BatchRun, OutboxRow
from services.gateway.tables.runs import BACKFILL, INTERACTIVE
from shared.contracts.gateway import PortfoliosChanged
from shared.database import SECOND, prepared, sql_table

outbox = sql_table(OutboxRow)
runs = sql_table(BatchRun)


@dataclass(frozen=True)
class Limits:
    """How many runs may be at work at once.

    `per_user`: of one user, in each class. `backfills`: of histories, of all users together. While
    any other run is open, none starts before `pause_seconds` have passed since the last one did: a
    history goes on, but slowly.
    """

    per_user: int = 4
    backfills: int = 1
    pause_seconds: float = 5.0


@prepared(limit=Integer(), per_user=Integer(), backfills=Integer(), pause_seconds=Double())
def next_events(limit: int, per_user: int, backfills: int, pause_seconds: float) -> Executable:
    """The next `limit` events of the outbox that may be published, held; `Limits` has the rest."""
    allowed = _may_start(per_user, _backfills(backfills, pause_seconds))
    waiting = select(outbox).where(outbox.c.published_at.is_(None), allowed)
    in_order = waiting.order_by(_first(), outbox.c.outbox_id).limit(limit)
    return in_order.with_for_update(skip_locked=True)


def _may_start(per_user: int, backfills: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether an event of the outbox may be published: all but runs that have to wait.

    Those at work have the first places of their user and class; the waiting ones follow, the oldest
    first, one user's next run after every other user's.
    """
    row = _started().subquery("started").c
    place = func.row_number().over(
        partition_by=row.work_class,
        order_by=(row.published_at.is_(None), row.turn, row.outbox_id),
    )
    placed = select(
        row.outbox_id, row.published_at, row.work_class, row.turn, place.label("place")
    ).subquery("placed")
    waiting = placed.c
    beyond_all = and_(waiting.work_class == BACKFILL, waiting.place > backfills)
    has_to_wait = select(waiting.outbox_id).where(
        waiting.published_at.is_(None), or_(waiting.turn > per_user, beyond_all)
    )
    return outbox.c.outbox_id.not_in(has_to_wait)


def _started() -> Select[Any]:
    """The events that start open runs, each with its place among those of its user and class."""
    of_user = (runs.c.work_class, runs.c.requested_by)
    waits = outbox.c.published_at.is_(None)
    turn = func.row_number().over(partition_by=of_user, order_by=(waits, outbox.c.outbox_id))
    return (
        select(outbox.c.outbox_id, outbox.c.published_at, runs.c.work_class, turn.label("turn"))
        .join(runs, runs.c.run_id == outbox.c.run_id)
        .where(runs.c.status == "running", outbox.c.subject == PortfoliosChanged.subject)
    )


def _backfills(at_once: int, pause_seconds: float) -> ColumnElement[int]:
    """How many backfills may be at work now."""
    others = select(runs.c.run_id).where(runs.c.status == "running", runs.c.work_class != BACKFILL)
    lately = func.clock_timestamp() - pause_seconds * SECOND
    begun = (
        select(outbox.c.outbox_id)
        .join(runs, runs.c.run_id == outbox.c.run_id)
        .where(outbox.c.published_at > lately, runs.c.work_class == BACKFILL)
    )
    return case(
        (others.exists() & begun.exists(), literal(0)),
        (others.exists(), literal(1)),
        else_=at_once,
    )


def _first() -> ColumnElement[int]:
    """The order of what may start: what a user waits for, then the rest."""
    interactive = select(runs.c.run_id).where(
        runs.c.run_id == outbox.c.run_id, runs.c.work_class == INTERACTIVE
    )
    return case((interactive.exists(), literal(0)), else_=literal(1))
