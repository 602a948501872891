"""What the followers of a run are told when a stage of it is recorded, or when it is given up."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.gateway.calculations.run_status import Item, Outcome, shard_outcome

STAGE = "stage"
RESULTS = "results"
RUN = "run"


@dataclass(frozen=True)
class Run:
    """The run that something is told of."""

    run_id: UUID
    as_of: date
    trigger: str
    stages: Sequence[str]


@dataclass(frozen=True)
class News:
    """One thing to tell those who hold any of the portfolios, and the one who asked for the run."""

    kind: str
    portfolio_ids: Sequence[UUID]
    data: dict[str, Any]


def shard_news(
    run: Run, recorded: Item, items: Sequence[Item], portfolio_ids: Sequence[UUID]
) -> list[News]:
    """A stage was recorded; and its shard's results are complete, or never will be, when that is
    new.

    `items`: everything reported of the run, the recorded item included.
    """
    own = [item for item in items if item.shard == recorded.shard and item.stage in run.stages]
    before = shard_outcome(
        recorded.shard, [item for item in own if item.stage != recorded.stage], run.stages
    )
    now = shard_outcome(recorded.shard, own, run.stages)
    told = [News(STAGE, portfolio_ids, _stage_data(run, recorded, own))]
    if now.state not in ("open", before.state):
        troubles = [asdict(trouble) for trouble in now.troubles]
        status = "ready" if now.state == "done" else "failed"
        data = {**_head(run), "shard": recorded.shard, "status": status, "problems": troubles}
        told.append(News(RESULTS, portfolio_ids, data))
    return told


def run_news(run: Run, result: Outcome, portfolio_ids: Sequence[UUID]) -> list[News]:
    """The run is over; nothing while it goes on."""
    if result.status == "running":
        return []
    finished = result.finished_at.isoformat() if result.finished_at else None
    troubles = [asdict(trouble) for trouble in result.troubles]
    data = {**_head(run), "status": result.status, "finished_at": finished, "problems": troubles}
    return [News(RUN, portfolio_ids, data)]


def _head(run: Run) -> dict[str, Any]:
    return {"run_id": str(run.run_id), "as_of": run.as_of.isoformat(), "trigger": run.trigger}


def _stage_data(run: Run, recorded: Item, own: Sequence[Item]) -> dict[str, Any]:
    return {
        **_head(run),
        "stage": recorded.stage,
        "status": "ok" if recorded.succeeded else "failed",
        "shard": recorded.shard,
        "shards": recorded.shards,
        "stages_done": sum(item.succeeded for item in own),
        "stages": len(run.stages),
        "occurred_at": recorded.occurred_at.isoformat(),
        "elapsed_seconds": recorded.elapsed_seconds,
        "error": recorded.error,
        "message": recorded.message,
    }


def as_told(
    kind: str,
    data: dict[str, Any],
    portfolio_ids: Sequence[UUID],
    own: frozenset[UUID],
    *,
    asked: bool,
) -> dict[str, Any]:
    """What one follower is told: their own portfolios, and sentences only about work that is nobody
    else's.

    A message may name instruments, and those of other people's portfolios are not this follower's
    to know.
    """
    mine = [portfolio_id for portfolio_id in portfolio_ids if portfolio_id in own]
    told = {**data, "portfolio_ids": mine}
    if asked or len(mine) == len(portfolio_ids):
        return told
    if kind == STAGE:
        return {**told, "message": None}
    return {**told, "problems": [{**problem, "message": None} for problem in data["problems"]]}
