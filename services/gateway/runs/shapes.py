"""A run's status, derived from its items, and the news about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

MOST_SILENT = 50


@dataclass(frozen=True)
class Trouble:
    """Why a run is not complete: which stage of which shard, a stable code, a sentence.

    The sentence is for the owners of the `portfolio_ids` that it concerns, and names nothing that
    others have; the `detail` is for operators. `fatal`: these portfolios have no results.
    """

    stage: str
    shard: int
    code: str
    message: str
    portfolio_ids: tuple[UUID, ...] = ()
    fatal: bool = True
    detail: str | None = None

    def as_row(self) -> dict[str, object]:
        """It as JSON, for operators."""
        return {**vars(self), "portfolio_ids": [str(each) for each in self.portfolio_ids]}

    def as_news(self) -> dict[str, object]:
        """It as JSON, for the owners of the portfolios that it concerns."""
        return {name: value for name, value in self.as_row().items() if name != "detail"}


@dataclass(frozen=True)
class Item:
    """One stage of one shard, as its event reported.

    `occurred_at` ends it; it took `elapsed_seconds`. `troubles`: what it failed for, and what it
    succeeded without.
    """

    stage: str
    shard: int
    shards: int
    succeeded: bool
    occurred_at: datetime
    elapsed_seconds: float = 0.0
    portfolio_ids: tuple[UUID, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    @property
    def started_at(self) -> datetime:
        """When the stage began with the shard."""
        return self.occurred_at - timedelta(seconds=self.elapsed_seconds)

    @property
    def failures(self) -> tuple[Trouble, ...]:
        """The troubles that leave portfolios without results."""
        return tuple(trouble for trouble in self.troubles if trouble.fatal)


DONE = "done"
CLOSED = "closed"
OPEN = "open"


@dataclass(frozen=True)
class ShardOutcome:
    """What became of a shard (done, closed by a failure, or open), and what is missing and why."""

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


def outcome(
    reported: Sequence[Item], stages: Sequence[str], closed_at: datetime | None = None
) -> Outcome:
    """What became of a run of `stages`.

    `closed_at` is when it was given up: what is missing then counts as failed. A shard is done when
    every stage succeeded, closed when one failed. Of silent shards the first 50 are named.
    """
    items = [item for item in reported if item.stage in stages]
    shards = max((item.shards for item in items if item.succeeded), default=1)
    by_shard: dict[int, list[Item]] = {}
    for item in items:
        by_shard.setdefault(item.shard, []).append(item)
    silent = islice((each for each in range(shards) if each not in by_shard), MOST_SILENT)
    considered = sorted(each for each in {*silent, *by_shard} if each < shards)
    states = [shard_outcome(each, by_shard.get(each, ()), stages) for each in considered]
    if closed_at is None and any(each.state == OPEN for each in states):
        return Outcome("running", (), None)
    done = sum(each.state == DONE for each in states)
    troubles = (
        *_troubles_of_done(items),
        *(trouble for each in states for trouble in each.troubles),
    )
    status = "failed" if not done else "partial" if troubles else "completed"
    last_row = max((item.occurred_at for item in items), default=closed_at)
    return Outcome(
        status, troubles, last_row if status == "completed" or closed_at is None else closed_at
    )


def shard_outcome(shard: int, items: Sequence[Item], stages: Sequence[str]) -> ShardOutcome:
    """What became of a shard, by the items that are its own and belong to `stages`."""
    state = shard_state(items, stages)
    if state == DONE:
        return ShardOutcome(state)
    failed = [
        item
        for item in sorted(items, key=lambda item: stages.index(item.stage))
        if not item.succeeded
    ]
    if failed:
        return ShardOutcome(state, tuple(each for item in failed for each in item.failures))
    waiting = _without_failed(items)
    reported = {item.stage for item in items}
    missing = tuple(_missing(stage, shard, waiting) for stage in stages if stage not in reported)
    return ShardOutcome(state, missing)


def shard_state(items: Iterable[Item], stages: Sequence[str]) -> str:
    """Whether a shard is done, closed or open, by its items that belong to `stages`."""
    succeeded = {item.stage: item.succeeded for item in items}
    if not all(succeeded.values()):
        return CLOSED
    return DONE if succeeded.keys() >= set(stages) else OPEN


def _without_failed(items: Iterable[Item]) -> tuple[UUID, ...]:
    """The portfolios of a shard that no stage failed for."""
    rows = list(items)
    failed = {each for item in rows for trouble in item.failures for each in trouble.portfolio_ids}
    named = dict.fromkeys(each for item in rows for each in item.portfolio_ids)
    return tuple(each for each in named if each not in failed)


def _troubles_of_done(items: Iterable[Item]) -> list[Trouble]:
    """What stages succeeded without; the same in several shards is named once, by the first."""
    found: dict[tuple[str, str, str], Trouble] = {}
    for item in sorted(items, key=lambda item: item.shard):
        for trouble in item.troubles if item.succeeded else ():
            key = (trouble.stage, trouble.code, trouble.message)
            first = found.setdefault(key, trouble)
            concerned = dict.fromkeys((*first.portfolio_ids, *trouble.portfolio_ids))
            found[key] = replace(first, portfolio_ids=tuple(concerned))
    return list(found.values())


def _missing(stage: str, shard: int, portfolio_ids: tuple[UUID, ...]) -> Trouble:
    message = f"{stage} did not report within the time allowed"
    return Trouble(stage, shard, "overdue", message, portfolio_ids)


def portfolio_outcome(
    portfolio_id: UUID,
    reported: Iterable[Item],
    stages: Sequence[str],
    closed_at: datetime | None = None,
) -> Outcome:
    """What became of a run for one of its portfolios; what concerns only others is left out."""
    items = [
        item for item in reported if item.stage in stages and portfolio_id in item.portfolio_ids
    ]
    state = shard_outcome(min((item.shard for item in items), default=0), items, stages)
    overdue = state.troubles if state.state == OPEN and closed_at is not None else ()
    every = (*(trouble for item in items for trouble in item.troubles), *overdue)
    own = tuple(
        replace(trouble, portfolio_ids=(portfolio_id,), detail=None)
        for trouble in dict.fromkeys(every)
        if portfolio_id in trouble.portfolio_ids
    )
    failed = any(trouble.fatal for trouble in own)
    if state.state == OPEN and not failed:
        return Outcome("running", own, None)
    ended = max(item.occurred_at for item in items)
    status = "failed" if failed else "partial" if own else "completed"
    return Outcome(status, own, closed_at if overdue else ended)


NOT_ENDED = "its run has not ended yet"


@dataclass(frozen=True)
class LastRun:
    """The run that last worked on a portfolio, and what became of it for this portfolio."""

    run_id: UUID
    as_of: date
    trigger: str
    started_at: datetime
    outcome: Outcome

    def as_answer(self) -> dict[str, object]:
        """It as its owner reads it."""
        return {
            "run_id": self.run_id,
            "as_of": self.as_of,
            "trigger": self.trigger,
            "status": self.outcome.status,
            "started_at": self.started_at,
            "finished_at": self.outcome.finished_at,
            "problems": [trouble.as_news() for trouble in self.outcome.troubles],
        }


def standing(run: LastRun | None, *, waiting: bool) -> str | None:
    """Why results of a portfolio may be missing, by its last run; None when that ended well.

    `waiting`: whether a later run goes on.
    """
    if waiting or (run is not None and run.outcome.status == "running"):
        return NOT_ENDED
    if run is None:
        return "no run of it has begun"
    why = next((trouble for trouble in run.outcome.troubles if trouble.fatal), None)
    return f"its run of {run.as_of} failed ({why.stage}): {why.message}" if why else None


STAGE = "stage"
RESULTS = "results"
RUN = "run"
ALERT = "alert"
REPORT = "report"


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


def shard_news(run: Run, recorded: Item, items: Sequence[Item]) -> list[News]:
    """The events of a recorded stage, and of its shard's results when these are final.

    `items`: everything reported of the run, the recorded item included. The portfolios that the
    stage failed for have events of their failure, the others those of its success.
    """
    own = [item for item in items if item.shard == recorded.shard and item.stage in run.stages]
    before = shard_state([item for item in own if item.stage != recorded.stage], run.stages)
    now = shard_state(own, run.stages)
    news = _failure_news(run, recorded, own, expected=before != CLOSED)
    if recorded.succeeded:
        working = _without_failed([recorded])
        news.insert(0, News(STAGE, working, _stage_data(run, recorded, own)))
    if now == DONE != before:
        sound = set(_without_failed(own))
        ready = [each for each in recorded.portfolio_ids if each in sound]
        incomplete = [trouble for trouble in _troubles_of_done(own) if not trouble.fatal]
        news.append(News(RESULTS, ready, _results_data(run, recorded.shard, "ready", incomplete)))
    return [each for each in news if each.portfolio_ids or not recorded.portfolio_ids]


def _failure_news(run: Run, recorded: Item, own: Sequence[Item], *, expected: bool) -> list[News]:
    """The events for those whom the stage failed for; `expected`: their results were to come."""
    news = []
    for trouble in recorded.failures:
        said = {"status": "failed", "error": trouble.code, "message": trouble.message}
        data = {**_stage_data(run, recorded, own), **said}
        news.append(News(STAGE, trouble.portfolio_ids, data))
        if expected and recorded.stage in run.stages:
            data = _results_data(run, recorded.shard, "failed", [trouble])
            news.append(News(RESULTS, trouble.portfolio_ids, data))
    return news


def _results_data(
    run: Run, shard: int, status: str, troubles: Iterable[Trouble]
) -> dict[str, object]:
    problems = [trouble.as_news() for trouble in troubles]
    return {**_head(run), "shard": shard, "status": status, "problems": problems}


def run_news(run: Run, result: Outcome, portfolio_ids: Sequence[UUID]) -> list[News]:
    """The event that the run is over; none while it is running."""
    if result.status == "running":
        return []
    finished = result.finished_at.isoformat() if result.finished_at else None
    problems = [trouble.as_news() for trouble in result.troubles]
    data = {**_head(run), "status": result.status, "finished_at": finished, "problems": problems}
    return [News(RUN, portfolio_ids, data)]


def alert_news(run: Run, event_id: UUID, counts: Mapping[UUID, int]) -> list[News]:
    """The event that alerts are new, `counts` by portfolio; none without any."""
    new = {str(portfolio_id): count for portfolio_id, count in counts.items() if count}
    data = {**_head(run), "event_id": str(event_id), "alerts": new}
    return [News(ALERT, [UUID(each) for each in new], data)] if new else []


def _head(run: Run) -> dict[str, object]:
    return {"run_id": str(run.run_id), "as_of": run.as_of.isoformat(), "trigger": run.trigger}


def _stage_data(run: Run, recorded: Item, own: Sequence[Item]) -> dict[str, object]:
    return {
        **_head(run),
        "stage": recorded.stage,
        "status": "ok",
        "shard": recorded.shard,
        "shards": recorded.shards,
        "stages_done": sum(item.succeeded for item in own),
        "stages": len(run.stages),
        "occurred_at": recorded.occurred_at.isoformat(),
        "elapsed_seconds": recorded.elapsed_seconds,
        "error": None,
        "message": None,
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

    It names the follower's portfolios only, and the problems that concern them; who `asked` for the
    run sees every problem. The end of a run has the status that it has for these portfolios.
    """
    mine = [each for each in portfolio_ids if each in own]
    visible = {**data, "portfolio_ids": mine}
    if kind == ALERT:
        return {**visible, "alerts": sum(data["alerts"][str(each)] for each in mine)}
    if "problems" not in data:
        return visible
    names = {str(each) for each in own}
    problems = [
        {**problem, "portfolio_ids": [each for each in problem["portfolio_ids"] if each in names]}
        for problem in data["problems"]
    ]
    concerning = [problem for problem in problems if asked or problem["portfolio_ids"]]
    if kind == RUN and not asked:
        fatal = [problem["portfolio_ids"] for problem in concerning if problem["fatal"]]
        failed = {each for portfolios in fatal for each in portfolios}
        visible["status"] = _status_for({str(each) for each in mine}, failed, bool(concerning))
    return {**visible, "problems": concerning}


def _status_for(portfolio_ids: set[str], failed: set[str], incomplete: bool) -> str:
    if portfolio_ids <= failed:
        return "failed"
    return "partial" if incomplete else "completed"
