"""Risk metrics and performance."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.analytics.schemas.bases import ABOUT_EXAMPLE, OfView
from services.gateway.analytics.schemas.portfolio import HistoryPoint
from services.gateway.books.schemas.portfolios import PORTFOLIO_EXAMPLE, PortfolioOut
from services.gateway.edge.values import LeftOut, Money, Warned, example

_METRIC = {
    "metric": "var_95_1d_historical",
    "value": 18250.4,
    "unit": "USD",
    "share_of_nav": 0.018,
    "observations": 252,
    "coverage": 1.0,
    "reason": None,
}


class MetricOut(BaseModel):
    """One measured number, or null with the reason.

    Losses (VaR, expected shortfall) are positive.
    """

    model_config = example(**_METRIC)

    metric: str
    value: float | None
    unit: str
    share_of_nav: float | None = Field(description="amounts only")
    observations: int | None = Field(description="days or returns behind it")
    coverage: float | None = Field(
        description="share of gross notional exposure that had the inputs"
    )
    reason: str | None


class MetricGroup(BaseModel):
    """The metrics of one kind."""

    kind: str
    metrics: list[MetricOut]


class ComponentOut(BaseModel):
    """A position's part of the portfolio's VaR and expected shortfall; negative for a hedge."""

    position_id: UUID
    symbol: str
    component_var: Money
    component_es: Money
    share: float | None = Field(description="of the total VaR; null when that is not positive")


class ComponentVar(BaseModel):
    """Historical one-day VaR and expected shortfall by position, losses positive.

    The parts add up to the totals.
    """

    confidence: int = Field(description="percent")
    total_var: Money | None
    total_es: Money | None
    positions: list[ComponentOut]


class MetricsReport(OfView):
    """Every risk metric of the portfolio or one side of it, by kind."""

    model_config = example(
        **ABOUT_EXAMPLE,
        view="portfolio",
        nav=1012345.67,
        groups=[{"kind": "value_at_risk", "metrics": [_METRIC]}],
        component_var=[
            {"confidence": 95, "total_var": 18250.4, "total_es": 25120.9, "positions": []}
        ],
        left_out=[],
        warnings=[],
        reason=None,
    )

    nav: Money | None
    groups: list[MetricGroup]
    component_var: list[ComponentVar] = Field(description="of the whole portfolio")
    left_out: list[LeftOut] = Field(
        description="positions that the historical figures do not contain"
    )
    warnings: list[Warned]
    reason: str | None


class PeriodReturn(BaseModel):
    """The time-weighted return over a period that ends with the session.

    Cash flows do not count as performance.
    """

    model_config = example(period="1m", value=-0.021, observations=21, reason=None)

    period: str = Field(description="1d, 1w, 1m, 3m, ytd or 1y")
    value: float | None
    observations: int | None
    reason: str | None


class PerformanceReport(BaseModel):
    """Returns over the usual periods, and the series of NAV and P&L they are made of."""

    model_config = example(
        portfolio=PORTFOLIO_EXAMPLE,
        as_of="2022-12-28",
        periods=[{"period": "1m", "value": -0.021, "observations": 21, "reason": None}],
        items=[],
        total=90,
        limit=252,
        offset=0,
        reason=None,
    )

    portfolio: PortfolioOut
    as_of: date | None
    periods: list[PeriodReturn]
    items: list[HistoryPoint] = Field(description="newest first")
    total: int
    limit: int
    offset: int
    reason: str | None
