"""SQL for operators only."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, case, delete, func, or_, select, true, update

from services.gateway.edge.queries import page_of
from services.gateway.tables import (
    IS_BOOK,
    BatchRun,
    DeadLetter,
    Draft,
    OutboxRow,
    Portfolio,
    Position,
    RunEvent,
    Tag,
    Transaction,
)
from shared.database import Session, among, folded_column, prepared, sql_table, tuples
from shared.published import ingest, snapshots
from shared.texts import folded

portfolios = sql_table(Portfolio)
positions = sql_table(Position)
transactions = sql_table(Transaction)
tags = sql_table(Tag)
drafts = sql_table(Draft)
runs = sql_table(BatchRun)
events = sql_table(RunEvent)
outbox = sql_table(OutboxRow)
letters = sql_table(DeadLetter)
RECENTLY = timedelta(hours=1)
ENDED = ("completed", "partial")  # with results


async def clear_user(session: Session, user_id: UUID, kept: str) -> None:
    """Delete everything a user has but the portfolio of this name, and empty that.

    The name is compared without regard to case.
    """
    mine = portfolios.c.user_id == user_id
    other = or_(folded_column(portfolios.c.name) != folded(kept), ~IS_BOOK)
    await session.execute(delete(portfolios).where(mine, other))
    await session.execute(delete(drafts).where(drafts.c.user_id == user_id))
    own = select(portfolios.c.portfolio_id).where(mine)
    for table in (positions, transactions):
        await session.execute(delete(table).where(table.c.portfolio_id.in_(own)))
    empty = {"valued_from": None, "equity_balance": None}
    await session.execute(update(portfolios).where(mine).values(**empty))
    await session.execute(delete(tags).where(tags.c.user_id == user_id))


# --- what /metrics shows of the whole ---


@dataclass(frozen=True)
class Waiting:
    """How many there are of something, and when the oldest of them began."""

    count: int
    since: datetime


async def load_open_runs(session: Session) -> Mapping[str, Waiting]:
    """The runs that go on, by work class."""
    found = await tuples(session, *_open_runs())
    return {lane: Waiting(count, since) for lane, count, since in found}


@prepared()
def _open_runs() -> Select[str, int, datetime]:
    counted = select(runs.c.work_class, func.count(), func.min(runs.c.started_at))
    return counted.where(runs.c.status == "running").group_by(runs.c.work_class)


async def load_ended_runs(session: Session) -> Mapping[str, int]:
    """How many runs ended within the last hour, by the status that they ended with."""
    return dict(await tuples(session, *_ended_runs()))


@prepared()
def _ended_runs() -> Select[str, int]:
    status = events.c.data["status"].astext
    lately = func.now() - RECENTLY
    ended = select(status, func.count(events.c.run_id.distinct())).where(
        events.c.kind == "run", events.c.recorded_at > lately
    )
    return ended.group_by(status)


async def load_outbox(session: Session) -> Mapping[str | None, Waiting]:
    """The events that are not published yet, by the work class of their run; None without one."""
    found = await tuples(session, *_unpublished())
    return {lane: Waiting(count, since) for lane, count, since in found}


@prepared()
def _unpublished() -> Select[str | None, int, datetime]:
    joined = outbox.outerjoin(runs, runs.c.run_id == outbox.c.run_id)
    counted = select(runs.c.work_class, func.count(), func.min(outbox.c.created_at))
    waiting = counted.select_from(joined).where(outbox.c.published_at.is_(None))
    return waiting.group_by(runs.c.work_class)


async def load_dead_letters(session: Session) -> Mapping[str, int]:
    """How many messages each service gave up on, of those that were not replayed."""
    return dict(await tuples(session, *_letters_left()))


@prepared()
def _letters_left() -> Select[str, int]:
    left = select(letters.c.service, func.count()).where(letters.c.replayed_at.is_(None))
    return left.group_by(letters.c.service)


async def load_newest_sessions(session: Session) -> Mapping[str, date | None]:
    """The newest session with prices, and the newest with the results of a run."""
    [(prices, results)] = await tuples(session, *_newest_sessions())
    return {"prices": prices, "results": results}


@prepared()
def _newest_sessions() -> Select[date | None, date | None]:
    with_results = select(func.max(runs.c.as_of)).where(among(runs.c.status, ENDED))
    with_prices = select(func.max(ingest.daily_prices.c.session_date))
    return select(with_prices.scalar_subquery(), with_results.scalar_subquery())


async def load_positions(session: Session) -> Mapping[str, int]:
    """How many positions have a price of their session, a stale one, or none.

    Counted on the last session of each portfolio; of drafts none.
    """
    row = snapshots.position_valuations.c
    own = portfolios.c.portfolio_id
    last = (
        select(row.as_of).where(row.portfolio_id == own).order_by(row.as_of.desc()).limit(1)
    ).lateral("last")
    valued = snapshots.position_valuations.alias("valued")
    price = case((valued.c.price.is_(None), "missing"), (valued.c.stale, "stale"), else_="current")
    joined = portfolios.join(last, true()).join(
        valued, (valued.c.portfolio_id == own) & (valued.c.as_of == last.c.as_of)
    )
    counted = select(price, func.count()).select_from(joined).where(IS_BOOK).group_by(price)
    return dict((await session.execute(counted)).tuples().all())


@dataclass(frozen=True)
class RejectedClose:
    """A close that a source sent, as it was sent, and why it was rejected."""

    symbol: str
    session_date: date
    source: str
    close: str
    reason: str
    seen_at: datetime


async def load_quarantined(
    session: Session, symbol: str | None, limit: int, offset: int
) -> tuple[list[RejectedClose], int]:
    """A page of the rejected closes, the newest sessions first, and how many there are."""
    row = ingest.quarantined_prices.c
    found = select(*(row[each.name] for each in fields(RejectedClose)))
    if symbol is not None:
        found = found.where(row.symbol == symbol)
    order = row.session_date.desc(), row.symbol, row.source
    rows, total = await page_of(session, found.order_by(*order), limit, offset)
    return [RejectedClose(**each) for each in rows], total


async def count_quarantined(session: Session) -> int:
    """How many closes are rejected as implausible."""
    [(count,)] = await tuples(session, *_quarantined())
    return count


@prepared()
def _quarantined() -> Select[int]:
    return select(func.count()).select_from(ingest.quarantined_prices)
