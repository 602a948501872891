"""The Greeks of a portfolio or one side of it."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.gateway.analytics.queries import greeks as greeks_queries
from services.gateway.analytics.queries import snapshots as snapshots_queries
from services.gateway.analytics.reading.snapshots import snapshot_envelope
from services.gateway.analytics.schemas.greeks import GreeksReport
from services.gateway.analytics.shapes import greeks
from services.gateway.books import shapes as books_shapes
from services.gateway.edge import shapes as edge_shapes
from services.gateway.edge.queries import Row
from services.gateway.edge.shapes import View
from services.gateway.runs.tracking import standing_of
from shared.database import Session


async def greeks_report(
    session: Session, portfolio_id: UUID, as_of: date | None, view: View
) -> GreeksReport:
    """The view's and its options' Greeks on the portfolio's last snapshot at or before `as_of`."""
    snapshot = await snapshots_queries.latest_snapshot(session, portfolio_id, as_of)
    if snapshot is None:
        standing = await standing_of(session, portfolio_id)
        return greeks_answer(portfolio_id, view, None, [], [], standing)
    day = snapshot["as_of"]
    options = await greeks_queries.load_position_greeks(session, portfolio_id, day)
    valuations: Sequence[Row] = []
    if view is not View.PORTFOLIO:
        valuations = await snapshots_queries.load_valuations(session, portfolio_id, day)
    return greeks_answer(portfolio_id, view, snapshot, options, valuations)


def greeks_answer(
    portfolio_id: UUID,
    view: View,
    snapshot: Row | None,
    options: Sequence[Row],
    valuations: Sequence[Row],
    standing: str | None = None,
) -> GreeksReport:
    """The answer: the snapshot's Greeks of the whole portfolio, or the sum over one side."""
    envelope = snapshot_envelope(snapshot, [], standing)
    summary = envelope.pop("snapshot")
    held = edge_shapes.held_on(view, options)
    valued = edge_shapes.held_on(view, valuations)
    unknown = [{**row, "symbol": row["contract"]} for row in held if row["reason"]]
    one_side = {
        "portfolio": greeks.side_greeks(valued, held),
        "coverage": books_shapes.side_coverage(valued, held),
    }
    whole = {"portfolio": summary["greeks"] if summary else None}
    return GreeksReport.model_validate(
        {
            "portfolio_id": portfolio_id,
            **envelope,
            **(whole if view is View.PORTFOLIO or snapshot is None else one_side),
            "warnings": [*envelope["warnings"], *greeks.valuation_warnings(held)],
            "view": view,
            "positions": [_with_unit(row) for row in held],
            "left_out": edge_shapes.left_out(unknown),
        }
    )


def _with_unit(row: Row) -> dict[str, Any]:
    return {**row, "unit": {name: row[f"unit_{name}"] for name in edge_shapes.GREEKS}}
