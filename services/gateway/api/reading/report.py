"""Everything about a portfolio in one answer."""

from datetime import date
from typing import Any

from services.gateway.api.dependencies import at_once
from services.gateway.api.reading.factors import (
    FactorRows,
    Wanted,
    attribution_answer,
    factor_answer,
    factor_rows,
    insensitive,
)
from services.gateway.api.reading.greeks import greeks_answer
from services.gateway.api.reading.metrics import MetricRows, metric_rows, metrics_answer
from services.gateway.api.reading.snapshots import snapshot_envelope
from services.gateway.api.reading.stress import StressRows, stress_answer, stress_rows
from services.gateway.api.schemas import PortfolioReport
from services.gateway.calculations.metrics import periods
from services.gateway.calculations.sides import View, without_exposure
from services.gateway.repository import factors, greeks, metrics, runs, snapshots
from services.gateway.repository.rows import Row
from shared.database import Database

HISTORY_SESSIONS = 90
_NOTHING: tuple[Any, ...] = ([], [], FactorRows(), StressRows(), MetricRows(), [])


async def portfolio_report(database: Database, portfolio: Row, as_of: date | None) -> PortfolioReport:
    """Everything about a portfolio, anchored on its last snapshot at or before `as_of`."""
    portfolio_id, user_id = portfolio["portfolio_id"], portfolio["user_id"]
    history, last_run, definitions = await at_once(
        database,
        lambda session: snapshots.load_snapshots(session, portfolio_id, None, as_of, HISTORY_SESSIONS, 0),
        lambda session: runs.latest_run_of(session, portfolio_id),
        factors.load_definitions,
    )
    snapshot: Row | None = history[0] if history else None
    day, wanted = snapshot["as_of"] if snapshot else None, Wanted(portfolio_id)
    valued, options, exposed, stressed, measured, attributed = await at_once(
        database,
        lambda session: snapshots.load_valuations(session, portfolio_id, day),
        lambda session: greeks.load_position_greeks(session, portfolio_id, day),
        lambda session: factor_rows(session, wanted, day),
        lambda session: stress_rows(session, user_id, portfolio_id, day),
        lambda session: metric_rows(session, portfolio_id, day),
        lambda session: metrics.load_attributions(session, portfolio_id, day, day),
    ) if day else _NOTHING  # fmt: skip
    return PortfolioReport.model_validate(
        {
            "portfolio": portfolio,
            **snapshot_envelope(snapshot, without_exposure(valued)),
            "history": history[::-1],
            "positions": valued,
            "greeks": greeks_answer(portfolio_id, View.PORTFOLIO, snapshot, options, []),
            "factors": factor_answer(wanted, day if exposed.exposures else None, snapshot, exposed),
            "stress": stress_answer(
                portfolio_id, day if stressed.results else None, snapshot, stressed, insensitive(exposed)
            ),
            "metrics": metrics_answer(
                portfolio_id, View.PORTFOLIO, day if measured.metrics else None, snapshot, measured
            ),
            "performance": periods(measured.metrics),
            "attribution": attribution_answer(portfolio_id, attributed, definitions),
            "last_run": last_run,
        }
    )
