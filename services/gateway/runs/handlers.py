"""Run tracking: every event becomes a row, and `follow_up` derives a run's status from its rows.

`books.handlers` and `reports.handlers` complete the router: of prices more follows than a row, and
reports are no runs.
"""

from services.gateway.runs.follow_up import tracker
from services.gateway.runs.queries import dead_letters, items, runs
from services.gateway.runs.tracking import report_alerts, troubles_of
from shared.contracts.event import DeadLetter, ShardEvent, WorkFailed
from shared.contracts.ingest import MarketClosed, PricesUpdated
from shared.database import Session
from shared.messaging import ServiceRouter
from shared.telemetry import current_trace_id
from shared.topology import FAILURES, STAGE_EVENTS, failed_stage, stage_of

router = ServiceRouter("gateway")


@router.on(MarketClosed)
async def open_run(event: MarketClosed, session: Session) -> None:
    """A session's run has begun. Without any portfolio its only shard is empty."""
    await runs.save_announcement(session, event)


@router.on(*(event for event in STAGE_EVENTS if event is not PricesUpdated))
async def record_stage(event: ShardEvent, session: Session) -> None:
    """A stage of a shard is done; the run may or may not wait for it."""
    if event.more_follow:
        await report_alerts(session, event)
        return
    stage = stage_of(type(event))
    troubles = await troubles_of(session, stage, event)
    await items.save_stage(session, stage, event, current_trace_id(), troubles)
    tracker.wake_after(session)


@router.on(*FAILURES)
async def record_failure(event: WorkFailed, session: Session) -> None:
    """A stage of a shard failed, and the stages after it will not come."""
    stage = failed_stage(type(event), event.heard)
    troubles = await troubles_of(session, stage, event)
    await items.save_failure(session, stage, event, current_trace_id(), troubles)
    tracker.wake_after(session)


@router.on_dead_letters
async def keep_letter(letter: DeadLetter, session: Session) -> None:
    """A service gave up on a message: operators may read it, and replay it."""
    await dead_letters.save_letter(session, letter)
