"""Stress results of a portfolio: stored ones, and those of a what-if."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from services.gateway.analytics.queries import correlations as correlations_queries
from services.gateway.analytics.queries import factors as factors_queries
from services.gateway.analytics.queries import snapshots as snapshots_queries
from services.gateway.analytics.queries import stress as stress_queries
from services.gateway.analytics.reading.factors import FactorRows, insensitive
from services.gateway.analytics.reading.snapshots import nav_on
from services.gateway.analytics.schemas.stress import (
    MarketScenarioReport,
    StressReport,
)
from services.gateway.analytics.schemas.what_if import WhatIfReport
from services.gateway.analytics.shapes import exposures, report, scenarios
from services.gateway.books.shapes import explained
from services.gateway.edge import shapes as edge_shapes
from services.gateway.edge.queries import Row, latest_date
from services.gateway.runs.tracking import standing_of
from shared.contracts.stress import WhatIfEvaluated
from shared.database import Session
from shared.published.stress import market_risk_scenarios, stress_results

NO_STRESS = "no stress results of this portfolio exist at or before that date"
METHODS = scenarios.METHODS


@dataclass(frozen=True)
class StressRows:
    """Results, plain moves, every position's part when it is wanted, and the covariance used."""

    results: Sequence[Mapping[str, Any]] = ()
    market: Sequence[Mapping[str, Any]] = ()
    impacts: Sequence[Mapping[str, Any]] | None = None
    basis: Mapping[str, object] | None = None


async def stress_report(
    session: Session, user_id: UUID, portfolio_id: UUID, as_of: date | None, with_positions: bool
) -> StressReport:
    """Every scenario's results on their last session at or before `as_of`."""
    day = await latest_date(session, stress_results, portfolio_id, as_of)
    if day is None:
        standing = await standing_of(session, portfolio_id)
        return stress_answer(portfolio_id, None, None, StressRows(), [], standing)
    snapshot = await snapshots_queries.latest_snapshot(session, portfolio_id, day)
    rows = await stress_rows(session, user_id, portfolio_id, day, with_positions)
    left_out = await _insensitive(session, portfolio_id, day)
    return stress_answer(portfolio_id, day, snapshot, rows, left_out)


async def stress_rows(
    session: Session, user_id: UUID, portfolio_id: UUID, day: date, with_positions: bool = False
) -> StressRows:
    """What the answer is made of."""
    return StressRows(
        results=await stress_queries.load_stress_results(session, user_id, portfolio_id, day),
        market=await stress_queries.load_market_scenarios(session, portfolio_id, day),
        impacts=await stress_queries.load_position_impacts(session, portfolio_id, day)
        if with_positions
        else None,
        basis=await correlations_queries.load_stress_basis(session, day),
    )


def stress_answer(
    portfolio_id: UUID,
    day: date | None,
    snapshot: Row | None,
    rows: StressRows,
    left_out: Sequence[Mapping[str, Any]],
    standing: str | None = None,
) -> StressReport:
    """The answer from its rows; empty with a reason when nothing was computed.

    `left_out`: the positions without a sensitivity that some scenario needs. `standing`: how the
    portfolio's last run stands, where that did not end well.
    """
    nav = nav_on(day, snapshot)
    results = (
        rows.results
        if rows.impacts is None
        else scenarios.with_positions(rows.results, rows.impacts)
    )
    outcomes = scenarios.stress_outcomes(results, nav)
    coverages = [row["coverage"] for row in rows.results if row["coverage"] is not None]
    return StressReport.model_validate(
        {
            "portfolio_id": portfolio_id,
            "as_of": day,
            "nav": nav,
            "scenarios": outcomes,
            **{method: scenarios.extremes(outcomes, method) for method in METHODS},
            "correlated_by": rows.basis,
            "by_category": scenarios.group_summary(outcomes, "category"),
            "by_severity": scenarios.group_summary(outcomes, "severity"),
            "market_scenarios": rows.market,
            "coverage": min(coverages, default=None),
            "left_out": edge_shapes.left_out(left_out),
            "warnings": report.distinct_warnings(row["warnings"] or [] for row in rows.results),
            "reason": None if rows.results else explained(NO_STRESS, standing),
        }
    )


async def market_scenario_report(
    session: Session, portfolio_id: UUID, as_of: date | None
) -> MarketScenarioReport:
    """The plain moves on their last session at or before `as_of`."""
    day = await latest_date(session, market_risk_scenarios, portfolio_id, as_of)
    items: Sequence[Row] = []
    left_out: Sequence[Mapping[str, Any]] = []
    snapshot: Row | None = None
    if day is not None:
        items = await stress_queries.load_market_scenarios(session, portfolio_id, day)
        left_out = await _insensitive(session, portfolio_id, day)
        snapshot = await snapshots_queries.latest_snapshot(session, portfolio_id, day)
    standing = None if items else await standing_of(session, portfolio_id)
    return MarketScenarioReport.model_validate(
        {
            "portfolio_id": portfolio_id,
            "as_of": day,
            "nav": nav_on(day, snapshot),
            "items": items,
            "total": len(items),
            "left_out": edge_shapes.left_out(left_out),
            "reason": None if items else explained(NO_STRESS, standing),
        }
    )


async def _insensitive(
    session: Session,
    portfolio_id: UUID,
    day: date,
    *,
    to_factors: bool = True,
    to_rates: bool = True,
) -> list[Mapping[str, Any]]:
    """The positions that scenarios with these shocks leave out."""
    rows = FactorRows()
    if to_factors:
        unmeasured = await factors_queries.load_without_factors(
            session, portfolio_id, day, exposures.DEFAULT_MODEL
        )
        rows = replace(rows, unmeasured=unmeasured)
    if to_rates:
        rates = await factors_queries.load_rate_sensitivities(session, portfolio_id, day)
        rows = replace(rows, rates=rates)
    return insensitive(rows)


async def what_if_report(session: Session, answer: WhatIfEvaluated) -> WhatIfReport:
    """What stress answered, laid out like its stored results."""
    rows = [_row(outcome.model_dump()) for outcome in answer.outcomes]
    needed = {
        "to_factors": any(row["shocks"] for row in rows),
        "to_rates": any(row["rate_shock"] is not None for row in rows),
    }
    snapshot = await snapshots_queries.latest_snapshot(session, answer.portfolio_id, answer.as_of)
    left_out = await _insensitive(session, answer.portfolio_id, answer.as_of, **needed)
    nav = nav_on(answer.as_of, snapshot)
    return WhatIfReport.model_validate(
        {
            "portfolio_id": answer.portfolio_id,
            "as_of": answer.as_of,
            "nav": nav,
            "scenarios": scenarios.stress_outcomes(rows, nav),
            "correlated_by": await correlations_queries.load_stress_basis(session, answer.as_of),
            "left_out": edge_shapes.left_out(left_out),
            "warnings": [each.model_dump() for each in answer.warnings],
            "applied": answer.applied and answer.applied.model_dump(),
        }
    )


def _row(outcome: Row) -> dict[str, Any]:
    """The outcome with the field names of a stored result."""
    return {**outcome, "warnings": outcome["left_out"], "left_out": []}
