"""Everything about a portfolio in one answer."""

from datetime import date
from typing import Any

from services.gateway.analytics.queries import factors as factors_queries
from services.gateway.analytics.queries import greeks as greeks_queries
from services.gateway.analytics.queries import metrics as metrics_queries
from services.gateway.analytics.queries import snapshots as snapshots_queries
from services.gateway.analytics.reading.factors import (
    FactorRows,
    Wanted,
    attribution_answer,
    factor_answer,
    factor_rows,
    insensitive,
)
from services.gateway.analytics.reading.greeks import greeks_answer
from services.gateway.analytics.reading.metrics import MetricRows, metric_rows, metrics_answer
from services.gateway.analytics.reading.quality import market_data_of
from services.gateway.analytics.reading.snapshots import snapshot_envelope
from services.gateway.analytics.reading.stress import StressRows, stress_answer, stress_rows
from services.gateway.analytics.schemas.report import PortfolioReport
from services.gateway.analytics.shapes.metrics import periods
from services.gateway.edge.queries import Row
from services.gateway.edge.shapes import View, without_exposure
from services.gateway.runs.queries import runs as runs_queries
from shared.database import Database, Session

HISTORY_SESSIONS = 90
_NOTHING: tuple[Any, ...] = ([], [], [], FactorRows(), StressRows(), MetricRows(), [])


async def portfolio_report(
    database: Database, portfolio: Row, as_of: date | None
) -> PortfolioReport:
    """Everything about a portfolio, anchored on its last snapshot at or before `as_of`."""
    portfolio_id, wanted = portfolio["portfolio_id"], Wanted(portfolio["portfolio_id"])
    async with database.transaction() as session:
        snapshot = await snapshots_queries.latest_snapshot(session, portfolio_id, as_of)
        day = snapshot["as_of"] if snapshot else None
        last_run = await runs_queries.latest_run_of(session, portfolio_id)
        definitions = await factors_queries.load_definitions(session)
        history, valued, options, exposed, stressed, measured, attributed = (
            await _rows_on(session, portfolio, day) if day else _NOTHING
        )
        market_data = await market_data_of(session, valued, day)
    return PortfolioReport.model_validate(
        {
            "portfolio": portfolio,
            **snapshot_envelope(snapshot, without_exposure(valued)),
            "history": history,
            "positions": valued,
            "greeks": greeks_answer(portfolio_id, View.PORTFOLIO, snapshot, options, []),
            "factors": factor_answer(wanted, day if exposed.exposures else None, snapshot, exposed),
            "stress": stress_answer(
                portfolio_id,
                day if stressed.results else None,
                snapshot,
                stressed,
                insensitive(exposed),
            ),
            "metrics": metrics_answer(
                portfolio_id, View.PORTFOLIO, day if measured.metrics else None, snapshot, measured
            ),
            "performance": periods(measured.metrics),
            "attribution": attribution_answer(portfolio_id, attributed, definitions),
            "market_data": market_data,
            "last_run": last_run,
        }
    )


async def _rows_on(session: Session, portfolio: Row, day: date) -> tuple[Any, ...]:
    """What is stored of a session, in the order of `_NOTHING`."""
    portfolio_id = portfolio["portfolio_id"]
    return (
        await snapshots_queries.load_history(session, portfolio_id, day, HISTORY_SESSIONS),
        await snapshots_queries.load_valuations(session, portfolio_id, day),
        await greeks_queries.load_position_greeks(session, portfolio_id, day),
        await factor_rows(session, Wanted(portfolio_id), day),
        await stress_rows(session, portfolio["user_id"], portfolio_id, day),
        await metric_rows(session, portfolio_id, day),
        await metrics_queries.load_attributions(session, portfolio_id, day, day),
    )
