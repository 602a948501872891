"""Run tracking: every event the pipeline tells becomes a row, and a run's status is derived from its rows."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.gateway.calculations.run_status import CORRELATIONS, Item, Outcome, outcome, stages_of
from services.gateway.repository import books, runs
from shared.contracts.event import ShardEvent, WorkFailed
from shared.contracts.factors import CorrelationsComputed, FactorsComputed, FactorsFailed
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
    """A session's run has begun; with no portfolio anywhere there is nothing to wait for."""
    await runs.save_announcement(session, event)
    if not await books.any_portfolio_exists(session):
        await runs.close_run_without_work(session, event.run_id, event.occurred_at)


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
    """A shard has no factor exposures and nothing after them; or it has them and no correlations."""
    stage = "factors" if event.heard == GreeksComputed.subject else CORRELATIONS
    await _record_failure(stage, event, session)


@router.on(SnapshotsFailed)
async def record_snapshots_failure(event: SnapshotsFailed, session: Session) -> None:
    """A shard has no snapshots, or no risk metrics: what was heard tells which."""
    stage = "risk" if event.heard == StressComputed.subject else "snapshots"
    await _record_failure(stage, event, session)


@router.on(StressFailed)
async def record_stress_failure(event: StressFailed, session: Session) -> None:
    """A shard has no stress results."""
    await _record_failure("stress", event, session)


async def _record_success(stage: str, event: ShardEvent, session: Session) -> None:
    await runs.save_stage(session, stage, event, current_trace_id())
    await _derive_status(session, event)


async def _record_failure(stage: str, event: WorkFailed, session: Session) -> None:
    await runs.save_failure(session, stage, event, current_trace_id())
    await _derive_status(session, event)


async def _derive_status(session: Session, event: ShardEvent | WorkFailed) -> None:
    """Derive the run's status; answers about the shard, or with a new status about the whole run, are outdated."""
    run_id = event.run_id
    items = as_items(await runs.load_items(session, run_id))
    stages = stages_of(await runs.trigger_of(session, run_id))
    given_up = await runs.given_up_at(session, run_id)
    news = await _save_outcome(session, run_id, outcome(items, given_up, stages))
    concerned = await runs.load_portfolios_of(session, run_id) if news else event.portfolio_ids
    await books.raise_revision(session, concerned)


def as_items(rows: Iterable[Mapping[str, Any]]) -> list[Item]:
    """A run's stored items as the mathematics wants them."""
    shared = ("stage", "shard", "shards", "occurred_at", "elapsed_seconds", "error", "message")
    return [Item(succeeded=row["status"] == "ok", **{name: row[name] for name in shared}) for row in rows]


async def _save_outcome(session: Session, run_id: UUID, result: Outcome) -> bool:
    troubles = [asdict(trouble) for trouble in result.troubles]
    return await runs.save_outcome(session, run_id, result.status, troubles, result.finished_at)


async def close_overdue_runs(session: Session, now: datetime, overdue_seconds: float) -> list[UUID]:
    """Close every run that has been open for too long, naming what is missing; returns the runs closed."""
    overdue = await runs.load_overdue(session, now - timedelta(seconds=overdue_seconds))
    concerned: set[UUID] = set()
    for run_id in overdue:
        items = as_items(await runs.load_items(session, run_id))
        stages = stages_of(await runs.trigger_of(session, run_id))
        await _save_outcome(session, run_id, outcome(items, now, stages))
        concerned |= await runs.load_portfolios_of(session, run_id)
    await books.raise_revision(session, concerned)
    return overdue
