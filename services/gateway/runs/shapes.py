"""A run's status, derived from its items, and the news about it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

INCOMPLETE = frozenset(
    {"price_quarantined", "yield_not_believed", "action_not_believed", "provider_unavailable"}
)  # warnings that leave a run less than whole


@dataclass(frozen=True)
class Item:
    """One stage of one shard, as its event reported.

    `occurred_at` ends it; it took `elapsed_seconds`. `shortfalls`: (code, sentence) of the warnings
    that it succeeded without everything it needs.
    """

    stage: str
    shard: int
    shards: int
    succeeded: bool
    occurred_at: datetime
    elapsed_seconds: float = 0.0
    error: str | None = None
    message: str | None = None
    shortfalls: tuple[tuple[str, str], ...] = ()

    @property
    def started_at(self) -> datetime:
        """When the stage began with the shard."""
        return self.occurred_at - timedelta(seconds=self.elapsed_seconds)


@dataclass(frozen=True)
class Trouble:
    """Why a run is not complete: which stage of which shard, a stable code, a sentence."""

    stage: str
    shard: int
    code: str
    message: str


@dataclass(frozen=True)
class ShardOutcome:
    """What became of a shard: its state, and what is missing and why.

    `state`: done, closed (something failed: nothing after it will come) or open.
    """

    state: str
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of a run.

    `status`: running, completed, partial or failed. `finished_at`: when its last row occurred, if
    it is closed.
    """

    status: str
    troubles: tuple[Trouble, ...]
    finished_at: datetime | None


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


def outcome(
    reported: Sequence[Item], stages: Sequence[str], closed_at: datetime | None = None
) -> Outcome:
    """What became of a run of `stages`.

    `closed_at` is when it was given up: what is missing then counts as failed. A shard is done when
    every stage succeeded, and closed when one failed: nothing after it will come.
    """
    items = [item for item in reported if item.stage in stages]
    shards = max((item.shards for item in items if item.succeeded), default=1)
    states = [
        shard_outcome(shard, [item for item in items if item.shard == shard], stages)
        for shard in range(shards)
    ]
    if closed_at is None and any(each.state == "open" for each in states):
        return Outcome("running", (), None)
    done = sum(each.state == "done" for each in states)
    troubles = (*_shortfalls(items), *(trouble for each in states for trouble in each.troubles))
    status = "failed" if not done else "partial" if troubles else "completed"
    last_row = max((item.occurred_at for item in items), default=closed_at)
    return Outcome(
        status, troubles, last_row if status == "completed" or closed_at is None else closed_at
    )


def shard_outcome(shard: int, items: Sequence[Item], stages: Sequence[str]) -> ShardOutcome:
    """What became of a shard, by the items that are its own and belong to `stages`."""
    succeeded = {item.stage for item in items if item.succeeded}
    if succeeded.issuperset(stages):
        return ShardOutcome("done")
    failed = [
        item
        for item in sorted(items, key=lambda item: stages.index(item.stage))
        if not item.succeeded
    ]
    if failed:
        return ShardOutcome("closed", tuple(_failure(item) for item in failed))
    missing = tuple(_missing(stage, shard) for stage in stages if stage not in succeeded)
    return ShardOutcome("open", missing)


def _failure(item: Item) -> Trouble:
    return Trouble(
        item.stage, item.shard, item.error or "failed", item.message or f"{item.stage} failed"
    )


def _shortfalls(items: Iterable[Item]) -> list[Trouble]:
    """What succeeded without everything it needs.

    Shards with the same shortfall are named once, by the first.
    """
    first: dict[tuple[str, str, str], Trouble] = {}
    for item in sorted(items, key=lambda item: item.shard):
        for code, message in item.shortfalls:
            first.setdefault(
                (item.stage, code, message), Trouble(item.stage, item.shard, code, message)
            )
    return list(first.values())


def _missing(stage: str, shard: int) -> Trouble:
    return Trouble(stage, shard, "overdue", f"{stage} did not report within the time allowed")


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


STAGE = "stage"
RESULTS = "results"
RUN = "run"


@dataclass(frozen=True)
class Run:
    """The run that an event is about."""

    run_id: UUID
    as_of: date
    trigger: str
    stages: Sequence[str]


@dataclass(frozen=True)
class News:
    """One event for the owners of any of the portfolios and the user who requested the run."""

    kind: str
    portfolio_ids: Sequence[UUID]
    data: dict[str, Any]


def shard_news(
    run: Run, recorded: Item, items: Sequence[Item], portfolio_ids: Sequence[UUID]
) -> list[News]:
    """The events of a recorded stage, and of its shard's results when these are final.

    `items`: everything reported of the run, the recorded item included.
    """
    own = [item for item in items if item.shard == recorded.shard and item.stage in run.stages]
    before = shard_outcome(
        recorded.shard, [item for item in own if item.stage != recorded.stage], run.stages
    )
    now = shard_outcome(recorded.shard, own, run.stages)
    news = [News(STAGE, portfolio_ids, _stage_data(run, recorded, own))]
    if now.state not in ("open", before.state):
        troubles = [asdict(trouble) for trouble in now.troubles]
        status = "ready" if now.state == "done" else "failed"
        data = {**_head(run), "shard": recorded.shard, "status": status, "problems": troubles}
        news.append(News(RESULTS, portfolio_ids, data))
    return news


def run_news(run: Run, result: Outcome, portfolio_ids: Sequence[UUID]) -> list[News]:
    """The event that the run is over; none while it is running."""
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


def data_for_follower(
    kind: str,
    data: dict[str, Any],
    portfolio_ids: Sequence[UUID],
    own: frozenset[UUID],
    *,
    asked: bool,
) -> dict[str, Any]:
    """An event's data for one follower.

    It names the follower's portfolios only, and holds sentences only about work on them alone: a
    message may name instruments of other users' portfolios.
    """
    mine = [portfolio_id for portfolio_id in portfolio_ids if portfolio_id in own]
    visible = {**data, "portfolio_ids": mine}
    if asked or len(mine) == len(portfolio_ids):
        return visible
    if kind == STAGE:
        return {**visible, "message": None}
    return {**visible, "problems": [{**problem, "message": None} for problem in data["problems"]]}
