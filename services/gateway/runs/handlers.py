"""Run tracking: every event becomes a row, and `follow_up` derives a run's status from its rows.

`books.handlers` and `reports.handlers` complete the router: of prices more follows than a row, and
reports are no runs.
"""

from collections.abc import Sequence

from services.gateway.runs.follow_up import tracker
from services.gateway.runs.queries import dead_letters, items, runs
from services.gateway.runs.queries.items import StageRecord
from services.gateway.runs.tracking import report_alerts, troubles_of
from shared.contracts.event import DeadLetter, ShardEvent, WorkFailed
from shared.contracts.ingest import MarketClosed, PricesUpdated
from shared.database import Session
from shared.messaging import ServiceRouter, Traced
from shared.topology import FAILURES, STAGE_EVENTS, failed_stage, stage_of

router = ServiceRouter("gateway")


@router.on(MarketClosed)
async def open_run(event: MarketClosed, session: Session) -> None:
    """A session's run has begun. Without any portfolio its only shard is empty."""
    await runs.save_announcement(session, event)


@router.on_many(*(event for event in STAGE_EVENTS if event is not PricesUpdated), *FAILURES)
async def record_stages(
    traced: Sequence[Traced[ShardEvent | WorkFailed]], session: Session
) -> None:
    """Stages of shards are done, which runs may or may not wait for, or have failed."""
    await items.save_begun(session, [each.event for each in traced])
    halves = [each.event for each in traced if more_follow(each.event)]
    ended = [each for each in traced if not more_follow(each.event)]
    await items.save_stages(session, [await _record(session, each) for each in ended])
    await report_alerts(session, halves)
    tracker.wake_after(session)


def more_follow(event: ShardEvent | WorkFailed) -> bool:
    """Whether the event does not end its stage."""
    return isinstance(event, ShardEvent) and event.more_follow


async def _record(session: Session, traced: Traced[ShardEvent | WorkFailed]) -> StageRecord:
    event = traced.event
    if isinstance(event, WorkFailed):
        stage = failed_stage(type(event), event.heard)
    else:
        stage = stage_of(type(event))
    troubles = await troubles_of(session, stage, event)
    return StageRecord(stage, event, traced.trace_id, troubles)


@router.on_dead_letters
async def keep_letter(letter: DeadLetter, session: Session) -> None:
    """A service gave up on a message: operators may read it, and replay it."""
    await dead_letters.save_letter(session, letter)
