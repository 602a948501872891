"""Starting the runs that make a book's numbers, in the transaction that changes the book."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from services.gateway.edge import queries as edge_queries
from services.gateway.edge.outbox import trace_headers
from services.gateway.edge.problems import Problem
from services.gateway.market import queries as market_queries
from services.gateway.runs.queries import revisions, runs
from services.gateway.tables.runs import BACKFILL, INTERACTIVE
from shared.calendar import session_on_or_before
from shared.contracts.event import ShardEvent
from shared.contracts.gateway import DRAFT_CALCULATED, PortfoliosChanged
from shared.database import Session

MOST_OPEN_RUNS = 520


async def start_run(
    session: Session,
    user_id: UUID,
    portfolio_id: UUID,
    as_of: date,
    reason: str,
    work_class: str = INTERACTIVE,
) -> UUID:
    """Leave `portfolios.changed` in the outbox and open its run, in the caller's transaction."""
    return await start_run_of(session, user_id, [portfolio_id], as_of, reason, work_class)


async def start_run_of(
    session: Session,
    user_id: UUID | None,
    portfolio_ids: Sequence[UUID],
    as_of: date,
    reason: str,
    work_class: str = INTERACTIVE,
) -> UUID:
    """The same for several portfolios in one run. `user_id` None: no user requested it."""
    event = PortfoliosChanged.new(uuid4(), as_of, portfolio_ids=tuple(portfolio_ids), reason=reason)
    await runs.save_run(session, event.run_id, as_of, "portfolios", user_id, work_class)
    await edge_queries.save_event(session, event, trace_headers())
    return event.run_id


async def start_draft_run(session: Session, user_id: UUID, draft_id: UUID, as_of: date) -> UUID:
    """Start the run of a draft, in the caller's transaction."""
    event = PortfoliosChanged.new(
        uuid4(), as_of, portfolio_ids=(draft_id,), reason=DRAFT_CALCULATED
    )
    trigger = runs.DRAFT_TRIGGER
    await runs.save_run(session, event.run_id, as_of, trigger, user_id, INTERACTIVE)
    await edge_queries.save_event(session, event, trace_headers())
    return event.run_id


async def start_runs(
    session: Session, user_id: UUID, portfolio_id: UUID, days: Sequence[date], reason: str
) -> dict[date, UUID]:
    """Start the runs that value a portfolio on some sessions, the last one first.

    In the caller's transaction. The user waits for the last one; those before it are a history.
    """
    if len(days) > 1:
        await refuse_too_many_runs(session, user_id, len(days))
    last = max(days, default=None)
    return {
        day: await start_run(
            session,
            user_id,
            portfolio_id,
            day,
            reason,
            INTERACTIVE if day == last else BACKFILL,
        )
        for day in sorted(days, reverse=True)
    }


async def refuse_too_many_runs(session: Session, user_id: UUID, wanted: int) -> None:
    """429 when a user would have more running runs than other users' work allows.

    Others that the user starts wait for the end of this transaction.
    """
    going_on = await runs.count_open(session, user_id)
    if going_on + wanted > MOST_OPEN_RUNS:
        detail = f"{going_on} of your runs go on: wait until they are through"
        raise Problem(429, "too_many_runs", detail, headers={"Retry-After": "10"})


async def restate(
    session: Session, user_id: UUID, portfolio_id: UUID, since: date, reason: str
) -> tuple[UUID | None, list[date]]:
    """Start the runs that follow an edit of a portfolio, in the caller's transaction.

    Returns the run of the last session (None before any is known), and the earlier sessions since
    `since` whose snapshots are taken again as well.
    """
    latest = await market_queries.latest_session(session)
    if latest is None:
        return None, []
    # the first call loads the calendar
    last = await asyncio.to_thread(session_on_or_before, latest)
    stored = await runs.sessions_valued(session, portfolio_id, since)
    earlier = [day for day in stored if day < last]
    started = await start_runs(session, user_id, portfolio_id, [*earlier, last], reason)
    return started[last], earlier


PORTFOLIOS_PER_SHARD = 50


async def start_shards(
    session: Session,
    user_id: UUID,
    trigger: str,
    day: date | None,
    portfolio_ids: Sequence[UUID],
    kinds: Sequence[type[ShardEvent]],
    **facts: Any,
) -> UUID:
    """Leave events of these kinds in the outbox, cut into shards, and open their run.

    422 without factor exposures: work on stored figures needs them, and the prices they are based
    on.
    """
    price_run = await runs.latest_price_run(session, day) if day else None
    if day is None or price_run is None or not portfolio_ids:
        detail = (
            "no factor exposures are stored to work on: they come with the first run of a session"
        )
        raise Problem(422, "not_calculated", detail)
    run_id = uuid4()
    await runs.save_run(session, run_id, day, trigger, user_id, INTERACTIVE)
    parts = [
        tuple(portfolio_ids[start : start + PORTFOLIOS_PER_SHARD])
        for start in range(0, len(portfolio_ids), PORTFOLIOS_PER_SHARD)
    ]
    edits = await revisions.load_edits(session, portfolio_ids)
    for shard, part in enumerate(parts):
        work = {
            "price_run": price_run,
            "shard": shard,
            "shards": len(parts),
            "portfolio_ids": part,
            "edits": {portfolio_id: edits[portfolio_id] for portfolio_id in part},
            **facts,
        }
        for kind in kinds:
            await edge_queries.save_event(
                session, kind.new(run_id, day, part=shard, **work), trace_headers()
            )
    return run_id
