"""Scenarios and what they would do."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.analytics.schemas.bases import (
    ABOUT_EXAMPLE,
    BASIS_EXAMPLE,
    CorrelatedBy,
    OfPortfolio,
)
from services.gateway.edge.values import (
    SOME_ID,
    LeftOut,
    Money,
    Name,
    RequestBody,
    Warned,
    body_example,
    example,
)

_SCENARIO = {
    "scenario_id": "market_crash_35",
    "name": "Market crash -35 %",
    "description": "The market falls by 35 %",
    "category": "market",
    "severity": "severe",
    "shocks": {"market": -0.35},
    "rate_shock": None,
    "volatility_shock": None,
    "basis": "absolute",
    "custom": False,
    "measured_shocks": None,
    "measured_returns": None,
    "measured_rate_change": None,
    "measured_source": None,
    "window_start": None,
    "window_end": None,
}


class ScenarioOut(BaseModel):
    """A stress scenario.

    Shocks are decimal returns of the factors' proxies, the rate shock a change of yield. Historical
    scenarios whose window the data cover also give the measured moves of the proxies.
    """

    model_config = example(**_SCENARIO)

    scenario_id: str
    name: str
    description: str | None
    category: str
    severity: str
    shocks: dict[str, float]
    rate_shock: float | None
    volatility_shock: float | None = Field(
        description="relative change of one-month implied volatility; longer tenors move less"
    )
    basis: str = Field(
        description="absolute: a proxy's own return; over_market: a style's over the market's"
    )
    custom: bool = Field(description="created by the caller")
    measured_shocks: dict[str, float] | None = Field(
        description="in the scenario's basis, beside `shocks`"
    )
    measured_returns: dict[str, float] | None = Field(description="the proxies' own returns")
    measured_rate_change: float | None = Field(description="of the 10-year yield, in decimals")
    measured_source: str | None
    window_start: date | None = Field(description="measured from the close of this session ...")
    window_end: date | None = Field(description="... to the close of this one")


class ScenarioList(BaseModel):
    """Every active scenario in display order, the caller's last."""

    model_config = example(items=[_SCENARIO], total=18)

    items: list[ScenarioOut]
    total: int


ScenarioId = Annotated[str, Field(max_length=80)]
ScenarioWord = Annotated[str, Field(max_length=64)]  # longer ones name nothing
Shocks = Annotated[dict[ScenarioWord, float], Field(max_length=20)]


class NewScenario(RequestBody):
    """A custom scenario, evaluated for the caller's portfolios from their next run on.

    Saving under an id the caller has used before replaces that scenario. An id that is made from
    the name replaces only one of the same name.
    """

    model_config = body_example(
        name="Oil shock",
        description="The market falls 8 %, value holds, yields rise half a point.",
        shocks={"market": -0.08, "value": 0.03},
        rate_shock=0.005,
    )

    scenario_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=60,
        pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$",
        description="default: made from the name",
    )
    name: Name
    description: str = Field(default="", max_length=1000, description="default: the name")
    category: ScenarioWord = Field(
        default="custom", description="market, rates, rotation, volatility or custom"
    )
    severity: ScenarioWord = Field(
        default="moderate", description="mild, moderate, severe or extreme"
    )
    shocks: Shocks = Field(default={}, description='by factor id: {"market": -0.08}')
    rate_shock: float | None = Field(default=None, description="change of yield: 0.01 is +100 bp")
    volatility_shock: float | None = Field(
        default=None,
        description="relative change of implied volatility: 0.50 is half as much again",
    )
    basis: ScenarioWord = "absolute"


class PositionImpactOut(BaseModel):
    """One position's part of a scenario's total; null when it was left out."""

    model_config = example(position_id=SOME_ID, symbol="AAPL", pnl=-4411.4)

    position_id: UUID
    symbol: str
    pnl: Money | None


class LeftOutSymbol(BaseModel):
    """A symbol that a scenario's total leaves out, wholly or in part, and why."""

    model_config = example(
        symbol="NEWCO", code="beta_missing", reason="12 returns in the window; 60 are needed"
    )

    symbol: str
    code: str
    reason: str


class Headline(StrEnum):
    """Which moves a result is by."""

    MEASURED = "measured"
    SPECIFIED = "specified"


class SpecifiedResult(BaseModel):
    """The result of a measured scenario by the shocks it specifies."""

    total_pnl: Money | None
    volatility_pnl: Money | None
    nonlinear: Money | None
    factor_impacts: dict[str, Money] | None
    effective_shocks: dict[str, float]
    implied_moves: dict[str, float]
    plausibility: float | None


