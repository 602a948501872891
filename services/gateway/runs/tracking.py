"""What the stored items of a run say: its status, its news, and when it is closed as overdue."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import structlog

from services.gateway.edge import queries as edge_queries
from services.gateway.runs.queries import (
    holders,
    last_runs,
    revisions,
    run_events,
    runs,
    silent_runs,
)
from services.gateway.runs.shapes import (
    RESULTS,
    Item,
    LastRun,
    News,
    Outcome,
    Run,
    Trouble,
    alert_news,
    outcome,
    portfolio_outcome,
    run_news,
    shard_news,
    standing,
)
from services.gateway.runs.stages import CORRELATIONS, stages_of
from services.gateway.runs.starting import start_run_of
from services.gateway.runs.troubles import (
    named_symbols,
    troubles_of_failure,
    troubles_of_stage,
)
from shared.contracts.event import CALCULATION_FAILED, NOT_CALCULATED, ShardEvent, WorkFailed
from shared.contracts.limits import LimitSaved, LimitsEvaluated
from shared.database import Session

ABANDONED_SECONDS = 120.0
MOST_LOGGED = 20  # causes of one run
EDITED = "edited_meanwhile"  # the reason that `portfolios.changed` gives

log = structlog.get_logger("sigmasight.gateway")


@dataclass(frozen=True)
class _Reported:
    """A run with everything that was reported about it."""

    run: Run
    items: Sequence[Item]
    given_up_at: datetime | None
    portfolio_ids: frozenset[UUID]


async def troubles_of(
    session: Session, stage: str, event: ShardEvent | WorkFailed
) -> tuple[Trouble, ...]:
    """What the event says of failures and of what is missing, for those whom it concerns."""
    if isinstance(event, WorkFailed):
        return troubles_of_failure(stage, event)
    symbols = named_symbols(event)
    held_by = await holders.load_holders(session, symbols, event.portfolio_ids) if symbols else {}
    needed_by_all = await holders.load_proxies(session) if symbols else set()
    return troubles_of_stage(stage, event, held_by, needed_by_all)


async def follow_up(session: Session, stage: str, event: ShardEvent | WorkFailed) -> None:
    """Derive what has become of the run, and notify its followers.

    Answers about what has changed are outdated.
    """
    reported = await _load_reported(session, event.run_id)
    recorded = next(i for i in reported.items if (i.stage, i.shard) == (stage, event.shard))
    news = shard_news(reported.run, recorded, reported.items)
    over = await _derive_status(session, reported, reported.given_up_at)
    if over is not None:
        await edge_queries.notify_relays(session)  # another run may start
    edited = event.edits if isinstance(event, ShardEvent) else ()
    await revisions.raise_revision(session, {*recorded.portfolio_ids, *edited})
    if isinstance(event, ShardEvent) and _are_ready(news):
        await _run_edited_again(session, reported.run, event)
    alerts = _alert_news(reported.run, event)
    await run_events.save_news(session, _rows(event.run_id, [*news, *alerts, *(over or [])]))


async def report_alerts(session: Session, event: ShardEvent) -> None:
    """Notify the owners of new alerts of an event that does not end its stage; once."""
    await runs.save_begun(session, event)
    head = await runs.load_head(session, event.run_id)
    run = Run(event.run_id, head.as_of, head.trigger, stages_of(head.trigger))
    news = _alert_news(run, event)
    if news and not await run_events.is_recorded(session, event.run_id, news[0].data):
        await run_events.save_news(session, _rows(event.run_id, news))


async def report_alerts_of_limit(session: Session, saved: LimitSaved) -> None:
    """Notify the owner of the alerts that a limit raised when it was set, or its levels changed.

    They are news of the runs that measured the session. The caller's last statement: other writers
    of news wait until the transaction ends.
    """
    news: list[dict[str, Any]] = []
    for head in await last_runs.load_last_heads(session, saved.alerts):
        run = Run(head.run_id, head.as_of, head.trigger, stages_of(head.trigger))
        counts = {head.portfolio_id: saved.alerts[head.portfolio_id]}
        news += _rows(head.run_id, alert_news(run, uuid4(), counts))
    await run_events.save_news(session, news)


def _alert_news(run: Run, event: ShardEvent | WorkFailed) -> list[News]:
    counts = event.alerts if isinstance(event, LimitsEvaluated) else {}
    return alert_news(run, event.event_id, counts)


def _are_ready(news: Iterable[News]) -> bool:
    """Whether the news are that the results of a shard are final."""
    return any(each.kind == RESULTS and each.data["status"] == "ready" for each in news)


async def _run_edited_again(session: Session, run: Run, event: ShardEvent) -> None:
    """Run the session again for those portfolios that were edited after this run read them.

    Some stages may have read them before the edit and some after it. Not where another run of
    theirs goes on, which looks when it ends. The caller holds the revisions of the portfolios, so
    that no edit is under way. The run of one user's portfolios is that user's. A draft is not run
    again: it is stale then, until its owner calculates it.
    """
    if run.stages == (CORRELATIONS,) or run.trigger == runs.DRAFT_TRIGGER:
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


async def last_run_of(session: Session, portfolio_id: UUID) -> LastRun | None:
    """The run that last worked on a portfolio, with what became of it for this portfolio."""
    run = await runs.latest_run_of(session, portfolio_id)
    if run is None:
        return None
    reported = await _load_reported(session, run["run_id"], portfolio_id)
    stages = reported.run.stages
    own = portfolio_outcome(portfolio_id, reported.items, stages, reported.given_up_at)
    return LastRun(run["run_id"], run["as_of"], run["trigger"], run["started_at"], own)


async def last_runs_of(session: Session, portfolio_ids: Collection[UUID]) -> Mapping[UUID, LastRun]:
    """The same of several portfolios, of those that a run has reported about."""
    heads = await last_runs.load_last_heads(session, portfolio_ids)
    run_ids = {head.run_id for head in heads}
    rows = await last_runs.load_items_of(session, run_ids, portfolio_ids)
    found = {run_id: as_items(items) for run_id, items in rows.items()}
    return {
        head.portfolio_id: LastRun(
            head.run_id,
            head.as_of,
            head.trigger,
            head.started_at,
            portfolio_outcome(
                head.portfolio_id, found[head.run_id], stages_of(head.trigger), head.given_up_at
            ),
        )
        for head in heads
    }


async def standing_of(session: Session, portfolio_id: UUID) -> str | None:
    """Why results of a portfolio may be missing: its run goes on, or failed; None when neither."""
    run = await last_run_of(session, portfolio_id)
    since = run.started_at if run else None
    return standing(run, waiting=await runs.is_waiting(session, portfolio_id, since))


async def _load_reported(
    session: Session, run_id: UUID, portfolio_id: UUID | None = None
) -> _Reported:
    """The run with what was reported about it, or about one of its portfolios."""
    rows = await runs.load_items(session, run_id, portfolio_id)
    head = await runs.load_head(session, run_id)
    run = Run(run_id, head.as_of, head.trigger, stages_of(head.trigger))
    portfolio_ids = frozenset(portfolio_id for row in rows for portfolio_id in row["portfolio_ids"])
    return _Reported(run, as_items(rows), head.given_up_at, portfolio_ids)


def as_items(rows: Iterable[Mapping[str, Any]]) -> list[Item]:
    """A run's stored items as typed values."""
    shared = ("stage", "shard", "shards", "occurred_at", "elapsed_seconds")
    return [
        Item(
            succeeded=row["status"] == "ok",
            portfolio_ids=tuple(row["portfolio_ids"]),
            troubles=(*map(_trouble, row["problems"]), *_unexplained(row)),
            **{name: row[name] for name in shared},
        )
        for row in rows
    ]


