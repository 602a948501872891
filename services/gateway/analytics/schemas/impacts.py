"""Models of what a draft changes in every measure."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.drafts.schemas.trades import TradeAction
from services.gateway.edge.values import SOME_ID, Greek, Money, Warned, example

_BEFORE = "of the base; null when it is not known"
_AFTER = "of the draft; null when it is not known"
_DIFFERENCE = "after - before; null when one of them is"


class MoneyChange(BaseModel):
    """USD before and after the trades."""

    model_config = example(before=12_000.0, after=9_500.0, difference=-2_500.0)

    before: Money | None = Field(description=_BEFORE)
    after: Money | None = Field(description=_AFTER)
    difference: Money | None = Field(description=_DIFFERENCE)


class FigureChange(BaseModel):
    """A figure before and after the trades."""

    model_config = example(before=0.81, after=0.64, difference=-0.17)

    before: float | None = Field(description=_BEFORE)
    after: float | None = Field(description=_AFTER)
    difference: float | None = Field(description=_DIFFERENCE)


class NavImpact(BaseModel):
    """NAV and its parts: cash and market value add up to it."""

    nav: MoneyChange
    cash: MoneyChange
    market_value: MoneyChange
    unrealised_pnl: MoneyChange
    daily_pnl: MoneyChange
    fees: MoneyChange


class SidesImpact(BaseModel):
    """Long, short (negative), gross and net exposure."""

    long: MoneyChange
    short: MoneyChange
    gross: MoneyChange
    net: MoneyChange


class ExposuresImpact(BaseModel):
    """The three measures: q·m·P; options at q·m·S; options at q·m·S·delta."""

    dollar: SidesImpact
    notional: SidesImpact
    delta_adjusted: SidesImpact


class GreeksImpact(BaseModel):
    """The portfolio's five Greeks; those in dollars are metrics of kind dollar_greeks."""

    delta: FigureChange
    gamma: FigureChange
    theta: FigureChange
    vega: FigureChange
    rho: FigureChange


class MetricImpact(BaseModel):
    """A risk metric: value at risk, shortfall, beta, concentration, dollar Greeks and the rest."""

    kind: str
    metric: str
    title: str = Field(default="", description="what readers call it")
    unit: str
    before: float | None
    after: float | None
    difference: float | None
    reason: str | None = Field(description="why one of them is null")


class ComponentImpact(BaseModel):
    """A symbol's part of one-day historical VaR and shortfall, over all its positions."""

    confidence: int
    symbol: str
    component_var: MoneyChange
    component_es: MoneyChange


class FactorImpact(BaseModel):
    """Exposure to a factor in the default model; beta is that over NAV."""

    factor: str
    name: str
    dollar_exposure: MoneyChange
    beta: FigureChange


class RateImpact(BaseModel):
    """What one basis point more on a Treasury yield does."""

    maturity: str
    dollars_per_basis_point: MoneyChange


class ScenarioImpact(BaseModel):
    """P&L in a scenario, directly and with the other factors following."""

    scenario_id: str
    name: str
    category: str
    severity: str
    direct: MoneyChange
    correlated: MoneyChange


class MarketScenarioImpact(BaseModel):
    """P&L of a plain move: of the market, or of yields (0.01 is +100 bp); decimals both."""

    kind: str
    shock: float
    pnl: MoneyChange


class LimitSide(BaseModel):
    """How the base, or the draft, stands against a limit."""

    state: str
    level: str
    value: float | None = Field(description="in the limit's unit; null with the reason")
    member: str | None = Field(description="whose it is; of worst_scenario, the scenario")
    room: float | None = Field(description="left to the breach level, negative beyond it")
    room_usd: Money | None
    used: float | None = Field(
        default=None, description="how far the value is on the way to the breach level: 1 at it"
    )
    reason: str | None


class LimitImpact(BaseModel):
    """A limit of the base before and after the trades."""

    model_config = example(limit_id=SOME_ID, name="Concentration 10 %", change="cured")

    limit_id: UUID
    name: str
    measure: str
    measure_title: str = Field(default="", description="what readers call the measure")
    measure_unit: str = ""
    per: str
    key: str | None
    unit: str
    direction: str
    warning: float | None
    breach: float
    before: LimitSide | None = Field(description="null before the base's session is evaluated")
    after: LimitSide | None = Field(description="null for a limit set after the draft's run")
    change: str | None = Field(
        description="breached, cured, worse, better or unchanged; null where a side is not measured"
    )


class ClusterOut(BaseModel):
    """Symbols that move together."""

    name: str
    symbols: list[str]


class CorrelationImpact(BaseModel):
    """Position correlations; a draft's are calculated with it, its base's weekly or on request."""

    overall_correlation: FigureChange
    concentration: FigureChange
    effective_positions: FigureChange
    before_as_of: date | None = Field(description="the session of the base's")
    after_as_of: date | None = Field(description="the session of the draft's")
    clusters_before: list[ClusterOut]
    clusters_after: list[ClusterOut]
    reason: str | None = Field(description="why there is no difference")


class GreekParts(BaseModel):
    """What a trade adds to the portfolio's Greeks."""

    delta: Greek | None
    gamma: Greek | None
    theta: Greek | None
    vega: Greek | None
    rho: Greek | None


Parts = Annotated[dict[str, Money | None], Field(description="null where it is not known")]


class TradePart(BaseModel):
    """What one trade adds to the measures that add up: the trades' parts are the difference."""

    trade_id: UUID
    place: int
    action: TradeAction
    market_value: Money | None
    notional_exposure: Money | None = Field(description="net")
    delta_adjusted_exposure: Money | None = Field(description="net")
    greeks: GreekParts
    factors: Parts
    scenarios_direct: Parts
    scenarios_correlated: Parts


class Impacts(BaseModel):
    """Every measure of a draft next to that of its base, on the draft's session."""

    model_config = example(
        draft_id=SOME_ID,
        base_id="5d0c8a51-5a0b-4d6c-8a5f-0a1b2c3d4e5f",
        as_of="2022-12-28",
        state="calculated",
        version=4,
        impacts=None,
        warnings=[],
        reason="the draft is not calculated: POST modelling/sessions/{draft_id}/calculate",
    )

    draft_id: UUID
    base_id: UUID
    as_of: date
    state: str = Field(description="stale: the figures are of the draft before its last change")
    version: int
    impacts: "ImpactFigures | None" = Field(description="null with the reason")
    warnings: list[Warned]
    reason: str | None


class ImpactFigures(BaseModel):
    """The figures by subject, and each trade's part."""

    nav: NavImpact
    exposures: ExposuresImpact
    greeks: GreeksImpact
    metrics: list[MetricImpact]
    component_risk: list[ComponentImpact] = Field(description="the largest change first")
    factors: list[FactorImpact]
    rates: list[RateImpact]
    scenarios: list[ScenarioImpact]
    market_scenarios: list[MarketScenarioImpact]
    correlations: CorrelationImpact
    limits: list[LimitImpact] = Field(
        default=[], description="of the base, those that the trades breach or cure first"
    )
    trades: list[TradePart] = Field(
        description="of the trades as they are now; empty when the draft is stale"
    )
