"""What the stored items of a run say: its status, its news, and when it is closed as overdue."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog

from services.gateway.edge import queries as edge_queries
from services.gateway.edge.queries import Row
from services.gateway.runs.queries import (
    holders,
    items,
    last_runs,
    revisions,
    run_events,
    runs,
    silent_runs,
)
from services.gateway.runs.queries.runs import RunHead
from services.gateway.runs.shapes import (
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
    standing,
)
from services.gateway.runs.stages import stages_of
from services.gateway.runs.troubles import (
    named_symbols,
    troubles_of_failure,
    troubles_of_stage,
)
from shared.contracts.event import ShardEvent, WorkFailed
from shared.contracts.limits import LimitSaved, LimitsEvaluated
from shared.database import Session, Statements, fetched

ABANDONED_SECONDS = 120.0
MOST_LOGGED = 20  # causes of one run

log = structlog.get_logger("sigmasight.gateway")


@dataclass(frozen=True)
class Reported:
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


async def report_alerts(session: Session, events: Iterable[ShardEvent | WorkFailed]) -> None:
    """Notify the owners of new alerts of events that do not end their stage; once.

    The caller's last statements: other writers of news wait until the transaction ends.
    """
    raised = {
        event.event_id: event
        for event in events
        if isinstance(event, LimitsEvaluated) and any(event.alerts.values())
    }
    run_ids = sorted({event.run_id for event in raised.values()})
    for run_id in run_ids:
        await runs.hold(session, run_id)
    heads = await runs.load_heads(session, run_ids) if run_ids else {}
    rows: list[dict[str, Any]] = []
    for event in raised.values():
        news = alert_news(run_of(heads[event.run_id]), event.event_id, event.alerts)
        if not await run_events.is_recorded(session, event.run_id, news[0].data):
            rows += rows_of(event.run_id, news)
    await run_events.save_news(session, rows)


async def report_alerts_of_limit(session: Session, saved: LimitSaved) -> None:
    """Notify the owner of the alerts that a limit raised when it was set, or its levels changed.

    They are news of the runs that measured the session. The caller's last statement: other writers
    of news wait until the transaction ends.
    """
    news: list[dict[str, Any]] = []
    for head in await last_runs.load_last_heads(session, saved.alerts):
        run = Run(head.run_id, head.as_of, head.trigger, stages_of(head.trigger))
        counts = {head.portfolio_id: saved.alerts[head.portfolio_id]}
        news += rows_of(head.run_id, alert_news(run, uuid4(), counts))
    await run_events.save_news(session, news)


async def last_run_of(session: Session, portfolio_id: UUID) -> LastRun | None:
    """The run that last worked on a portfolio, with what became of it for this portfolio."""
    statements = last_run_statements(portfolio_id)
    found = {name: await fetched(session, *each) for name, each in statements.items()}
    return last_run_from(portfolio_id, found)


def last_run_statements(portfolio_id: UUID) -> Statements:
    """What `last_run_from` takes the rows of."""
    named = [portfolio_id]
    return {"run": runs.latest_head(named), "items": runs.latest_items(named)}


def last_run_from(portfolio_id: UUID, found: Mapping[str, Sequence[Row]]) -> LastRun | None:
    """The last run of a portfolio from the rows of both statements; None before any."""
    if not found["run"]:
        return None
    [row] = found["run"]
    head = runs.RunHead(**row)
    reported = items.as_items(found["items"])
    own = portfolio_outcome(portfolio_id, reported, stages_of(head.trigger), head.given_up_at)
    return LastRun(head.run_id, head.as_of, head.trigger, head.started_at, own)


async def last_runs_of(session: Session, portfolio_ids: Collection[UUID]) -> Mapping[UUID, LastRun]:
    """The same of several portfolios, of those that a run has reported about."""
    heads = await last_runs.load_last_heads(session, portfolio_ids)
    run_ids = {head.run_id for head in heads}
    rows = await last_runs.load_items_of(session, run_ids, portfolio_ids)
    found = {run_id: items.as_items(reported) for run_id, reported in rows.items()}
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


async def load_reported(
    session: Session, run_id: UUID, portfolio_id: UUID | None = None
) -> Reported:
    """The run with what was reported about it, or about one of its portfolios."""
    rows = await runs.load_items(session, run_id, portfolio_id)
    head = await runs.load_head(session, run_id)
    portfolio_ids = frozenset(portfolio_id for row in rows for portfolio_id in row["portfolio_ids"])
    return Reported(run_of(head), items.as_items(rows), head.given_up_at, portfolio_ids)


def run_of(head: RunHead) -> Run:
    """A run with the stages that it consists of."""
    return Run(head.run_id, head.as_of, head.trigger, stages_of(head.trigger))


async def derive_status(
    session: Session, reported: Reported, closed_at: datetime | None
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


def rows_of(run_id: UUID, news: Sequence[News]) -> list[dict[str, Any]]:
    """News of a run as they are recorded."""
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
        reported = await load_reported(session, run_id)
        news += rows_of(run_id, await derive_status(session, reported, now) or [])
        concerned |= reported.portfolio_ids
    await revisions.raise_revision(session, concerned)
    if late:
        await edge_queries.notify_relays(session)
    await run_events.save_news(session, news)
    return late