class StressResultOut(BaseModel):
    """What a scenario costs (negative) or earns.

    Impacts by factor, of the yield and of volatility, and the non-linear part add up to the total.
    """

    headline: Headline = Field(
        description="measured: by the moves of the scenario's window; specified: by its shocks"
    )
    total_pnl: Money | None
    share_of_nav: float | None
    loss_exceeds_nav: bool = Field(
        description="the loss is larger than the NAV; it is not cut off there"
    )
    factor_impacts: dict[str, Money] | None
    volatility_pnl: Money | None = Field(
        description="what the move of implied volatility makes; also among factor_impacts"
    )
    nonlinear: Money | None = Field(
        description="what repricing the options adds to their delta, and prices that stop at zero"
    )
    delta_gamma_pnl: Money | None = Field(
        description="the total with options by delta and gamma instead"
    )
    delta_gamma_difference: Money | None = Field(description="total_pnl - delta_gamma_pnl")
    correlation_effect: Money | None
    effective_shocks: dict[str, float | None] | None = Field(
        description="by factor over the market; the yield; one-month volatility"
    )
    implied_moves: dict[str, float] = Field(
        default={}, description="the returns of the factors' proxies themselves"
    )
    plausibility: float | None = Field(
        default=None,
        description="Mahalanobis distance of the shocked factors, in yearly standard deviations; "
        "null without a covariance or a shocked factor",
    )
    floored: dict[str, Money] = Field(
        default={}, description="by symbol, what a price that stops at zero takes away"
    )
    stated: SpecifiedResult | None = Field(
        default=None, description="by the scenario's own shocks, where the headline is measured"
    )
    option_valuation: str | None
    coverage: float | None
    warnings: list[Warned] | None
    left_out: list[LeftOutSymbol] = Field(
        default=[],
        description="what this scenario leaves out; empty in what-if runs, which use warnings",
    )
    positions: list[PositionImpactOut] | None = Field(
        default=None, description="every position's part; null unless requested"
    )
    positions_not_shown: int = 0
    pnl_not_shown: Money = 0.0


class StressOutcome(BaseModel):
    """A scenario's direct and correlated results.

    Direct: only the shocked factors move; correlated: the others follow.
    """

    scenario_id: str
    name: str
    category: str
    severity: str
    shocks: dict[str, float]
    rate_shock: float | None
    volatility_shock: float | None
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
    """The P&L of the scenarios of a category or severity.

    By the correlated method where it was measured.
    """

    group: str
    method: str
    scenarios: int
    lowest: Money
    mean: Money
    highest: Money


class MarketScenario(BaseModel):
    """A plain move: the market by a decimal return, or yields by decimals (0.01 is +100 bp)."""

    kind: str = Field(description="market or rates")
    shock: float
    exposure: Money | None = Field(description="USD gained per shock of 1.00")
    pnl: Money | None
    coverage: float | None
    reason: str | None


class MarketScenarioReport(OfPortfolio):
    """Simple moves of the market and of yields.

    By the portfolio's market beta and rate sensitivity.
    """

    model_config = example(
        **ABOUT_EXAMPLE,
        nav=1012345.67,
        items=[
            {
                "kind": "market",
                "shock": -0.1,
                "exposure": 640210.5,
                "pnl": -64021.05,
                "coverage": 1.0,
                "reason": None,
            }
        ],
        total=10,
        left_out=[],
        reason=None,
    )

    nav: Money | None
    items: list[MarketScenario]
    total: int
    left_out: list[LeftOut]
    reason: str | None


class StressReport(OfPortfolio):
    """Every scenario's results for a portfolio on one session."""

    model_config = example(
        **ABOUT_EXAMPLE,
        nav=1012345.67,
        scenarios=[],
        direct={
            "worst": {
                "scenario_id": "dotcom_crash_2000",
                "name": "Dot-com crash",
                "total_pnl": -301200.0,
            },
            "best": {
                "scenario_id": "market_rally_25",
                "name": "Market rally +25 %",
                "total_pnl": 160052.63,
            },
        },
        correlated={"worst": None, "best": None},
        correlated_by=BASIS_EXAMPLE,
        by_category=[],
        by_severity=[],
        market_scenarios=[],
        coverage=1.0,
        left_out=[],
        warnings=[],
        reason=None,
    )

    nav: Money | None
    scenarios: list[StressOutcome]
    direct: Extremes
    correlated: Extremes
    correlated_by: CorrelatedBy
    by_category: list[ScenarioGroup]
    by_severity: list[ScenarioGroup]
    market_scenarios: list[MarketScenario]
    coverage: float | None
    left_out: list[LeftOut]
    warnings: list[Warned]
    reason: str | None


LONGEST_ID = 60


class Included(StrEnum):
    """What an answer holds only on request."""

    POSITIONS = "positions"
