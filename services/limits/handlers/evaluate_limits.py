"""A half of a shard's results is stored: evaluate the limits of its portfolios."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.limits import repository
from services.limits.calculations.contributors import questions_of, with_contributors
from services.limits.calculations.evaluation import evaluations, raised
from services.limits.calculations.rows import alert_columns, state_columns
from services.limits.inputs import Half
from services.limits.repository import Scope
from shared.contracts.event import ShardEvent
from shared.contracts.limits import LimitsEvaluated
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated
from shared.database import Session
from shared.messaging import ServiceRouter

router = ServiceRouter("limits")


@dataclass(frozen=True)
class Outcome:
    """What evaluating limits wrote: how many states, and by portfolio the new alerts."""

    states: int
    alerts: Mapping[UUID, int]


@router.emits(LimitsEvaluated)
@router.on(SnapshotsCreated, RiskMeasured)
async def evaluate_limits(event: ShardEvent, session: Session) -> LimitsEvaluated:
    """Evaluate the limits of the shard's portfolios on the session, and what follows from it.

    The first half evaluates all of them, the second one those that are read from its rows; then the
    stage is done. Snapshots of a session move those of later sessions.
    """
    half = Half.SNAPSHOTS if isinstance(event, SnapshotsCreated) else Half.RISK
    progress = await repository.claim_progress(
        session, event.run_id, event.as_of, event.shard, half
    )
    firsts = dict.fromkeys(event.portfolio_ids, event.as_of)
    only = half if progress.is_complete else None
    scope = Scope(firsts, reads_later=half is Half.SNAPSHOTS, half=only)
    outcome = await evaluate(session, scope, event.run_id)
    return LimitsEvaluated.after(
        event,
        half,
        more_follow=not progress.is_complete,
        alerts=outcome.alerts,
        states=outcome.states,
        new_alerts=sum(outcome.alerts.values()),
    )


async def evaluate(session: Session, scope: Scope, run_id: UUID) -> Outcome:
    """Evaluate limits from what is stored; write their states and alerts."""
    work = await repository.claim_work(session, scope)
    found = await asyncio.to_thread(evaluations, work)
    wanted = questions_of(found)
    if wanted:
        parts = await repository.load_contributors(session, wanted)
        found = with_contributors(found, parts)
    await repository.save_states(session, state_columns(found))
    limit_ids = {each.limit.limit_id for each in work.watched}
    columns = alert_columns(raised(found), run_id, work.readings.scenarios)
    alerts = await repository.save_alerts(session, scope.firsts, limit_ids, columns)
    return Outcome(len(found), alerts)
