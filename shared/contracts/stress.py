"""What stress publishes, and the requests it answers: custom scenarios and what-if runs."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Contract, Notice, Request, ShardEvent, WorkFailed

MOST_NAMES = 500  # given returns of single names in one request
MOST_DAYS = 3650  # calendar days that a request may look ahead


class StressComputed(ShardEvent):
    """Every scenario is evaluated for the shard's portfolios."""

    subject: ClassVar[str] = "stress.computed"


class StressFailed(WorkFailed):
    """The stress service gave up on a message."""

    subject: ClassVar[str] = "stress.failed"


class ScenarioSaved(Contract):
    """The user's scenario is stored; `created` is False when one of that id was replaced."""

    scenario_id: str
    created: bool


class SaveScenario(Request[ScenarioSaved]):
    """Store a custom scenario, evaluated for the user's portfolios from the next run on.

    `definition` is laid out like an entry of `services/stress/scenarios.json` (scenario_id, name,
    description, category, severity, shocks, rate_shock, volatility_shock, basis). Refused with
    `invalid_scenario` and every problem.
    """

    subject: ClassVar[str] = "ask.stress.save_scenario"

    user_id: UUID
    definition: dict[str, Any]


class ScenarioDeleted(Contract):
    """The custom scenario is no longer evaluated; its earlier results stay."""

    scenario_id: str


class DeleteScenario(Request[ScenarioDeleted]):
    """Delete a custom scenario; refused with `unknown_scenario` when the user has no such one."""

    subject: ClassVar[str] = "ask.stress.delete_scenario"

    user_id: UUID
    scenario_id: str


class PositionImpact(Contract):
    """The effect of a scenario on one position, USD in whole cents; null when left out."""

    position_id: UUID
    symbol: str
    pnl: Decimal | None


class ScenarioOutcome(Contract):
    """One scenario by one method on one portfolio. USD in whole cents, a loss is negative.

    `factor_impacts` also has `single_names` and `time` where the request gives returns of single
    names or days that pass. `total_pnl` = `factor_impacts` + `nonlinear` = the `positions` shown +
    `pnl_not_shown`; `volatility_pnl` is one of the `factor_impacts`. The fields mean what those of
    `stress.published_stress_results` mean. `left_out`: positions without what the scenario needs,
    and why.
    """

    scenario_id: str
    name: str
    category: str
    severity: str
    shocks: dict[str, float]
    rate_shock: float | None
    volatility_shock: float | None
    basis: str
    method: Literal["direct", "correlated"]
    headline: Literal["measured", "specified"]
    total_pnl: Decimal | None
    factor_impacts: dict[str, Decimal]
    volatility_pnl: Decimal | None
    nonlinear: Decimal | None
    delta_gamma_pnl: Decimal | None
    correlation_effect: Decimal | None
    effective_shocks: dict[str, float]
    implied_moves: dict[str, float]
    plausibility: float | None
    floored: dict[str, float]
    stated: dict[str, Any] | None
    option_valuation: str
    coverage: float | None
    left_out: tuple[Notice, ...]
    positions: tuple[PositionImpact, ...]
    positions_not_shown: int
    pnl_not_shown: Decimal


class WhatIfApplied(Contract):
    """What of a request applied to every outcome, beside its scenarios.

    `underlying_shocks`: decimal returns by symbol of what is held, in place of what the factors
    make of it. `days_forward`: calendar days that pass, to the day `until`. `settled`: contracts
    that expire by then, at their intrinsic value. `ex_dividends`: USD per share by underlying that
    go ex on the way: its price falls by them, as its options expect.
    """

    underlying_shocks: dict[str, float] = Field(default_factory=dict)
    days_forward: int = 0
    until: date
    settled: tuple[str, ...] = ()
    ex_dividends: dict[str, float] = Field(default_factory=dict)


class WhatIfEvaluated(Contract):
    """The outcomes by scenario in the order requested, an unnamed one last; direct comes first."""

    portfolio_id: UUID
    as_of: date
    outcomes: tuple[ScenarioOutcome, ...]
    warnings: tuple[Notice, ...] = ()
    applied: WhatIfApplied | None = None


class EvaluateWhatIf(Request[WhatIfEvaluated]):
    """Evaluate scenarios on a portfolio from what is stored for `as_of`; nothing is written.

    `scenario_ids`: the house's and those of the portfolio's owner. `shocks`, `rate_shock`,
    `volatility_shock` and `basis` describe one more that is not saved (`what_if`). `volatility`
    False: every scenario without its move of implied volatility. `underlying_shocks`: decimal
    returns by ticker, which these underlyings take in every scenario in place of what its shocks
    make of them. `days_forward`: calendar days that pass in every scenario. `method`
    "comprehensive" is both. `positions_shown`: how many positions per outcome at most, largest
    impact first (fewer when the answer would be too long). Refused with `invalid_scenario`,
    `unknown_scenario`, `unknown_portfolio`, `not_calculated` or `no_covariance`.
    """

    subject: ClassVar[str] = "ask.stress.what_if"

    portfolio_id: UUID
    as_of: date
    scenario_ids: tuple[str, ...] = Field(default=(), max_length=100)
    shocks: dict[str, float] = Field(default_factory=dict)
    rate_shock: float | None = None
    volatility_shock: float | None = None
    basis: str = "absolute"
    volatility: bool = True
    underlying_shocks: dict[str, float] = Field(default_factory=dict, max_length=MOST_NAMES)
    days_forward: int = Field(default=0, ge=0, le=MOST_DAYS)
    method: Literal["direct", "correlated", "comprehensive"] = "comprehensive"
    positions_shown: int = Field(default=200, ge=0, le=1000)
