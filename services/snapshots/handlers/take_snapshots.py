"""Factors are computed: value the portfolios, and measure what follows from their history."""

import asyncio

from services.snapshots import repository
from services.snapshots.calculations.chain_metrics import chain_measurements
from services.snapshots.calculations.schedule import snapshot_plan
from services.snapshots.calculations.snapshot import Snapshots, portfolio_snapshots
from services.snapshots.settings import SnapshotsSettings
from shared.arrays import Columns
from shared.contracts.event import Notice, ShardEvent
from shared.contracts.factors import FactorsComputed
from shared.contracts.gateway import SnapshotsRequested
from shared.contracts.snapshots import SnapshotsCreated
from shared.database import Session
from shared.messaging import ServiceRouter

router = ServiceRouter("snapshots")


@router.emits(SnapshotsCreated)
@router.on(FactorsComputed, SnapshotsRequested)
@router.unless_unchanged(SnapshotsCreated, repository.SNAPSHOTS, SnapshotsSettings)
async def take_snapshots(event: ShardEvent, session: Session) -> SnapshotsCreated:
    """Value the shard's portfolios at the session's end, and again on later days that depend on it.

    The event's counts and warnings are of its session; `restated` counts the later snapshots taken.
    """
    history = await repository.claim_history(session, event.portfolio_ids, event.as_of)
    plan = snapshot_plan(event.as_of, history)
    inputs = await repository.load_snapshot_inputs(session, plan)
    taken = await asyncio.to_thread(portfolio_snapshots, inputs)
    await repository.save_snapshots(session, plan, _columns(taken), taken.valuations.columns())
    chain = await repository.load_chain(session, plan, event.as_of)
    measured = await asyncio.to_thread(chain_measurements, chain, taken.concentrations_by_day())
    await repository.save_measurements(
        session, plan.portfolios, measured.metrics.columns(), measured.attributed.columns()
    )
    own = taken.of_session(event.as_of)
    return SnapshotsCreated.about(
        event,
        warnings=[Notice.of(caveat) for caveat in own.caveats],
        snapshots=own.snapshots,
        positions=own.positions,
        restated=len(plan.due) - own.snapshots,
    )


def _columns(taken: Snapshots) -> Columns:
    warnings = [
        [Notice.of(caveat).model_dump(mode="json") for caveat in caveats]
        for caveats in taken.caveats
    ]
    return {**taken.columns(), "warnings": warnings}
