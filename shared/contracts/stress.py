"""What stress publishes, and the requests it answers: custom scenarios and what-if runs."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Contract, Notice, Request, ShardEvent, WorkFailed
from shared.contracts.factors import SymbolBetas
from shared.contracts.greeks import PricedOption

MOST_NAMES = 500  # given returns of single names in one request
MOST_DAYS = 3650  # calendar days that a request may look ahead
MOST_STEPS = 201  # on each axis of a grid or curve
MOST_CURVES = 4  # further changes of volatility that one request draws
MOST_CANDIDATES = 200  # of one suggestion
MOST_TARGETS = 20


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
    description, category, severity, shocks, rate_shock, volatility_shock, basis). An id that the
    user did not give replaces no scenario of another name. Refused with `invalid_scenario` and
    every problem.
    """

    subject: ClassVar[str] = "ask.stress.save_scenario"

    user_id: UUID
    definition: dict[str, Any]
    id_is_given: bool = True


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


class Ahead(Contract):
    """A day that values are of: `until`, `days_forward` calendar days after the session.

    `settled`: contracts that expire by then, at their intrinsic value. `ex_dividends`: USD per
    share by underlying that go ex on the way: its price falls by them, as its options expect.
    """

    days_forward: int = 0
    until: date
    settled: tuple[str, ...] = ()
    ex_dividends: dict[str, float] = Field(default_factory=dict)


class WhatIfApplied(Ahead):
    """What of a request applied to every outcome, beside its scenarios.

    `underlying_shocks`: decimal returns by symbol held, in place of what the factors make of it.
    """

    underlying_shocks: dict[str, float] = Field(default_factory=dict)


class WhatIfEvaluated(Contract):
    """The outcomes by scenario in the order requested, an unnamed one last; direct comes first."""

    portfolio_id: UUID
    as_of: date
    outcomes: tuple[ScenarioOutcome, ...]
    warnings: tuple[Notice, ...] = ()
    applied: WhatIfApplied | None = None


class EvaluateWhatIf(Request[WhatIfEvaluated]):
    """Evaluate scenarios on a portfolio from what is stored for `as_of`; nothing is written.

    `scenario_ids`: the house's and those of `user_id`, who asks. `shocks`, `rate_shock`,
    `volatility_shock` and `basis` describe one more that is not saved (`what_if`). `volatility`
    False: every scenario without its move of implied volatility. `underlying_shocks`: decimal
    returns by ticker, which these underlyings take in every scenario in place of what its shocks
    make of them. `days_forward`: calendar days that pass in every scenario. `method`
    "comprehensive" is both. `positions_shown`: how many positions per outcome at most, largest
    impact first (fewer when the answer would be too long). Refused with `invalid_scenario`,
    `unknown_scenario`, `unknown_portfolio`, `not_calculated` or `no_covariance`.
    """

    subject: ClassVar[str] = "ask.stress.what_if"

    user_id: UUID
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


