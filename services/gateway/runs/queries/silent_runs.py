"""Open runs that are silent: those to close, and those to begin again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    DateTime,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)

from services.gateway.tables import BatchItem, BatchRun, DeadLetter, OutboxRow, Portfolio
from shared.database import Session, sql_table, tuples
from shared.published import ingest

runs = sql_table(BatchRun)
items = sql_table(BatchItem)
outbox = sql_table(OutboxRow)
letters = sql_table(DeadLetter)
portfolios = sql_table(Portfolio)
FETCHING_SECONDS = 120  # longer than a provider may take to answer, and ingest to store the answer


async def lock_overdue(
    session: Session, started_before: datetime, abandoned_before: datetime
) -> list[UUID]:
    """Runs still open without news since a moment, held until the transaction ends.

    A run whose first event waits in the outbox has not begun: it is never overdue.
    Sooner those whose portfolios have been deleted since. Not those that wait for prices while
    market data are being fetched: a provider's plan may allow so few requests that this takes an
    hour.
    """
    before = {"started_before": started_before, "abandoned_before": abandoned_before}
    return [run_id for (run_id,) in await tuples(session, _overdue(), before)]


@cache
def _overdue() -> Select[UUID]:
    news = _last_news()
    abandoned = and_(news < _moment("abandoned_before"), without_portfolios())
    overdue = or_(news < _moment("started_before"), abandoned)
    still_open = select(runs.c.run_id).where(*_at_work(), overdue)
    return still_open.with_for_update(skip_locked=True)


def _moment(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=DateTime(timezone=True))


def _at_work() -> tuple[ColumnElement[bool], ...]:
    """Of runs that have begun, wait for no provider, and whose reports are followed up."""
    left = outbox.c.published_at.is_(None)
    waiting = select(outbox.c.run_id).where(outbox.c.run_id == runs.c.run_id, left).exists()
    reported = select(items.c.run_id).where(
        items.c.run_id == runs.c.run_id, items.c.follow_up.is_not(None)
    )
    return (runs.c.status == "running", ~waiting, ~reported.exists(), ~_waiting_for_prices())


def _last_news() -> ColumnElement[datetime]:
    """When a run began, was published or reported, whichever is last."""
    of_run = (items.c.run_id == runs.c.run_id, outbox.c.run_id == runs.c.run_id)
    reported = select(func.max(items.c.occurred_at)).where(of_run[0]).scalar_subquery()
    published = select(func.max(outbox.c.published_at)).where(of_run[1]).scalar_subquery()
    return func.greatest(runs.c.started_at, reported, published)


def _waiting_for_prices() -> ColumnElement[bool]:
    brought = select(items.c.run_id).where(
        items.c.run_id == runs.c.run_id, items.c.stage == "prices"
    )
    asked = ingest.provider_requests.c
    lately = asked.newest > func.clock_timestamp() - timedelta(seconds=FETCHING_SECONDS)
    fetching = or_(
        select(ingest.price_claims.c.symbol).exists(), select(asked.provider).where(lately).exists()
    )
    return and_(~brought.exists(), fetching)


def without_portfolios() -> ColumnElement[bool]:
    """Whether all portfolios that were reported of a run have been deleted since."""
    of_run = items.c.run_id == runs.c.run_id
    named = select(items.c.run_id).where(of_run, func.cardinality(items.c.portfolio_ids) > 0)
    there = portfolios.c.portfolio_id == func.any(items.c.portfolio_ids)
    held = select(items.c.run_id).join(portfolios, there).where(of_run)
    return and_(named.exists(), ~held.exists())


@dataclass(frozen=True)
class StalledRun:
    """A run that was silent for a while, with the events that began it."""

    run_id: UUID
    as_of: date
    trigger: str
    causes: Sequence[OutboxRow]


async def is_any_stalled(session: Session, silent_since: datetime) -> bool:
    """Whether there is a run that may have to begin again."""
    [(is_any,)] = await tuples(session, _any_stalled(), {"silent_since": silent_since})
    return is_any


@cache
def _any_stalled() -> Select[bool]:
    found = select(runs.c.run_id).where(*_stalled(_moment("silent_since")))
    return select(found.exists())


async def lock_stalled(session: Session, silent_since: datetime) -> list[StalledRun]:
    """The runs without news since a moment, held until the transaction ends.

    Not those that a service gave up a message of: they wait for an operator, or for its replay.
    """
    stalled = select(runs.c.run_id, runs.c.as_of, runs.c.trigger).where(*_stalled(silent_since))
    found = (await session.execute(stalled.with_for_update(skip_locked=True))).all()
    of_runs = select(OutboxRow).where(outbox.c.run_id.in_([run.run_id for run in found]))
    causes = (await session.scalars(of_runs.order_by(outbox.c.outbox_id))).all()
    return [
        StalledRun(*run, [each for each in causes if each.run_id == run.run_id]) for run in found
    ]


def _stalled(silent_since: datetime | BindParameter[datetime]) -> tuple[ColumnElement[bool], ...]:
    buried = select(letters.c.letter_id).where(
        letters.c.run_id == runs.c.run_id, letters.c.replayed_at.is_(None)
    )
    silent = _last_news() < silent_since
    return (*_at_work(), silent, ~without_portfolios(), ~buried.exists())


async def save_to_publish_again(session: Session, outbox_id: int, event_id: UUID) -> None:
    """Leave a published event to the relay again, under another id: the bus knows the one before.

    It stays one row, because the turns of users are counted by rows.
    """
    again = {"published_at": None, "event_id": event_id}
    await session.execute(update(outbox).where(outbox.c.outbox_id == outbox_id).values(again))
