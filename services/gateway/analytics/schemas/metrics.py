"""Risk metrics and performance."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.analytics.schemas.bases import ABOUT_EXAMPLE, OfView
from services.gateway.analytics.schemas.portfolio import HistoryPoint
from services.gateway.analytics.shapes.performance import Basis
from services.gateway.books.schemas.portfolios import PORTFOLIO_EXAMPLE, PortfolioOut
from services.gateway.edge.values import LeftOut, Money, Warned, example

_METRIC = {
    "metric": "var_95_1d_historical",
    "title": "Historical VaR, one day, 95 %",
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
    title: str = Field(description="what readers call it")
    value: float | None
    unit: str
    share_of_nav: float | None = Field(description="amounts only")
    observations: int | None = Field(description="days or returns behind it")
    coverage: float | None = Field(
        description="share of gross exposure, and of the window's days, that had the inputs"
    )
    reason: str | None
    first_day: date | None = Field(default=None, description="of the window")
    last_day: date | None = Field(default=None, description="of the window")


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
    plain_component_var: Money = Field(description="by the one or two days that decide the VaR")
    plain_component_es: Money
    days: int | None = Field(
        description="on how many days of the window its P&L is known; it counts nothing on others"
    )


class ComponentVar(BaseModel):
    """Historical one-day VaR and expected shortfall by position, losses positive.

    By the smoothed estimator (`var_95_1d_smoothed`), in which every day counts by the chance that
    it is the quantile, so that the parts are stable; the plain parts are next to them. The parts
    add up to the totals.
    """

    confidence: int = Field(description="percent")
    total_var: Money | None
    total_es: Money | None
    plain_total_var: Money | None = Field(default=None, description="var_95_1d_historical")
    plain_total_es: Money | None = None
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


class Weighted(BaseModel):
    """Both returns of a period. Cash flows do not count as performance in either."""

    value: float | None = Field(description="time-weighted: the daily returns compounded")
    observations: int | None
    reason: str | None
    money_weighted: float | None = Field(
        description="what the money earned while it was there: the internal rate of return (XIRR)"
    )
    money_weighted_basis: Basis | None = Field(
        description="per_year where the period is 365 days or longer, else of the period"
    )
    money_weighted_reason: str | None = Field(description="why there is none")
    large_flows: list[date] = Field(
        description="sessions with a flow above 10 % of NAV, which distort a daily return"
    )


_WEIGHTED: dict[str, Any] = {
    "value": -0.021,
    "observations": 21,
    "reason": None,
    "money_weighted": -0.0198,
    "money_weighted_basis": "period",
    "money_weighted_reason": None,
    "large_flows": [],
}


class PeriodReturn(Weighted):
    """The returns over a period that ends with the session."""

    model_config = example(period="1m", **_WEIGHTED)

    period: str = Field(description="1d, 1w, 1m, 3m, ytd or 1y")


class SpanReturn(Weighted):
    """The returns from the close of one session to that of another."""

    model_config = example(start="2022-11-28", end="2022-12-28", **_WEIGHTED)

    start: date
    end: date


class PerformanceReport(BaseModel):
    """Returns over the usual periods, and the series of NAV and P&L they are made of."""

    model_config = example(
        portfolio=PORTFOLIO_EXAMPLE,
        as_of="2022-12-28",
        periods=[{"period": "1m", **_WEIGHTED}],
        span={"start": "2022-11-28", "end": "2022-12-28", **_WEIGHTED},
        items=[],
        total=90,
        limit=252,
        offset=0,
        reason=None,
    )

    portfolio: PortfolioOut
    as_of: date | None
    periods: list[PeriodReturn]
    span: SpanReturn | None = Field(
        description="of the sessions from `start` to `as_of`, where `start` is given"
    )
    items: list[HistoryPoint] = Field(description="newest first")
    total: int
    limit: int
    offset: int
    reason: str | None