SpotMode = Literal["beta_weighted", "parallel"]
VolatilityTerm = Literal["parallel", "by_tenor"]
Move = Annotated[float, Field(ge=-1, le=10, allow_inf_nan=False)]
VolatilityMove = Annotated[float, Field(gt=-1, le=10, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]


class OnAxes(Contract):
    """What a grid and a curve say alike about their positions and axes.

    `underlying`: its positions alone, None for all. `spot_mode`: every underlying moves by the same
    return (parallel), or by its market beta x the return of SPY. `volatility_term`: a relative
    change is of every implied volatility (parallel), or of the one-month one, longer tenors moving
    less, as in scenarios. `coverage`: share of gross exposure in the totals.
    """

    portfolio_id: UUID
    as_of: date
    underlying: str | None
    spot_mode: SpotMode
    volatility_term: VolatilityTerm
    spots: tuple[float, ...]
    coverage: float | None
    left_out: tuple[Notice, ...] = ()


class GridEvaluated(OnAxes):
    """P&L in USD, whole cents: by date, volatility and spot, a loss is negative.

    `options_pnl`: what options make of it. `break_evens`: by date and volatility, the moves of spot
    within the axis at which P&L is zero, ascending. All axes ascend.
    """

    volatilities: tuple[float, ...]
    dates: tuple[Ahead, ...]
    pnl: tuple[tuple[tuple[float, ...], ...], ...]
    options_pnl: tuple[tuple[tuple[float, ...], ...], ...]
    break_evens: tuple[tuple[tuple[float, ...], ...], ...]


class EvaluateGrid(Request[GridEvaluated]):
    """Reprice a portfolio on a grid from what is stored for `as_of`; nothing is written.

    `spots`: decimal moves; `volatilities`: relative changes of implied volatility; `days_forward`:
    calendar days. `spot_mode` None: parallel for one underlying, else beta-weighted. Refused with
    `unknown_portfolio`, `not_calculated`, `not_held` or `too_many_points`.
    """

    subject: ClassVar[str] = "ask.stress.grid"

    portfolio_id: UUID
    as_of: date
    underlying: str | None = None
    spot_mode: SpotMode | None = None
    volatility_term: VolatilityTerm = "parallel"
    spots: tuple[Move, ...] = Field(min_length=1, max_length=MOST_STEPS)
    volatilities: tuple[VolatilityMove, ...] = Field(
        default=(0.0,), min_length=1, max_length=MOST_STEPS
    )
    days_forward: tuple[Days, ...] = Field(default=(0,), min_length=1, max_length=MOST_STEPS)


class CurveOnDate(Ahead):
    """A curve on one date: every list by spot, USD.

    `underlying_prices`: of the one underlying, None for several. Dollar Greeks as in the snapshots'
    metrics, the beta-weighted ones None unless spot is beta-weighted; `delta` and `gamma` in shares
    of the one underlying, else None.
    """

    underlying_prices: tuple[float, ...] | None
    pnl: tuple[float, ...]
    options_pnl: tuple[float, ...]
    break_evens: tuple[float, ...]
    dollar_delta: tuple[float, ...]
    dollar_gamma_1pct: tuple[float, ...]
    dollar_theta_1d: tuple[float, ...]
    dollar_vega_1pt: tuple[float, ...]
    dollar_rho_1pct: tuple[float, ...]
    dollar_delta_beta_weighted: tuple[float, ...] | None = None
    dollar_gamma_1pct_beta_weighted: tuple[float, ...] | None = None
    delta: tuple[float, ...] | None = None
    gamma: tuple[float, ...] | None = None


class CurveAtVolatility(Contract):
    """The same curve at another relative change of volatility."""

    volatility_shock: float
    dates: tuple[CurveOnDate, ...]


class CurveEvaluated(OnAxes):
    """P&L and Greeks against spot, date by date, at one relative change of volatility.

    `others`: at the further changes of the request, ascending.
    """

    volatility_shock: float
    dates: tuple[CurveOnDate, ...]
    others: tuple[CurveAtVolatility, ...] = ()


class EvaluateCurve(Request[CurveEvaluated]):
    """P&L and Greeks of a portfolio against spot at several dates; as `EvaluateGrid`.

    `volatilities`: further relative changes of implied volatility, each with its own curve.
    """

    subject: ClassVar[str] = "ask.stress.curve"

    portfolio_id: UUID
    as_of: date
    underlying: str | None = None
    spot_mode: SpotMode | None = None
    volatility_term: VolatilityTerm = "parallel"
    spots: tuple[Move, ...] = Field(min_length=1, max_length=MOST_STEPS)
    volatility_shock: VolatilityMove = 0.0
    volatilities: tuple[VolatilityMove, ...] = Field(default=(), max_length=MOST_CURVES)
    days_forward: tuple[Days, ...] = Field(default=(0,), min_length=1, max_length=MOST_STEPS)


Dollars = Annotated[float, Field(allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=-(10**9), le=10**9)]


class Candidate(Contract):
    """What may be traded: a share or contract at `price` (USD per share, of contract too).

    Between `lowest` (sold: 0 or below) and `highest` of them. `betas`: of the underlying. `option`:
    as greeks priced it, None for a stock.
    """

    symbol: str = Field(max_length=24)
    price: float = Field(gt=0, allow_inf_nan=False)
    lowest: Whole = Field(le=0)
    highest: Whole = Field(ge=0)
    betas: SymbolBetas
    option: PricedOption | None = None


class MeasureTarget(Contract):
    """Where a measure shall be, in USD as `SuggestTrades` has it; None: open on that side.

    `tolerance`: how far from `lowest` = `highest` is near enough; None: half of what one more lot
    of each instrument, as far as the solution in fractions of lots splits it, makes.
    """

    measure: str
    lowest: Dollars | None = None
    highest: Dollars | None = None
    tolerance: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class MeasureAfter(Contract):
    """A measure before and after the trades, None: not known; `tolerance`: of an equality alone."""

    measure: str
    before: float | None
    after: float | None
    tolerance: float | None = None


class InTheWay(Contract):
    """Why a target cannot be reached.

    `kind` "target": that measure (`about`), which comes no nearer than `best`; "bound": the
    candidate `about` is at its bound `best`; "most_dollars": the dollars that may be traded;
    "conflict": the target `about`, without which it could be; "lots": whole lots come no nearer;
    "no_effect": no candidate moves the measure; "time": the search ended before it knew.
    """

    kind: Literal["target", "bound", "most_dollars", "conflict", "lots", "no_effect", "time"]
    about: str
    best: float | None = None


class TradesSuggested(Contract):
    """Trades with the fewest dollars that bring every target where it shall be.

    `trades`: how many shares or contracts by symbol, sold below 0; None where there are none that
    do, and `in_the_way` says why. `traded`: USD; `least`: fewer are proven to be impossible; `gap`:
    the share of `traded` that might be saved, 0 where they are proven to be the fewest. `left_out`:
    candidates that could not be considered.
    """

    trades: dict[str, int] | None
    traded: float
    least: float
    gap: float
    measures: tuple[MeasureAfter, ...]
    in_the_way: tuple[InTheWay, ...] = ()
    left_out: tuple[Notice, ...] = ()


class SuggestTrades(Request[TradesSuggested]):
    """Find trades that bring measures of a portfolio to targets, from what is stored for `as_of`.

    Measures, all USD: `market_exposure`, `dollar_delta`, `dollar_gamma_1pct`, `dollar_theta_1d`,
    `dollar_vega_1pt`, `dollar_rho_1pct`, `dollar_delta_beta_weighted`, `factor.<id>`,
    `scenario.<id>.<method>`; `var_<c>_1d_historical` and `es_<c>_1d_historical` of 95 and 99, which
    have a `highest` only. `before`: what they are, as far as they are known and wanted. `seconds`
    and `gap` bound each search. Refused with `not_calculated`, `unknown_scenario`,
    `unknown_portfolio` or `not_measured`.
    """

    subject: ClassVar[str] = "ask.stress.suggest_trades"

    user_id: UUID  # whose custom scenarios may be targets
    portfolio_id: UUID
    as_of: date
    candidates: tuple[Candidate, ...] = Field(min_length=1, max_length=MOST_CANDIDATES)
    targets: tuple[MeasureTarget, ...] = Field(min_length=1, max_length=MOST_TARGETS)
    before: dict[str, Dollars | None] = Field(default_factory=dict)
    most_dollars: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    seconds: float = Field(default=2.0, gt=0, le=20)
    gap: float = Field(default=0.001, ge=0, le=1)
