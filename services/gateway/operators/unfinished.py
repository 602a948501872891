"""What is unfinished is published again: derived from the runs that are open.

The streams of the bus are no part of a backup, and may be lost. Then a run is open, its events have
left the outbox, and the bus has nothing left to work on.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import structlog

from services.gateway.edge import queries as edge_queries
from services.gateway.edge.outbox import trace_headers
from services.gateway.runs.queries import silent_runs
from services.gateway.runs.queries.silent_runs import StalledRun
from services.gateway.tables import OutboxRow
from shared.contracts.event import EVENT_NAMESPACE
from shared.contracts.gateway import MarketCloseRequested
from shared.database import Database, Session
from shared.messaging import Backlog
from shared.service import Runtime

SILENCE = timedelta(seconds=60)
REPEATS = 3  # of one run; then it is closed as overdue
CLOCK = "clock"
log = structlog.get_logger("sigmasight.gateway")


async def begin_unfinished_again(runtime: Runtime, now: datetime) -> list[UUID]:
    """Publish again what began runs whose work is neither in the outbox nor on the bus.

    Services repeat what they have done, and change nothing by it. Raises `BusUnavailable`.
    """
    if not await _is_any_silent(runtime.database, now):
        return []
    if not is_idle((await runtime.broker.backlogs()).values()):
        return []
    async with runtime.database.transaction() as session:
        stalled = await silent_runs.lock_stalled(session, now - SILENCE)
        begun = [run.run_id for run in stalled if await _begin_again(session, run)]
        if begun:
            await edge_queries.notify_relays(session)
    if begun:
        log.warning("unfinished runs begin again", runs=[str(run_id) for run_id in begun])
    return begun


async def _is_any_silent(database: Database, now: datetime) -> bool:
    async with database.transaction() as session:
        return await silent_runs.is_any_stalled(session, now - SILENCE)


def is_idle(backlogs: Iterable[Backlog]) -> bool:
    """Whether no service has a message before it, or at work."""
    found = list(backlogs)
    return bool(found) and not any(each.waiting or each.unacknowledged for each in found)


async def _begin_again(session: Session, run: StalledRun) -> bool:
    """Leave the causes of a run to the relay again; False when that was done often enough.

    A session that the clock announced has none in the outbox: it is requested, under its run.
    """
    if not run.causes and run.trigger == CLOCK:
        event = MarketCloseRequested.new(run.run_id, run.as_of, reason=CLOCK)
        await edge_queries.save_event(session, event, trace_headers())
        return True
    next_ids = {cause.outbox_id: next_id(cause) for cause in run.causes}
    for outbox_id, event_id in next_ids.items():
        if event_id is not None:
            await silent_runs.save_to_publish_again(session, outbox_id, event_id)
    return any(next_ids.values())


def next_id(cause: OutboxRow) -> UUID | None:
    """The id for the next repetition, which follows from the last one; None after the last."""
    first = UUID(cause.payload["event_id"])
    ids = [first, *(uuid5(EVENT_NAMESPACE, f"again/{first}/{n}") for n in range(REPEATS))]
    known = ids.index(cause.event_id) if cause.event_id in ids else 0
    return ids[known + 1] if known < REPEATS else None
