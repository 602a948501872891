"""Run tracking: every event becomes a row, a run's status is derived from its rows, and its
followers are told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.gateway.calculations.run_news import News, Run, run_news, shard_news
from services.gateway.calculations.run_status import (
    CORRELATIONS,
    INCOMPLETE,
    Item,
    outcome,
    stages_of,
)
from services.gateway.repository import books, dead_letters, run_events, runs
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

ABANDONED_SECONDS = 120.0
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
        await _follow_up(session, stage, event)


async def _record_failure(stage: str, event: WorkFailed, session: Session) -> None:
    if await runs.save_failure(session, stage, event, current_trace_id()):
        await _follow_up(session, stage, event)


@dataclass(frozen=True)
class _Reported:
    """A run with everything that was reported about it."""

    run: Run
    items: Sequence[Item]
    given_up_at: datetime | None
    portfolio_ids: frozenset[UUID]


async def _follow_up(session: Session, stage: str, event: ShardEvent | WorkFailed) -> None:
    """Derive what has become of the run, and tell its followers; answers about what has changed are
    outdated.
    """
    reported = await _load_reported(session, event.run_id)
    recorded = next(i for i in reported.items if (i.stage, i.shard) == (stage, event.shard))
    news = shard_news(reported.run, recorded, reported.items, event.portfolio_ids)
    over = await _derive_status(session, reported, reported.given_up_at)
    concerned = event.portfolio_ids if over is None else reported.portfolio_ids
    await books.raise_revision(session, concerned)
    await run_events.save_news(session, _rows(event.run_id, [*news, *(over or [])]))


async def _load_reported(session: Session, run_id: UUID) -> _Reported:
    rows = await runs.load_items(session, run_id)
    head = await runs.load_head(session, run_id)
    run = Run(run_id, head["as_of"], head["trigger"], stages_of(head["trigger"]))
    portfolio_ids = frozenset(portfolio_id for row in rows for portfolio_id in row["portfolio_ids"])
    return _Reported(run, as_items(rows), head["given_up_at"], portfolio_ids)


def as_items(rows: Iterable[Mapping[str, Any]]) -> list[Item]:
    """A run's stored items as the mathematics wants them."""
    shared = ("stage", "shard", "shards", "occurred_at", "elapsed_seconds", "error", "message")
    return [
        Item(
            succeeded=row["status"] == "ok",
            lacking=_lacking(row["warnings"]),
            **{name: row[name] for name in shared},
        )
        for row in rows
    ]


def _lacking(warnings: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            each["code"],
            ": ".join([each["message"], ", ".join(each["about"])])
            if each["about"]
            else each["message"],
        )
        for each in warnings
        if each["code"] in INCOMPLETE
    )


async def _derive_status(
    session: Session, reported: _Reported, closed_at: datetime | None
) -> list[News] | None:
    """Save what has become of a run, and what to tell of it; None when that is nothing new."""
    result = outcome(reported.items, closed_at, reported.run.stages)
    troubles = [asdict(trouble) for trouble in result.troubles]
    run_id = reported.run.run_id
    if not await runs.save_outcome(session, run_id, result.status, troubles, result.finished_at):
        return None
    return run_news(reported.run, result, sorted(reported.portfolio_ids))


def _rows(run_id: UUID, news: Sequence[News]) -> list[dict[str, Any]]:
    return [
        {"run_id": run_id, **vars(each), "portfolio_ids": list(each.portfolio_ids)} for each in news
    ]


async def close_overdue_runs(session: Session, now: datetime, overdue_seconds: float) -> list[UUID]:
    """Close every run that has been open for too long, naming what is missing; returns the runs
    closed.

    Nobody waits long for portfolios that were deleted: what is left of their work ends by itself
    within seconds.
    """
    overdue, abandoned = timedelta(seconds=overdue_seconds), timedelta(seconds=ABANDONED_SECONDS)
    late = await runs.load_overdue(session, now - overdue, now - abandoned)
    concerned: set[UUID] = set()
    told: list[dict[str, Any]] = []
    for run_id in late:
        reported = await _load_reported(session, run_id)
        told += _rows(run_id, await _derive_status(session, reported, now) or [])
        concerned |= reported.portfolio_ids
    await books.raise_revision(session, concerned)
    await run_events.save_news(session, told)
    return late
