"""What the stored items of a run say: its status, its news, and when it is closed as overdue."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.gateway.runs.queries import revisions, run_events, runs
from services.gateway.runs.shapes import (
    INCOMPLETE,
    RESULTS,
    Item,
    News,
    Run,
    outcome,
    run_news,
    shard_news,
)
from services.gateway.runs.stages import CORRELATIONS, stages_of
from services.gateway.runs.starting import start_run_of
from shared.contracts.event import ShardEvent, WorkFailed
from shared.database import Session

ABANDONED_SECONDS = 120.0
EDITED = "edited_meanwhile"  # the reason that `portfolios.changed` gives


@dataclass(frozen=True)
class _Reported:
    """A run with everything that was reported about it."""

    run: Run
    items: Sequence[Item]
    given_up_at: datetime | None
    portfolio_ids: frozenset[UUID]


async def follow_up(session: Session, stage: str, event: ShardEvent | WorkFailed) -> None:
    """Derive what has become of the run, and notify its followers.

    Answers about what has changed are outdated.
    """
    reported = await _load_reported(session, event.run_id)
    recorded = next(i for i in reported.items if (i.stage, i.shard) == (stage, event.shard))
    news = shard_news(reported.run, recorded, reported.items, event.portfolio_ids)
    over = await _derive_status(session, reported, reported.given_up_at)
    concerned = event.portfolio_ids if over is None else reported.portfolio_ids
    await revisions.raise_revision(session, concerned)
    if isinstance(event, ShardEvent) and any(each.kind == RESULTS for each in news):
        await _run_edited_again(session, reported.run, event)
    await run_events.save_news(session, _rows(event.run_id, [*news, *(over or [])]))


async def _run_edited_again(session: Session, run: Run, event: ShardEvent) -> None:
    """Run the session again for those portfolios that were edited after this run read them.

    Some stages may have read them before the edit and some after it. Not where another run of
    theirs goes on, which looks when it ends. The caller holds the revisions of the portfolios, so
    that no edit is under way. The run of one user's portfolios is that user's.
    """
    if run.stages == (CORRELATIONS,):
        return
    edited = [
        portfolio_id
        for portfolio_id in await revisions.edited_since(session, event.edits)
        if not await runs.is_run_again(session, run.run_id, run.as_of, portfolio_id)
    ]
    if edited:
        owners = await runs.owners_of(session, edited)
        owner = owners.pop() if len(owners) == 1 else None
        await start_run_of(session, owner, edited, run.as_of, EDITED)


async def _load_reported(session: Session, run_id: UUID) -> _Reported:
    rows = await runs.load_items(session, run_id)
    head = await runs.load_head(session, run_id)
    run = Run(run_id, head.as_of, head.trigger, stages_of(head.trigger))
    portfolio_ids = frozenset(portfolio_id for row in rows for portfolio_id in row["portfolio_ids"])
    return _Reported(run, as_items(rows), head.given_up_at, portfolio_ids)


def as_items(rows: Iterable[Mapping[str, Any]]) -> list[Item]:
    """A run's stored items as typed values."""
    shared = ("stage", "shard", "shards", "occurred_at", "elapsed_seconds", "error", "message")
    return [
        Item(
            succeeded=row["status"] == "ok",
            shortfalls=_shortfalls(row["warnings"]),
            **{name: row[name] for name in shared},
        )
        for row in rows
    ]


def _shortfalls(warnings: Iterable[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (each["code"], ": ".join(filter(None, [each["message"], ", ".join(each["about"])])))
        for each in warnings
        if each["code"] in INCOMPLETE
    )


async def _derive_status(
    session: Session, reported: _Reported, closed_at: datetime | None
) -> list[News] | None:
    """Save what has become of a run; the events about it, None when nothing is new."""
    result = outcome(reported.items, reported.run.stages, closed_at)
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
    """Close every run that has been open for too long, naming what is missing.

    Returns the runs closed. Runs of deleted portfolios are closed sooner: what is left of their
    work ends within seconds.
    """
    overdue = timedelta(seconds=overdue_seconds)
    abandoned = timedelta(seconds=ABANDONED_SECONDS)
    late = await runs.lock_overdue(session, now - overdue, now - abandoned)
    concerned: set[UUID] = set()
    news: list[dict[str, Any]] = []
    for run_id in late:
        reported = await _load_reported(session, run_id)
        news += _rows(run_id, await _derive_status(session, reported, now) or [])
        concerned |= reported.portfolio_ids
    await revisions.raise_revision(session, concerned)
    await run_events.save_news(session, news)
    return late
