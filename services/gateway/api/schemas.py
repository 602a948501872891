"""What the answers look like. Rounding happens here, once: money to cents, Greeks to four decimals."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Entry = TypeVar("Entry")
Number = Decimal | float | int


def _rounded_to(step: str) -> Callable[[Number | None], float | None]:
    def rounded(value: Number | None) -> float | None:
        if value is None:
            return None
        exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
        return float(exact.quantize(Decimal(step), ROUND_HALF_UP)) + 0.0  # adding 0.0 makes -0.0 a plain zero

    return rounded


Money = Annotated[float, BeforeValidator(_rounded_to("0.01")), Field(description="USD, two decimals")]
Price = Annotated[float, BeforeValidator(_rounded_to("0.000001")), Field(description="USD per share")]
Greek = Annotated[float, BeforeValidator(_rounded_to("0.0001"))]
Quantity = Annotated[
    float, BeforeValidator(_rounded_to("0.000001")), Field(description="signed: below 0 is short")
]


def example(**values: Any) -> ConfigDict:
    """A model's configuration with one example for the documentation."""
    return ConfigDict(extra="ignore", json_schema_extra={"examples": [values]})


SOME_ID = "7f1c1f9e-8f4e-4c55-9d5a-2f1f3f0c6a11"


class Page(BaseModel, Generic[Entry]):
    """A part of a list: `total` is how many there are without `limit` and `offset`."""

    items: list[Entry]
    total: int
    limit: int
    offset: int


class Warned(BaseModel):
    """Something a reader should know about the numbers: what, how often, and whom it concerns."""

    model_config = example(
        code="stale_price", message="the last known price was carried forward", count=1, about=["MTUM"]
    )

    code: str
    message: str
    count: int = 1
    about: list[str] = []


class PortfolioOut(BaseModel):
    """A book. `equity_balance`: the NAV its owner stated for the first snapshot."""

    model_config = example(
        portfolio_id=SOME_ID,
        name="Long/short",
        equity_balance=1_000_000.0,
        positions=24,
        created_at="2022-12-28T21:05:00Z",
    )

    portfolio_id: UUID
    name: str
    equity_balance: Money | None
    positions: int = Field(description="how many positions it holds or held")
    created_at: datetime


class Exposure(BaseModel):
    """Long is a sum of positives, short a sum of negatives (reported negative), gross of absolutes, net of all."""

    long: Money
    short: Money
    gross: Money
    net: Money


class Exposures(BaseModel):
    """The three measures: q·m·P; options at q·m·S; options at q·m·S·delta."""

    dollar: Exposure
    notional: Exposure
    delta_adjusted: Exposure


class GreekSet(BaseModel):
    """Delta and gamma per 1.00 of the underlying, theta per calendar day, vega per volatility point, rho per 1 %."""

    delta: Greek | None
    gamma: Greek | None
    theta: Greek | None
    vega: Greek | None
    rho: Greek | None


class Coverage(BaseModel):
    """Share (0 to 1) of gross notional exposure that had a current price, and Greeks."""

    prices: float | None
    greeks: float | None


_EXPOSURE = {"long": 912000.5, "short": -301500.25, "gross": 1213500.75, "net": 610500.25}
_GREEKS = {"delta": 5210.5, "gamma": 12.25, "theta": -310.75, "vega": 1820.5, "rho": 905.125}
_SNAPSHOT = {
    "as_of": "2022-12-28",
    "previous_session": "2022-12-27",
    "nav": 1012345.67,
    "cash": 401845.42,
    "market_value": 610500.25,
    "daily_pnl": -4210.1,
    "cumulative_pnl": 12345.67,
    "net_flow": 0.0,
    "daily_return": -0.00414,
    "unrealised_pnl": 30210.0,
    "exposures": {"dollar": _EXPOSURE, "notional": _EXPOSURE, "delta_adjusted": _EXPOSURE},
    "greeks": _GREEKS,
    "counts": {"LONG": 12, "SHORT": 8, "LC": 3, "SP": 1},
    "coverage": {"prices": 1.0, "greeks": 1.0},
    "warnings": [],
}


class SnapshotOut(BaseModel):
    """A portfolio on one session."""

    model_config = example(**_SNAPSHOT)

    as_of: date
    previous_session: date | None = Field(description="what daily_pnl is measured from; null on the first")
    nav: Money | None
    cash: Money | None
    market_value: Money | None
    daily_pnl: Money | None
    cumulative_pnl: Money | None
    net_flow: Money | None
    daily_return: float | None = Field(description="null when the NAV before was not positive")
    unrealised_pnl: Money | None
    exposures: Exposures | None
    greeks: GreekSet
    counts: dict[str, int] | None
    coverage: Coverage
    warnings: list[Warned] | None


