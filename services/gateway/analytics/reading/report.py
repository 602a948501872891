"""Everything about a portfolio in one answer."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.gateway.analytics.queries import factors as factors_queries
from services.gateway.analytics.queries import greeks as greeks_queries
from services.gateway.analytics.queries import limits as limits_queries
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
from services.gateway.analytics.reading.snapshots import money_weighted_of, snapshot_envelope
from services.gateway.analytics.reading.stress import StressRows, stress_answer, stress_rows
from services.gateway.analytics.schemas.report import PortfolioReport
from services.gateway.analytics.shapes.greeks import valuation_warnings
from services.gateway.analytics.shapes.limits import LimitState, least_room_first
from services.gateway.analytics.shapes.metrics import periods, window_gaps
from services.gateway.analytics.shapes.performance import running_drawdowns
from services.gateway.analytics.shapes.report import pnl_by_position
from services.gateway.edge.queries import Row
from services.gateway.edge.shapes import without_exposure
from services.gateway.market import queries as market_queries
from services.gateway.runs.tracking import last_run_of, standing_of
from shared.calendar import sessions
from shared.database import Session

HISTORY_SESSIONS = 90


@dataclass(frozen=True)
class StoredFigures:
    """What is stored of a portfolio's session, by subject; empty when there is no session."""

    history: Sequence[Row] = ()
    valued: Sequence[Row] = ()
    options: Sequence[Row] = ()
    factors: FactorRows = field(default_factory=FactorRows)
    stress: StressRows = field(default_factory=StressRows)
    metrics: MetricRows = field(default_factory=MetricRows)
    attributed: Sequence[Row] = ()
    returns: Sequence[tuple[date, float | None]] = ()
    limits: Sequence[LimitState] = ()

    @property
    def complete(self) -> bool:
        """Whether every stage of a run left its figures."""
        return bool(self.factors.exposures and self.stress.results and self.metrics.metrics)


async def portfolio_report(session: Session, portfolio: Row, as_of: date | None) -> PortfolioReport:
    """Everything about a portfolio, anchored on its last snapshot at or before `as_of`."""
    portfolio_id = portfolio["portfolio_id"]
    snapshot = await snapshots_queries.latest_snapshot(session, portfolio_id, as_of)
    day = snapshot["as_of"] if snapshot else None
    stored = await _load_stored(session, portfolio, day) if day else StoredFigures()
    definitions = await factors_queries.load_definitions(session)
    last_run = await last_run_of(session, portfolio_id)
    standing = None if stored.complete else await standing_of(session, portfolio_id)
    envelope = snapshot_envelope(snapshot, without_exposure(stored.valued), standing)
    return PortfolioReport.model_validate(
        {
            "portfolio": portfolio,
            **envelope,
            "warnings": [
                *envelope["warnings"],
                *valuation_warnings(stored.options),
                *window_gaps(stored.metrics.metrics, stored.metrics.components),
            ],
            "history": _history(stored),
            "sessions": [session_date for session_date, _ in stored.returns],
            **await _age(session, day),
            "positions": stored.valued,
            **_sections(portfolio_id, snapshot, stored, standing),
            "performance": periods(
                stored.metrics.metrics, await money_weighted_of(session, portfolio_id, day)
            ),
            "attribution": attribution_answer(portfolio_id, stored.attributed, definitions),
            "pnl_by_position": pnl_by_position(
                stored.valued, snapshot["daily_pnl"] if snapshot else None
            ),
            "limits": Counter(each.state for each in stored.limits),
            "limit_states": [vars(each) for each in least_room_first(stored.limits)],
            "market_data": await market_data_of(session, stored.valued, day),
            "last_run": last_run.as_answer() if last_run else None,
        }
    )


async def _age(session: Session, day: date | None) -> dict[str, object]:
    """The last session there are data of, and how many sessions the report's is before it."""
    last = await market_queries.latest_session(session)
    behind = max(len(sessions(day, last)) - 1, 0) if day and last else None
    return {"last_session": last, "sessions_behind": behind}


def _history(stored: StoredFigures) -> list[dict[str, object]]:
    """The last sessions, each with its drawdown from the highest of its whole chain."""
    days = [day for day, _ in stored.returns]
    drawdowns = dict(zip(days, running_drawdowns([r for _, r in stored.returns]), strict=True))
    return [{**point, "drawdown": drawdowns[point["as_of"]]} for point in stored.history]


def _sections(
    portfolio_id: UUID, snapshot: Row | None, stored: StoredFigures, standing: str | None
) -> dict[str, Any]:
    """The answers of the subjects' own routes, each of the snapshot's session or empty."""
    wanted = Wanted(portfolio_id)
    day = snapshot["as_of"] if snapshot else None
    factors_day = day if stored.factors.exposures else None
    stress_day = day if stored.stress.results else None
    metrics_day = day if stored.metrics.metrics else None
    left_out = insensitive(stored.factors)
    return {
        "greeks": greeks_answer(portfolio_id, wanted.view, snapshot, stored.options, [], standing),
        "factors": factor_answer(wanted, factors_day, snapshot, stored.factors, standing),
        "stress": stress_answer(
            portfolio_id, stress_day, snapshot, stored.stress, left_out, standing
        ),
        "metrics": metrics_answer(
            portfolio_id, wanted.view, metrics_day, snapshot, stored.metrics, standing
        ),
    }


async def _load_stored(session: Session, portfolio: Row, day: date) -> StoredFigures:
    portfolio_id = portfolio["portfolio_id"]
    return StoredFigures(
        history=await snapshots_queries.load_history(session, portfolio_id, day, HISTORY_SESSIONS),
        valued=await snapshots_queries.load_valuations(session, portfolio_id, day),
        options=await greeks_queries.load_position_greeks(session, portfolio_id, day),
        factors=await factor_rows(session, Wanted(portfolio_id), day),
        stress=await stress_rows(session, portfolio["user_id"], portfolio_id, day),
        metrics=await metric_rows(session, portfolio_id, day),
        attributed=await metrics_queries.load_attributions(session, portfolio_id, day, day),
        returns=await snapshots_queries.load_returns(session, portfolio_id),
        limits=await limits_queries.load_limits_on(session, portfolio_id, day),
    )
