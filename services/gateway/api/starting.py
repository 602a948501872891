"""Starting the runs that make a book's numbers, in the transaction that changes the book."""

import asyncio
from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid4

from services.gateway.api.background import trace_headers
from services.gateway.api.problems import Problem
from services.gateway.repository import market, outbox, positions, runs
from shared.calendar import session_on_or_before
from shared.contracts.gateway import PortfoliosChanged
from shared.database import Session

MOST_OPEN_RUNS = 520


async def start_run(
    session: Session, user_id: UUID, portfolio_id: UUID, as_of: date, reason: str
) -> UUID:
    """Leave `portfolios.changed` in the outbox and open its run, in the caller's transaction."""
    event = PortfoliosChanged.new(uuid4(), as_of, portfolio_ids=(portfolio_id,), reason=reason)
    await runs.save_run(session, event.run_id, as_of, "portfolios", user_id)
    await outbox.save_event(session, event, trace_headers())
    return event.run_id


async def start_runs(
    session: Session, user_id: UUID, portfolio_id: UUID, days: Sequence[date], reason: str
) -> dict[date, UUID]:
    """The runs that value a portfolio on some sessions, started in the caller's transaction: the
    last one first.
    """
    if len(days) > 1:
        await refuse_too_many_runs(session, user_id, len(days))
    return {
        day: await start_run(session, user_id, portfolio_id, day, reason)
        for day in sorted(days, reverse=True)
    }


async def refuse_too_many_runs(session: Session, user_id: UUID, wanted: int) -> None:
    """429 when a user would have more runs going on than are good for everybody else's."""
    going_on = await runs.count_open(session, user_id)
    if going_on + wanted > MOST_OPEN_RUNS:
        detail = f"{going_on} of your runs go on: wait until they are through"
        raise Problem(429, "too_many_runs", detail, headers={"Retry-After": "10"})


async def restate(
    session: Session, user_id: UUID, portfolio_id: UUID, since: date, reason: str
) -> tuple[UUID | None, list[date]]:
    """Start the runs that make an edited book's numbers follow the edit, in the caller's
    transaction.

    Returns the run of the last session (None before any is known), and the earlier sessions since
    `since` whose snapshots are taken again as well.
    """
    latest = await market.latest_session(session)
    if latest is None:
        return None, []
    last = await asyncio.to_thread(
        session_on_or_before, latest
    )  # the first call loads the calendar
    stored = await positions.sessions_valued(session, portfolio_id, since)
    earlier = [day for day in stored if day < last]
    started = await start_runs(session, user_id, portfolio_id, [*earlier, last], reason)
    return started[last], earlier
