"""Scenarios and what they would do."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.api.schemas.values import SOME_ID, Money, Warned, example

_SCENARIO = {
    "scenario_id": "market_crash_35",
    "name": "Market crash -35 %",
    "description": "The market falls by 35 %",
    "category": "market",
    "severity": "severe",
    "shocks": {"Market": -0.35},
    "rate_shock": None,
    "basis": "relative",
}


class ScenarioOut(BaseModel):
    """A stress scenario. Shocks are decimal returns of the factors' proxies; the rate shock a change of yield."""

    model_config = example(**_SCENARIO)

    scenario_id: str
    name: str
    description: str | None
    category: str
    severity: str
    shocks: dict[str, float]
    rate_shock: float | None
    basis: str


class ScenarioList(BaseModel):
    """Every active scenario, in display order."""

    model_config = example(items=[_SCENARIO], total=18)

    items: list[ScenarioOut]
    total: int


class StressResultOut(BaseModel):
    """What a scenario costs (negative) or earns. Impacts by factor and the non-linear part add up to the total."""

    total_pnl: Money | None
    share_of_nav: float | None
    beyond_nav: bool = Field(description="the loss exceeds the NAV; it is not cut off there")
    factor_impacts: dict[str, Money] | None
    nonlinear: Money | None
    correlation_effect: Money | None
    effective_shocks: dict[str, float | None] | None
    option_valuation: str | None
    coverage: float | None
    warnings: list[Warned] | None


class StressOutcome(BaseModel):
    """A scenario's direct result (shocked factors only) beside its correlated one (the others follow)."""

    scenario_id: str
    name: str
    category: str
    severity: str
    shocks: dict[str, float]
    rate_shock: float | None
    direct: StressResultOut | None
    correlated: StressResultOut | None


class ScenarioPnl(BaseModel):
    """A scenario by its P&L."""

    scenario_id: str
    name: str
    total_pnl: Money


class Extremes(BaseModel):
    """The scenarios with the lowest and the highest P&L."""

    worst: ScenarioPnl | None
    best: ScenarioPnl | None


class ScenarioGroup(BaseModel):
    """The P&L of a category's or a severity's scenarios (correlated method)."""

    group: str
    scenarios: int
    lowest: Money
    mean: Money
    highest: Money


class MarketScenario(BaseModel):
    """A plain move: the market by a decimal return, or rates by basis points."""

    kind: str
    shock: float
    exposure: Money | None
    pnl: Money | None
    coverage: float | None
    reason: str | None


class StressReport(BaseModel):
    """Every scenario's results for a portfolio on one session."""

    model_config = example(
        portfolio_id=SOME_ID,
        as_of="2022-12-28",
        nav=1012345.67,
        scenarios=[],
        direct={
            "worst": {"scenario_id": "dotcom_crash_2000", "name": "Dot-com crash", "total_pnl": -301200.0},
            "best": {"scenario_id": "market_rally_25", "name": "Market rally +25 %", "total_pnl": 160052.63},
        },
        correlated={"worst": None, "best": None},
        by_category=[],
        by_severity=[],
        market_scenarios=[],
        coverage=1.0,
        warnings=[],
        reason=None,
    )

    portfolio_id: UUID
    as_of: date | None
    nav: Money | None
    scenarios: list[StressOutcome]
    direct: Extremes
    correlated: Extremes
    by_category: list[ScenarioGroup]
    by_severity: list[ScenarioGroup]
    market_scenarios: list[MarketScenario]
    coverage: float | None
    warnings: list[Warned]
    reason: str | None