class ExposurePoint(BaseModel):
    """The exposures of one session."""

    model_config = example(as_of="2022-12-28", nav=1012345.67, exposures=_SNAPSHOT["exposures"])

    as_of: date
    nav: Money | None
    exposures: Exposures | None


class HistoryPoint(BaseModel):
    """NAV and P&L of one session."""

    model_config = example(
        as_of="2022-12-28", nav=1012345.67, daily_pnl=-4210.1, cumulative_pnl=12345.67, daily_return=-0.00414
    )

    as_of: date
    nav: Money | None
    daily_pnl: Money | None
    cumulative_pnl: Money | None
    daily_return: float | None


class PortfolioSummary(BaseModel):
    """A portfolio's last snapshot at or before the date asked for; null with a reason when there is none."""

    model_config = example(
        portfolio=PortfolioOut.model_config["json_schema_extra"]["examples"][0],  # type: ignore[index]
        as_of="2022-12-28",
        snapshot=_SNAPSHOT,
        coverage=_SNAPSHOT["coverage"],
        warnings=[],
        reason=None,
    )

    portfolio: PortfolioOut
    as_of: date | None
    snapshot: SnapshotOut | None
    coverage: Coverage | None
    warnings: list[Warned]
    reason: str | None


class PositionOut(BaseModel):
    """A holding as its owner stated it."""

    model_config = example(
        position_id=SOME_ID,
        portfolio_id=SOME_ID,
        symbol="AAPL230616C00150000",
        position_type="LC",
        instrument="option",
        underlying="AAPL",
        option_type="C",
        strike=150.0,
        expiry="2023-06-16",
        multiplier=100,
        quantity=10.0,
        entry_price=8.45,
        entry_date="2022-11-01",
        exit_price=None,
        exit_date=None,
        tags=["income"],
    )

    position_id: UUID
    portfolio_id: UUID
    symbol: str
    position_type: str = Field(description="LONG, SHORT, LC, SC, LP or SP")
    instrument: str
    underlying: str
    option_type: str | None
    strike: Price | None
    expiry: date | None
    multiplier: int
    quantity: Quantity
    entry_price: Price
    entry_date: date
    exit_price: Price | None
    exit_date: date | None
    tags: list[str]


class ValuedPosition(BaseModel):
    """A position's value on one session and where its price came from; nulls with a reason."""

    model_config = example(
        position_id=SOME_ID,
        symbol="XOM",
        underlying="XOM",
        position_type="SHORT",
        sector="Energy",
        quantity=-500.0,
        multiplier=1,
        entry_price=104.5,
        entry_date="2022-10-03",
        strike=None,
        expiry=None,
        price=108.38,
        price_date="2022-12-28",
        price_source="adjusted_close",
        stale=False,
        market_value=-54190.0,
        cost=-52250.0,
        unrealised_pnl=-1940.0,
        daily_pnl=905.0,
        notional_exposure=-54190.0,
        delta=1.0,
        delta_adjusted_exposure=-54190.0,
        volatility=None,
        iv_source=None,
        rate_source=None,
        dividend_source=None,
        model=None,
        reason=None,
    )

    position_id: UUID
    symbol: str
    underlying: str
    position_type: str
    sector: str | None
    quantity: Quantity
    multiplier: int
    entry_price: Price
    entry_date: date
    strike: Price | None
    expiry: date | None
    price: Price | None
    price_date: date | None = Field(description="before as_of when the price was carried forward")
    price_source: str | None = Field(description="close, adjusted_close, model or intrinsic")
    stale: bool | None
    market_value: Money | None
    cost: Money | None
    unrealised_pnl: Money | None
    daily_pnl: Money | None
    notional_exposure: Money | None
    delta: Greek | None
    delta_adjusted_exposure: Money | None
    volatility: float | None
    iv_source: str | None
    rate_source: str | None
    dividend_source: str | None
    model: str | None
    reason: str | None


class PositionGreeks(BaseModel):
    """An option position's Greeks (unit x quantity x multiplier) and what they were computed from."""

    position_id: UUID
    contract: str
    underlying: str
    option_type: str | None
    strike: Price | None
    expiry: date | None
    quantity: Quantity
    multiplier: int
    delta: Greek | None
    gamma: Greek | None
    theta: Greek | None
    vega: Greek | None
    rho: Greek | None
    unit: GreekSet = Field(description="per share of one contract")
    underlying_price: Price | None
    underlying_price_date: date | None
    years_to_expiry: float | None
    volatility: float | None = Field(description="decimal per year")
    iv_source: str | None
    rate: float | None = Field(description="decimal per year")
    rate_source: str | None
    dividend_yield: float | None
    dividend_source: str | None
    model: str | None
    reason: str | None


