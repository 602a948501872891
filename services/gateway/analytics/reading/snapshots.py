"""A portfolio's snapshots: its value, its exposures, its performance."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.gateway.analytics.queries import metrics as metrics_queries
from services.gateway.analytics.queries import snapshots as snapshots_queries
from services.gateway.analytics.schemas.metrics import (
    PerformanceReport,
    SpanReturn,
)
from services.gateway.analytics.shapes import metrics, performance, report
from services.gateway.analytics.shapes.performance import MoneyWeighted
from services.gateway.books.shapes import NO_SNAPSHOT, explained
from services.gateway.edge import shapes as edge_shapes
from services.gateway.edge.dependencies import Paging
from services.gateway.edge.queries import Row, latest_date
from services.gateway.runs.tracking import standing_of
from shared.calendar import session_on_or_before
from shared.database import Session
from shared.published.snapshots import risk_metrics


def snapshot_envelope(
    snapshot: Row | None, without_value: Sequence[Row], standing: str | None
) -> dict[str, Any]:
    """A snapshot with as_of, coverage, positions left out, and the reason when it is null.

    `standing`: how the portfolio's last run stands, where that did not end well.
    """
    if snapshot is None:
        nothing = dict.fromkeys(("as_of", "snapshot", "coverage"))
        reason = explained(NO_SNAPSHOT, standing)
        return {**nothing, "left_out": [], "warnings": [], "reason": reason}
    summary = report.snapshot_summary(snapshot)
    shared = {key: summary[key] for key in ("as_of", "coverage")}
    notes = {"warnings": summary["warnings"] or [], "left_out": edge_shapes.left_out(without_value)}
    return {**shared, **notes, "snapshot": summary, "reason": None}


def nav_on(day: date | None, snapshot: Row | None) -> Any:
    """The NAV of the very session; another session's would make a wrong share."""
    return snapshot["nav"] if snapshot is not None and snapshot["as_of"] == day else None


def exposure_points(rows: Sequence[Row], without_value: Sequence[Row]) -> list[dict[str, Any]]:
    """Each session's exposures with the positions they do not contain."""
    by_session: dict[date, list[Row]] = {}
    for row in without_value:
        by_session.setdefault(row["as_of"], []).append(row)
    return [
        {**row, "left_out": edge_shapes.left_out(by_session.get(row["as_of"], []))} for row in rows
    ]


async def performance_report(
    session: Session,
    portfolio: Row,
    span: tuple[date | None, date | None],
    page: Paging,
) -> PerformanceReport:
    """The returns of the usual periods up to the span's end, and a page of the series within it."""
    portfolio_id = portfolio["portfolio_id"]
    start, end = span
    day = await latest_date(session, risk_metrics, portfolio_id, end)
    rows = await metrics_queries.load_metrics(session, portfolio_id, day) if day else []
    items = await snapshots_queries.load_snapshots(
        session, portfolio_id, start, end, page.limit, page.offset
    )
    total = await snapshots_queries.count_snapshots(session, portfolio_id, start, end)
    standing = None if total or day else await standing_of(session, portfolio_id)
    reason = None if total or day else explained(NO_SNAPSHOT, standing)
    content = {
        "portfolio": portfolio,
        "as_of": day,
        "periods": metrics.periods(rows, await money_weighted_of(session, portfolio_id, day)),
        "span": await _span(session, portfolio_id, start, end or day),
        **page.page(items, total),
        "reason": reason,
    }
    return PerformanceReport.model_validate(content)


async def money_weighted_of(
    session: Session, portfolio_id: UUID, day: date | None
) -> dict[str, MoneyWeighted]:
    """The money-weighted returns over the longer periods that end with the session."""
    if day is None:
        return {}
    first = performance.earliest_start(day)
    points = await snapshots_queries.load_points(session, portfolio_id, first, day)
    periods = performance.money_weighted_periods
    return await asyncio.to_thread(periods, points, day, session_on_or_before)


async def _span(
    session: Session, portfolio_id: UUID, start: date | None, end: date | None
) -> SpanReturn | None:
    """The returns of the sessions from `start` to `end`, where a start is wanted."""
    if start is None or end is None:
        return None
    points = await snapshots_queries.load_points(session, portfolio_id, start, end)
    found = await asyncio.to_thread(performance.span, points, start)
    if found is None:
        return None
    return SpanReturn.model_validate({**vars(found), **vars(found.weighted)})