def _trouble(problem: Mapping[str, Any]) -> Trouble:
    portfolio_ids = tuple(UUID(each) for each in problem["portfolio_ids"])
    return Trouble(**{**problem, "portfolio_ids": portfolio_ids})


def _unexplained(row: Mapping[str, object]) -> list[Trouble]:
    """The trouble of a failed item that an older version recorded, without any."""
    if row["status"] == "ok" or row["problems"]:
        return []
    message = {"code": CALCULATION_FAILED, "message": NOT_CALCULATED, "detail": row["message"]}
    about = {name: row[name] for name in ("stage", "shard")}
    portfolio_ids = [str(each) for each in cast(list[UUID], row["portfolio_ids"])]
    return [_trouble({**about, **message, "portfolio_ids": portfolio_ids})]


async def _derive_status(
    session: Session, reported: _Reported, closed_at: datetime | None
) -> list[News] | None:
    """Save what has become of a run; the events about it, None when nothing is new."""
    result = outcome(reported.items, reported.run.stages, closed_at)
    troubles = [trouble.as_row() for trouble in result.troubles]
    run_id = reported.run.run_id
    if not await runs.save_outcome(session, run_id, result.status, troubles, result.finished_at):
        return None
    if result.status in ("partial", "failed"):
        _log_incomplete(reported.run, result)
    return run_news(reported.run, result, sorted(reported.portfolio_ids))


def _log_incomplete(run: Run, result: Outcome) -> None:
    """For operators: what a run ended without, each cause once."""
    causes = Counter(
        (each.stage, each.code, each.detail or each.message) for each in result.troubles
    )
    log.warning(
        "run incomplete",
        run_id=str(run.run_id),
        as_of=run.as_of.isoformat(),
        trigger=run.trigger,
        status=result.status,
        causes=[
            {"stage": stage, "code": code, "detail": detail, "times": times}
            for (stage, code, detail), times in causes.most_common(MOST_LOGGED)
        ],
        more_causes=max(0, len(causes) - MOST_LOGGED),
    )


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
    late = await silent_runs.lock_overdue(session, now - overdue, now - abandoned)
    concerned: set[UUID] = set()
    news: list[dict[str, Any]] = []
    for run_id in late:
        reported = await _load_reported(session, run_id)
        news += _rows(run_id, await _derive_status(session, reported, now) or [])
        concerned |= reported.portfolio_ids
    await revisions.raise_revision(session, concerned)
    if late:
        await edge_queries.notify_relays(session)
    await run_events.save_news(session, news)
    return late
