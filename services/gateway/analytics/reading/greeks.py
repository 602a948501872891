"""The Greeks of a portfolio or one side of it."""

from collections.abc import Sequence
from dataclasses import dataclass
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
from services.gateway.edge.written import Written, written
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


@dataclass(frozen=True)
class OptionRows:
    """What options were valued with and why not, and their entries of an answer, written."""

    sources: Sequence[Row]
    entries: Written


def whole_greeks(
    portfolio_id: UUID, snapshot: Row | None, options: OptionRows, standing: str | None
) -> Written:
    """The JSON of the answer for the whole portfolio: the snapshot's Greeks."""
    content = _answer(portfolio_id, View.PORTFOLIO, snapshot, options.sources, standing)
    return written(GreeksReport, {**content, "positions": options.entries})


def greeks_answer(
    portfolio_id: UUID,
    view: View,
    snapshot: Row | None,
    options: Sequence[Row],
    valuations: Sequence[Row],
    standing: str | None = None,
) -> GreeksReport:
    """The answer: the snapshot's Greeks of the whole portfolio, or the sum over one side."""
    held = edge_shapes.held_on(view, options)
    content = _answer(portfolio_id, view, snapshot, held, standing)
    if view is not View.PORTFOLIO and snapshot is not None:
        valued = edge_shapes.held_on(view, valuations)
        content["portfolio"] = greeks.side_greeks(valued, held)
        content["coverage"] = books_shapes.side_coverage(valued, held)
    return GreeksReport.model_validate({**content, "positions": [_with_unit(row) for row in held]})


def _answer(
    portfolio_id: UUID, view: View, snapshot: Row | None, held: Sequence[Row], standing: str | None
) -> dict[str, Any]:
    """All of it but the positions, with the Greeks of the whole portfolio."""
    envelope = snapshot_envelope(snapshot, [], standing)
    summary = envelope.pop("snapshot")
    unknown = [{**row, "symbol": row["contract"]} for row in held if row["reason"]]
    return {
        "portfolio_id": portfolio_id,
        **envelope,
        "portfolio": summary["greeks"] if summary else None,
        "warnings": [*envelope["warnings"], *greeks.valuation_warnings(held)],
        "view": view,
        "left_out": edge_shapes.left_out(unknown),
    }


def _with_unit(row: Row) -> dict[str, Any]:
    return {**row, "unit": {name: row[f"unit_{name}"] for name in edge_shapes.GREEKS}}
