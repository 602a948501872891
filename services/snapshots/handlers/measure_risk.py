"""Stress has stored its P&L: measure the risk of the portfolios."""

import asyncio

from services.snapshots import repository
from services.snapshots.calculations.risk import shard_risk
from services.snapshots.settings import SnapshotsSettings
from shared.contracts.event import Notice, ShardEvent
from shared.contracts.gateway import RiskRequested
from shared.contracts.snapshots import RiskMeasured
from shared.contracts.stress import StressComputed
from shared.database import Session
from shared.messaging import ServiceRouter

router = ServiceRouter("snapshots")


@router.emits(RiskMeasured)
@router.on(StressComputed, RiskRequested)
@router.unless_unchanged(RiskMeasured, repository.RISK, SnapshotsSettings)
async def measure_risk(event: ShardEvent, session: Session) -> RiskMeasured:
    """Measure what the shard's portfolios may lose in a day, and what each position adds to it."""
    inputs = await repository.claim_risk_inputs(session, event.portfolio_ids, event.as_of)
    risk = await asyncio.to_thread(shard_risk, inputs)
    await repository.save_risk(session, inputs, risk.metrics().columns(), risk.columns())
    return RiskMeasured.about(
        event,
        warnings=[Notice.of(caveat) for caveat in risk.caveats()],
        portfolios=len(inputs.portfolios),
        positions=len(inputs.positions),
    )
