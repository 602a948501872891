"""How a run went: by stage, for a user's portfolios and for operators."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.gateway.runs.queries.own_runs import RunRow
from services.gateway.runs.shapes import Item, Outcome, portfolio_outcome
from services.gateway.runs.stages import ALL_STAGES, stages_of

MOST_PORTFOLIOS = 20  # of a run, in one answer


@dataclass(frozen=True)
class StagePart:
    """What a stage did for the shard of a portfolio. `after_seconds`: since the run began."""

    stage: str
    status: str
    after_seconds: float
    seconds: float
    ended_at: datetime


@dataclass(frozen=True)
class PortfolioPart:
    """What became of a run for one portfolio."""

    portfolio_id: UUID
    name: str
    outcome: Outcome
    stages: Sequence[StagePart]


@dataclass(frozen=True)
class OwnRun:
    """A run as its user sees it. `total`: how many of the user's portfolios are in it."""

    row: RunRow
    status: str
    finished_at: datetime | None
    parts: Sequence[PortfolioPart]
    total: int


def own_run(row: RunRow, items: Sequence[Item], names: Mapping[UUID, str]) -> OwnRun:
    """The run for the portfolios that have names; their stages in the order of the pipeline."""
    reported = (each for item in items for each in item.portfolio_ids)
    mine = [each for each in dict.fromkeys(reported) if each in names]
    parts = [_part(row, each, names[each], items) for each in mine[:MOST_PORTFOLIOS]]
    if not parts:
        return OwnRun(row, row.status, row.finished_at, (), 0)
    statuses = {part.outcome.status for part in parts}
    ends = [part.outcome.finished_at for part in parts if part.outcome.finished_at]
    running = "running" in statuses
    return OwnRun(row, _together(statuses), None if running else max(ends), parts, len(mine))


def _together(statuses: set[str]) -> str:
    if "running" in statuses:
        return "running"
    return next(iter(statuses)) if len(statuses) == 1 else "partial"


def _part(row: RunRow, portfolio_id: UUID, name: str, items: Iterable[Item]) -> PortfolioPart:
    own = [item for item in items if portfolio_id in item.portfolio_ids]
    outcome = portfolio_outcome(portfolio_id, own, stages_of(row.trigger), row.given_up_at)
    in_order = sorted(own, key=lambda item: ALL_STAGES.index(item.stage))
    stages = [_stage(row, portfolio_id, item) for item in in_order]
    return PortfolioPart(portfolio_id, name, outcome, stages)


def _stage(row: RunRow, portfolio_id: UUID, item: Item) -> StagePart:
    failed = any(portfolio_id in trouble.portfolio_ids for trouble in item.failures)
    after = (item.started_at - row.started_at).total_seconds()
    return StagePart(
        item.stage,
        "failed" if failed or not item.succeeded else "ok",
        round(max(after, 0.0), 3),
        round(item.elapsed_seconds, 3),
        item.occurred_at,
    )


@dataclass(frozen=True)
class StageTiming:
    """The timing of one stage over all shards.

    When it first began and last ended, the seconds of work, the shards it did.
    """

    stage: str
    first_start: datetime
    last_end: datetime
    busy_seconds: float
    shards_done: int
    shards_failed: int


def stage_timings(items: Iterable[Item], order: Iterable[str]) -> list[StageTiming]:
    """How long each stage that has begun took, in the order given."""
    rows = list(items)
    return [
        _timing(stage, found)
        for stage in order
        if (found := [item for item in rows if item.stage == stage])
    ]


def _timing(stage: str, items: Sequence[Item]) -> StageTiming:
    return StageTiming(
        stage=stage,
        first_start=min(item.started_at for item in items),
        last_end=max(item.occurred_at for item in items),
        busy_seconds=sum(item.elapsed_seconds for item in items),
        shards_done=sum(item.succeeded for item in items),
        shards_failed=sum(not item.succeeded for item in items),
    )