class GreeksReport(BaseModel):
    """The portfolio's Greeks (stock counts with delta 1 per share) and each option position's."""

    model_config = example(
        portfolio_id=SOME_ID,
        as_of="2022-12-28",
        portfolio=_GREEKS,
        positions=[],
        coverage={"prices": 1.0, "greeks": 1.0},
        warnings=[],
        reason=None,
    )

    portfolio_id: UUID
    as_of: date | None
    portfolio: GreekSet | None
    positions: list[PositionGreeks]
    coverage: Coverage | None
    warnings: list[Warned]
    reason: str | None


_FACTOR = {
    "factor": "market",
    "name": "Market",
    "proxy": "SPY",
    "active": True,
    "dollar_exposure": 640210.5,
    "beta": 0.6324,
    "coverage": 1.0,
    "positions": 24,
    "positions_left_out": 0,
    "reason": None,
}
_RATE = {
    "maturity": "10Y",
    "dollars_per_basis_point": -310.25,
    "beta": -3.0647,
    "coverage": 1.0,
    "reason": None,
}


class FactorOut(BaseModel):
    """A factor's exposure in signed dollars, and as a beta (dollars / NAV of the same session)."""

    model_config = example(**_FACTOR)

    factor: str
    name: str
    proxy: str | None
    active: bool
    dollar_exposure: Money | None
    beta: float | None
    coverage: float | None
    positions: int | None
    positions_left_out: int | None
    reason: str | None


class RateOut(BaseModel):
    """What +1 basis point on a Treasury yield does: signed dollars; beta is per 1.00 of yield as a share of NAV."""

    model_config = example(**_RATE)

    maturity: str
    dollars_per_basis_point: Money | None
    beta: float | None
    coverage: float | None
    reason: str | None


class FactorReport(BaseModel):
    """The portfolio's factor exposures in the default model, and its rate sensitivity."""

    model_config = example(
        portfolio_id=SOME_ID,
        as_of="2022-12-28",
        model="market_relative",
        nav=1012345.67,
        factors=[_FACTOR],
        rates=_RATE,
        coverage=1.0,
        warnings=[],
        reason=None,
    )

    portfolio_id: UUID
    as_of: date | None
    model: str
    nav: Money | None
    factors: list[FactorOut]
    rates: RateOut | None
    coverage: float | None = Field(description="share of gross delta-adjusted exposure that had betas")
    warnings: list[Warned]
    reason: str | None


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


class RunOut(BaseModel):
    """A piece of work through the pipeline."""

    model_config = example(
        run_id=SOME_ID,
        as_of="2022-12-28",
        trigger="clock",
        status="completed",
        started_at="2022-12-28T21:00:01Z",
        finished_at="2022-12-28T21:00:03Z",
        problems=[],
    )

    run_id: UUID
    as_of: date
    trigger: str = Field(description="clock, operator, portfolios, or what announced the session")
    status: str = Field(description="running, completed, partial or failed")
    started_at: datetime
    finished_at: datetime | None
    problems: list[dict[str, Any]] = Field(
        description="what failed or never came: stage, shard, code, message"
    )


class StageOut(BaseModel):
    """How long a stage took over all shards; `busy_seconds` adds up what ran side by side."""

    stage: str
    first_start: datetime
    last_end: datetime
    busy_seconds: float
    shards_done: int
    shards_failed: int


class ItemOut(BaseModel):
    """One stage of one shard."""

    stage: str
    shard: int
    shards: int
    status: str
    occurred_at: datetime
    elapsed_seconds: float
    portfolio_ids: list[UUID]
    counts: dict[str, int]
    warnings: list[Warned]
    error: str | None
    message: str | None
    trace_id: str | None


class RunDetail(RunOut):
    """A run with its stages and everything that was reported about it."""

    stages: list[StageOut]
    items: list[ItemOut]


class PortfolioReport(BaseModel):
    """Everything about a portfolio on one session, in one answer."""

    model_config = example(
        portfolio={"portfolio_id": SOME_ID, "name": "Long/short", "positions": 24},
        as_of="2022-12-28",
        snapshot=_SNAPSHOT,
        reason=None,
    )

    portfolio: PortfolioOut
    as_of: date | None
    snapshot: SnapshotOut | None
    history: list[HistoryPoint] = Field(description="the last 90 snapshots, oldest first")
    positions: list[ValuedPosition] = Field(description="largest market value first")
    greeks: GreeksReport
    factors: FactorReport
    stress: StressReport
    last_run: RunOut | None
    coverage: Coverage | None
    warnings: list[Warned]
    reason: str | None


class CashFlowOut(BaseModel):
    """Money into (positive) or out of (negative) a portfolio."""

    model_config = example(
        cash_flow_id=SOME_ID,
        portfolio_id=SOME_ID,
        flow_date="2022-12-01",
        amount=25000.0,
        note="deposit",
        created_at="2022-12-01T15:00:00Z",
        run_id=None,
    )

    cash_flow_id: UUID
    portfolio_id: UUID
    flow_date: date
    amount: Money
    note: str
    created_at: datetime
