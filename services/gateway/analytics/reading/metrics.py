"""Risk metrics of a portfolio or one side of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.gateway.analytics.queries import metrics as metrics_queries
from services.gateway.analytics.queries import snapshots as snapshots_queries
from services.gateway.analytics.reading.definitions import figure_title
from services.gateway.analytics.reading.snapshots import nav_on
from services.gateway.analytics.schemas.metrics import MetricsReport
from services.gateway.analytics.shapes import metrics
from services.gateway.books.shapes import explained
from services.gateway.edge import shapes as edge_shapes
from services.gateway.edge.queries import Row, latest_date
from services.gateway.edge.shapes import View
from services.gateway.edge.written import Written, rows_written, written
from services.gateway.runs.tracking import standing_of
from shared.database import Session
from shared.published.snapshots import risk_metrics

NO_METRICS = "no risk metrics of this portfolio exist at or before that date"


@dataclass(frozen=True)
class MetricRows:
    """Metrics of every view, and the positions' parts of the VaR."""

    metrics: Sequence[Row] = ()
    components: Sequence[Row] = ()


async def metrics_report(
    session: Session, portfolio_id: UUID, as_of: date | None, view: View
) -> MetricsReport:
    """The view's metrics on their last session at or before `as_of`."""
    day = await latest_date(session, risk_metrics, portfolio_id, as_of)
    if day is None:
        standing = await standing_of(session, portfolio_id)
        return metrics_answer(portfolio_id, view, None, None, MetricRows(), standing)
    snapshot = await snapshots_queries.latest_snapshot(session, portfolio_id, day)
    rows = await metric_rows(session, portfolio_id, day)
    return metrics_answer(portfolio_id, view, day, snapshot, rows)


async def metric_rows(session: Session, portfolio_id: UUID, day: date) -> MetricRows:
    """What the answer is made of."""
    found = await metrics_queries.load_metrics(session, portfolio_id, day)
    return MetricRows(found, await metrics_queries.load_components(session, portfolio_id, day))


def whole_metrics(
    portfolio_id: UUID,
    day: date | None,
    snapshot: Row | None,
    rows: MetricRows,
    standing: str | None,
) -> Written:
    """The JSON of `metrics_answer` for the whole portfolio."""
    content = _content(portfolio_id, View.PORTFOLIO, day, snapshot, rows, standing)
    components = rows_written(content["component_var"])
    return written(MetricsReport, {**content, "component_var": components})


def metrics_answer(
    portfolio_id: UUID,
    view: View,
    day: date | None,
    snapshot: Row | None,
    rows: MetricRows,
    standing: str | None = None,
) -> MetricsReport:
    """The answer from its rows; empty with a reason when nothing was computed.

    `standing`: how the portfolio's last run stands, where that did not end well.
    """
    return MetricsReport.model_validate(_content(portfolio_id, view, day, snapshot, rows, standing))


def _content(
    portfolio_id: UUID,
    view: View,
    day: date | None,
    snapshot: Row | None,
    rows: MetricRows,
    standing: str | None,
) -> dict[str, Any]:
    nav = nav_on(day, snapshot)
    held = edge_shapes.held_on(view, rows.components)
    left_out = edge_shapes.left_out(row for row in held if row["reason"])
    parts = metrics.component_vars(rows.components) if view is View.PORTFOLIO else []
    return {
        "portfolio_id": portfolio_id,
        "as_of": day,
        "view": view,
        "nav": nav,
        "groups": metrics.metric_groups(rows.metrics, view, nav, figure_title),
        "component_var": parts,
        "left_out": left_out,
        "warnings": [*edge_shapes.absences(left_out), *metrics.window_gaps(rows.metrics, held)],
        "reason": None if rows.metrics else explained(NO_METRICS, standing),
    }
