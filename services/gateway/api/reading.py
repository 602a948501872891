"""Answers put together from published rows: each function reads once and shapes what it read."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.gateway.api.dependencies import at_once
from services.gateway.api.schemas import FactorReport, GreeksReport, PortfolioReport, StressReport
from services.gateway.calculations import report
from services.gateway.repository import results, runs
from services.gateway.repository.rows import Row
from shared.database import Database
from shared.published.factors import factor_exposures
from shared.published.stress import stress_results

HISTORY_SESSIONS = 90
NO_SNAPSHOT = "no snapshot of this portfolio exists at or before that date: its first run has not ended yet"
NO_FACTORS = "no factor exposures of this portfolio exist at or before that date"
NO_STRESS = "no stress results of this portfolio exist at or before that date"


def snapshot_envelope(snapshot: Row | None) -> dict[str, Any]:
    """A snapshot with what every answer says about it: as_of, coverage, warnings, and the reason when it is null."""
    if snapshot is None:
        return {"as_of": None, "snapshot": None, "coverage": None, "warnings": [], "reason": NO_SNAPSHOT}
    summary = report.snapshot_summary(snapshot)
    shared = {key: summary[key] for key in ("as_of", "coverage")}
    return {**shared, "snapshot": summary, "warnings": summary["warnings"] or [], "reason": None}


async def portfolio_report(database: Database, portfolio: Row, as_of: date | None) -> PortfolioReport:
    """Everything about a portfolio, anchored on its last snapshot at or before `as_of`."""
    portfolio_id = portfolio["portfolio_id"]
    history, last_run = await at_once(
        database,
        lambda session: results.load_snapshots(session, portfolio_id, None, as_of, HISTORY_SESSIONS, 0),
        lambda session: runs.latest_run_of(session, portfolio_id),
    )
    snapshot: Row | None = history[0] if history else None
    day = snapshot["as_of"] if snapshot else None
    positions, greeks, factors, stress = await at_once(
        database,
        lambda session: results.load_valuations(session, portfolio_id, day),
        lambda session: results.load_position_greeks(session, portfolio_id, day),
        lambda session: _factor_rows(session, portfolio_id, day),
        lambda session: _stress_rows(session, portfolio_id, day),
    ) if day else ([], [], ([], []), ([], []))  # fmt: skip
    return PortfolioReport.model_validate(
        {
            "portfolio": portfolio,
            **snapshot_envelope(snapshot),
            "history": history[::-1],
            "positions": positions,
            "greeks": _greeks_report(portfolio_id, snapshot, greeks),
            "factors": _factor_report(portfolio_id, day, snapshot, *factors),
            "stress": _stress_report(portfolio_id, day, snapshot, *stress),
            "last_run": last_run,
        }
    )


# --- greeks ---


async def greeks_report(database: Database, portfolio_id: UUID, as_of: date | None) -> GreeksReport:
    """The portfolio's and its positions' Greeks on its last snapshot at or before `as_of`."""
    async with database.transaction() as session:
        snapshot = await results.latest_snapshot(session, portfolio_id, as_of)
        rows = (
            await results.load_position_greeks(session, portfolio_id, snapshot["as_of"]) if snapshot else []
        )
    return _greeks_report(portfolio_id, snapshot, rows)


def _greeks_report(portfolio_id: UUID, snapshot: Row | None, rows: Sequence[Row]) -> GreeksReport:
    envelope = snapshot_envelope(snapshot)
    summary = envelope.pop("snapshot")
    units = ({name: row[f"unit_{name}"] for name in report.GREEKS} for row in rows)
    return GreeksReport.model_validate(
        {
            "portfolio_id": portfolio_id,
            **envelope,
            "portfolio": summary["greeks"] if summary else None,
            "positions": [{**row, "unit": unit} for row, unit in zip(rows, units, strict=True)],
        }
    )


# --- factors ---


async def factor_report(database: Database, portfolio_id: UUID, as_of: date | None) -> FactorReport:
    """The portfolio's factor exposures on their last session at or before `as_of`."""
    async with database.transaction() as session:
        day = await results.latest_date(session, factor_exposures, portfolio_id, as_of)
    if day is None:
        return _factor_report(portfolio_id, None, None, [], [])
    snapshot, rows = await at_once(
        database,
        lambda session: results.latest_snapshot(session, portfolio_id, day),
        lambda session: _factor_rows(session, portfolio_id, day),
    )
    return _factor_report(portfolio_id, day, snapshot, *rows)


async def _factor_rows(session: Any, portfolio_id: UUID, day: date) -> tuple[list[Row], list[Row]]:
    exposures = await results.load_factor_exposures(session, portfolio_id, day)
    return exposures, await results.load_rate_exposures(session, portfolio_id, day)


def _nav_of(day: date | None, snapshot: Row | None) -> Any:
    """The NAV of the very session; another session's would make a wrong share."""
    return snapshot["nav"] if snapshot is not None and snapshot["as_of"] == day else None


def _factor_report(
    portfolio_id: UUID,
    day: date | None,
    snapshot: Row | None,
    exposures: Sequence[Row],
    rates: Sequence[Row],
) -> FactorReport:
    nav = _nav_of(day, snapshot)
    coverages = [row["coverage"] for row in exposures if row["coverage"] is not None]
    return FactorReport.model_validate(
        {
            "portfolio_id": portfolio_id,
            "as_of": day,
            "model": results.DEFAULT_MODEL,
            "nav": nav,
            "factors": report.factor_betas(exposures, nav),
            "rates": report.rate_exposure(rates, nav, results.RATE_MATURITY) if rates else None,
            "coverage": min(coverages, default=None),
            "warnings": [],
            "reason": None if coverages else NO_FACTORS,
        }
    )


# --- stress ---


async def stress_report(database: Database, portfolio_id: UUID, as_of: date | None) -> StressReport:
    """Every scenario's results on their last session at or before `as_of`."""
    async with database.transaction() as session:
        day = await results.latest_date(session, stress_results, portfolio_id, as_of)
    if day is None:
        return _stress_report(portfolio_id, None, None, [], [])
    snapshot, rows = await at_once(
        database,
        lambda session: results.latest_snapshot(session, portfolio_id, day),
        lambda session: _stress_rows(session, portfolio_id, day),
    )
    return _stress_report(portfolio_id, day, snapshot, *rows)


async def _stress_rows(session: Any, portfolio_id: UUID, day: date) -> tuple[list[Row], list[Row]]:
    scenarios = await results.load_stress_results(session, portfolio_id, day)
    return scenarios, await results.load_market_scenarios(session, portfolio_id, day)


def _stress_report(
    portfolio_id: UUID,
    day: date | None,
    snapshot: Row | None,
    rows: Sequence[Row],
    market: Sequence[Row],
) -> StressReport:
    nav = _nav_of(day, snapshot)
    outcomes = report.stress_outcomes(rows, nav)
    coverages = [row["coverage"] for row in rows if row["coverage"] is not None]
    return StressReport.model_validate(
        {
            "portfolio_id": portfolio_id,
            "as_of": day,
            "nav": nav,
            "scenarios": outcomes,
            "direct": report.extremes(outcomes, "direct"),
            "correlated": report.extremes(outcomes, "correlated"),
            "by_category": report.severity_summary(outcomes, "category", "correlated"),
            "by_severity": report.severity_summary(outcomes, "severity", "correlated"),
            "market_scenarios": market,
            "coverage": min(coverages, default=None),
            "warnings": report.distinct_warnings(row["warnings"] or [] for row in rows),
            "reason": None if rows else NO_STRESS,
        }
    )
