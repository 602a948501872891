"""Models of a position over sessions and of P&L vectors."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.books.schemas.portfolios import GREEKS_EXAMPLE, GreekSet
from services.gateway.edge.values import (
    SOME_ID,
    Greek,
    Money,
    Page,
    Price,
    Quantity,
    ValuedBy,
    example,
)

_POINT = {
    "as_of": "2022-12-28",
    "state": "held",
    "symbol": "AAPL230616C00130000",
    "quantity": 5.0,
    "price": 12.35,
    "price_date": "2022-12-28",
    "price_source": "model",
    "stale": False,
    "underlying_price": 126.04,
    "market_value": 6175.0,
    "cost": 5900.0,
    "unrealised_pnl": 275.0,
    "daily_pnl": -310.5,
    "income": 0.0,
    "notional_exposure": 63020.0,
    "delta": 0.5241,
    "delta_adjusted_exposure": 33028.78,
    "greeks": GREEKS_EXAMPLE,
    "dollar_gamma_1pct": 180.25,
    "volatility": 0.3112,
    "iv_source": "implied",
    "component_var": 512.4,
    "component_es": 690.1,
    "reason": None,
}

_DISTRIBUTION = {
    "mean_pnl": 41.2,
    "deviation": 1180.4,
    "skewness": -0.31,
    "kurtosis": 4.12,
    "worst_pnl": -4210.5,
    "best_pnl": 3890.0,
    "classes": [{"low": -500.0, "high": 0.0, "sessions": 61}],
}


class PositionPoint(BaseModel):
    """A position on one session.

    `closed`: it was closed since the session before; of that session only its P&L is known.
    """

    model_config = example(**_POINT)

    as_of: date
    state: Literal["held", "closed"]
    symbol: str | None = Field(description="of that day: a split changes an option's")
    quantity: Quantity | None
    price: Price | None
    price_date: date | None = Field(description="before as_of when the price was carried forward")
    price_source: ValuedBy
    stale: bool | None
    underlying_price: Price | None
    market_value: Money | None
    cost: Money | None
    unrealised_pnl: Money | None
    daily_pnl: Money | None
    income: Money | None = Field(description="of daily_pnl: dividends received, or paid if short")
    notional_exposure: Money | None
    delta: Greek | None = Field(description="per share")
    delta_adjusted_exposure: Money | None
    greeks: GreekSet | None = Field(description="of the whole position")
    dollar_gamma_1pct: Greek | None
    volatility: float | None = Field(description="of an option: a decimal per year")
    iv_source: str | None
    component_var: Money | None = Field(description="its part of the portfolio's 95 % VaR")
    component_es: Money | None
    reason: str | None


class PositionHistory(BaseModel):
    """A position on every session it was valued on, oldest first."""

    model_config = example(
        position_id=SOME_ID, portfolio_id=SOME_ID, items=[_POINT], total=1, reason=None
    )

    position_id: UUID
    portfolio_id: UUID
    items: list[PositionPoint]
    total: int
    reason: str | None


class PnlVector(BaseModel):
    """What one holding would have made on each past session."""

    position_id: UUID
    symbol: str
    values: list[float | None] | None = Field(
        description="USD in the order of session_dates; null where the session has no return"
    )
    counted: bool = Field(description="whether it is in the portfolio's vector and its VaR")
    reason: str | None = Field(description="why it is not, or why sessions are missing")


class PnlClass(BaseModel):
    """How many sessions made at least `low` and less than `high`."""

    model_config = example(low=-500.0, high=0.0, sessions=61)

    low: Money
    high: Money
    sessions: int


class PnlDistribution(BaseModel):
    """How the P&L of the past sessions is distributed, in classes of one width from the worst."""

    model_config = example(**_DISTRIBUTION)

    mean_pnl: Money
    deviation: Money = Field(description="standard deviation, with n - 1")
    skewness: float | None = Field(description="below zero: losses are larger than gains")
    kurtosis: float | None = Field(description="3 for a normal distribution")
    worst_pnl: Money
    best_pnl: Money
    classes: list[PnlClass] = Field(description="bounds are multiples of the width")


class PnlVectors(Page[PnlVector]):
    """What the holdings of a session would have made on each of the last 252, options repriced.

    Historical VaR and expected shortfall are of `values`.
    """

    model_config = example(
        portfolio_id=SOME_ID,
        as_of="2022-12-28",
        session_dates=["2022-12-27", "2022-12-28"],
        values=[-1250.5, 310.25],
        distribution=_DISTRIBUTION,
        items=[
            {
                "position_id": SOME_ID,
                "symbol": "AAPL",
                "values": [-1250.5, 310.25],
                "counted": True,
                "reason": None,
            }
        ],
        total=1,
        limit=100,
        offset=0,
        reason=None,
    )

    portfolio_id: UUID
    as_of: date | None
    session_dates: list[date] = Field(description="the past sessions, oldest first")
    values: list[float | None] = Field(
        description="USD of the counted positions together, those of other pages too"
    )
    distribution: PnlDistribution | None = Field(description="of values; null of fewer than two")
    reason: str | None
