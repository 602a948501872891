"""What-if runs: scenarios evaluated at once, and what the answer says."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.analytics.schemas.bases import ABOUT_EXAMPLE, BASIS_EXAMPLE, CorrelatedBy
from services.gateway.analytics.schemas.stress import (
    ScenarioId,
    ScenarioWord,
    Shocks,
    StressOutcome,
)
from services.gateway.edge.values import LeftOut, Money, RequestBody, Warned, body_example, example
from shared.contracts.event import Day
from shared.contracts.stress import MOST_DAYS, MOST_NAMES


class WhatIf(RequestBody):
    """Scenarios to evaluate now: stored ones by id, one described here, or both.

    Nothing is written.
    """

    model_config = body_example(shocks={"market": -0.12}, rate_shock=0.005, positions_shown=10)

    portfolio_id: UUID | None = Field(
        default=None, description="default: the caller's only or first portfolio"
    )
    as_of: Day | None = Field(default=None, description="default: the last session evaluated")
    scenario_ids: list[ScenarioId] = Field(default=[], max_length=100)
    shocks: Shocks = Field(default={})
    rate_shock: float | None = None
    volatility_shock: float | None = None
    basis: ScenarioWord = "absolute"
    volatility: bool = Field(
        default=True, description="false: every scenario without its move of implied volatility"
    )
    underlying_shocks: dict[ScenarioWord, float] = Field(
        default={},
        max_length=MOST_NAMES,
        description='returns of single names, {"AAPL": -0.2}: in every scenario they replace what '
        "its shocks make of these underlyings, options on them included",
    )
    days_forward: int = Field(
        default=0,
        ge=0,
        le=MOST_DAYS,
        description="calendar days that pass: options are valued that much nearer to expiry",
    )
    positions_shown: int = Field(default=200, ge=0, le=1000, description="largest impacts first")


class WhatIfApplied(BaseModel):
    """What of a request applied to every scenario of the answer."""

    model_config = example(
        underlying_shocks={"AAPL": -0.2},
        days_forward=30,
        until="2023-01-27",
        settled=["AAPL230120C00130000"],
        ex_dividends={},
    )

    underlying_shocks: dict[str, float] = Field(
        description="of what is held; the rest is named in warnings (not_held)"
    )
    days_forward: int = Field(description="calendar days that pass")
    until: date = Field(description="the day that the values are of")
    settled: list[str] = Field(
        description="contracts that expire by then: valued at their intrinsic value"
    )
    ex_dividends: dict[str, float] = Field(
        description="USD per share by underlying that go ex on the way, as its options expect"
    )


class WhatIfReport(BaseModel):
    """The effect of the requested scenarios, from what is stored for the session."""

    model_config = example(
        **ABOUT_EXAMPLE,
        nav=1012345.67,
        scenarios=[],
        correlated_by=BASIS_EXAMPLE,
        left_out=[],
        warnings=[],
        applied={"underlying_shocks": {}, "days_forward": 0, "until": "2022-12-28"}
        | {"settled": [], "ex_dividends": {}},
    )

    portfolio_id: UUID
    as_of: date
    nav: Money | None
    scenarios: list[StressOutcome]
    correlated_by: CorrelatedBy
    left_out: list[LeftOut]
    warnings: list[Warned]
    applied: WhatIfApplied | None
