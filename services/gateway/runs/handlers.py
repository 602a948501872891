"""Run tracking: every event becomes a row, a run's status is derived from its rows, and its
followers are told.
"""

from services.gateway.runs.queries import dead_letters, runs
from services.gateway.runs.shapes import CORRELATIONS
from services.gateway.runs.tracking import follow_up
from shared.contracts.event import DeadLetter, ShardEvent, WorkFailed
from shared.contracts.factors import CorrelationsComputed, FactorsComputed, FactorsFailed
from shared.contracts.gateway import RiskRequested
from shared.contracts.greeks import GreeksComputed, GreeksFailed
from shared.contracts.ingest import IngestFailed, MarketClosed, PricesUpdated
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated, SnapshotsFailed
from shared.contracts.stress import StressComputed, StressFailed
from shared.database import Session
from shared.messaging import ServiceRouter
from shared.telemetry import current_trace_id

router = ServiceRouter("gateway")


@router.on(MarketClosed)
async def open_run(event: MarketClosed, session: Session) -> None:
    """A session's run has begun; without a portfolio anywhere its only shard comes empty."""
    await runs.save_announcement(session, event)


@router.on(PricesUpdated)
async def record_prices(event: PricesUpdated, session: Session) -> None:
    """A shard's prices are stored."""
    await _record_success("prices", event, session)


@router.on(GreeksComputed)
async def record_greeks(event: GreeksComputed, session: Session) -> None:
    """A shard's Greeks are stored."""
    await _record_success("greeks", event, session)


@router.on(FactorsComputed)
async def record_factors(event: FactorsComputed, session: Session) -> None:
    """A shard's factor exposures are stored."""
    await _record_success("factors", event, session)


@router.on(SnapshotsCreated)
async def record_snapshots(event: SnapshotsCreated, session: Session) -> None:
    """A shard's snapshots are stored."""
    await _record_success("snapshots", event, session)


@router.on(StressComputed)
async def record_stress(event: StressComputed, session: Session) -> None:
    """A shard's stress results are stored."""
    await _record_success("stress", event, session)


@router.on(CorrelationsComputed)
async def record_correlations(event: CorrelationsComputed, session: Session) -> None:
    """A shard's position correlations are stored: what an on-demand run waits for, and no other."""
    await _record_success(CORRELATIONS, event, session)


@router.on(RiskMeasured)
async def record_risk(event: RiskMeasured, session: Session) -> None:
    """A shard's risk metrics are stored."""
    await _record_success("risk", event, session)


@router.on(IngestFailed)
async def record_ingest_failure(event: IngestFailed, session: Session) -> None:
    """No prices: the run, or the shard, ends here."""
    await _record_failure("prices", event, session)


@router.on(GreeksFailed)
async def record_greeks_failure(event: GreeksFailed, session: Session) -> None:
    """A shard has no Greeks and nothing after them."""
    await _record_failure("greeks", event, session)


@router.on(FactorsFailed)
async def record_factors_failure(event: FactorsFailed, session: Session) -> None:
    """A shard has no factor exposures and nothing after them; or it has them and no
    correlations.
    """
    stage = "factors" if event.heard == GreeksComputed.subject else CORRELATIONS
    await _record_failure(stage, event, session)


@router.on(SnapshotsFailed)
async def record_snapshots_failure(event: SnapshotsFailed, session: Session) -> None:
    """A shard has no snapshots, or no risk metrics: what was heard tells which."""
    stage = (
        "risk" if event.heard in (StressComputed.subject, RiskRequested.subject) else "snapshots"
    )
    await _record_failure(stage, event, session)


@router.on(StressFailed)
async def record_stress_failure(event: StressFailed, session: Session) -> None:
    """A shard has no stress results."""
    await _record_failure("stress", event, session)


@router.on_dead_letters
async def keep_letter(letter: DeadLetter, session: Session) -> None:
    """A service gave up on a message: operators may look at it, and have it tried again."""
    await dead_letters.save_letter(session, letter)


async def _record_success(stage: str, event: ShardEvent, session: Session) -> None:
    if await runs.save_stage(session, stage, event, current_trace_id()):
        await follow_up(session, stage, event)


async def _record_failure(stage: str, event: WorkFailed, session: Session) -> None:
    if await runs.save_failure(session, stage, event, current_trace_id()):
        await follow_up(session, stage, event)
