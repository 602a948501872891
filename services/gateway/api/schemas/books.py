"""Portfolios, their snapshots and what they hold."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.api.schemas.values import (
    SOME_ID,
    Coverage,
    Greek,
    LeftOut,
    Money,
    Price,
    Quantity,
    Warned,
    example,
)


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
    """Long is a sum of positives, short a sum of negatives (reported negative), gross of absolutes,
    net of all.
    """

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
    """Delta and gamma per 1.00 of the underlying, theta per calendar day, vega per volatility
    point, rho per 1 %.
    """

    delta: Greek | None
    gamma: Greek | None
    theta: Greek | None
    vega: Greek | None
    rho: Greek | None


_EXPOSURE = {"long": 912000.5, "short": -301500.25, "gross": 1213500.75, "net": 610500.25}
GREEKS_EXAMPLE = {"delta": 5210.5, "gamma": 12.25, "theta": -310.75, "vega": 1820.5, "rho": 905.125}
SNAPSHOT_EXAMPLE = {
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
    "greeks": GREEKS_EXAMPLE,
    "counts": {"LONG": 12, "SHORT": 8, "LC": 3, "SP": 1},
    "coverage": {"prices": 1.0, "greeks": 1.0},
    "warnings": [],
}


class SnapshotOut(BaseModel):
    """A portfolio on one session."""

    model_config = example(**SNAPSHOT_EXAMPLE)

    as_of: date
    previous_session: date | None = Field(
        description="what daily_pnl is measured from; null on the first"
    )
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

    model_config = example(
        as_of="2022-12-28", nav=1012345.67, exposures=SNAPSHOT_EXAMPLE["exposures"], left_out=[]
    )

    as_of: date
    nav: Money | None
    exposures: Exposures | None
    left_out: list[LeftOut] = Field(description="positions that some measure does not contain")


class HistoryPoint(BaseModel):
    """NAV and P&L of one session."""

    model_config = example(
        as_of="2022-12-28",
        nav=1012345.67,
        daily_pnl=-4210.1,
        cumulative_pnl=12345.67,
        daily_return=-0.00414,
    )

    as_of: date
    nav: Money | None
    daily_pnl: Money | None
    cumulative_pnl: Money | None
    daily_return: float | None


class PortfolioSummary(BaseModel):
    """A portfolio's last snapshot at or before the date asked for; null with a reason when there is
    none.
    """

    model_config = example(
        portfolio=PortfolioOut.model_config["json_schema_extra"]["examples"][0],  # type: ignore[index]
        as_of="2022-12-28",
        snapshot=SNAPSHOT_EXAMPLE,
        coverage=SNAPSHOT_EXAMPLE["coverage"],
        left_out=[],
        warnings=[],
        reason=None,
    )

    portfolio: PortfolioOut
    as_of: date | None
    snapshot: SnapshotOut | None
    coverage: Coverage | None
    left_out: list[LeftOut] = Field(
        description="positions that some exposure measure does not contain"
    )
    warnings: list[Warned]
    reason: str | None


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
    price_source: str | None = Field(
        description="close, adjusted_close, quote_mid, model or intrinsic"
    )
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
