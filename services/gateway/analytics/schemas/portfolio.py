"""Models of snapshots and performance."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.books.schemas.portfolios import (
    PORTFOLIO_EXAMPLE,
    SNAPSHOT_EXAMPLE,
    Exposures,
    GreekSet,
    PortfolioOut,
    SharesOfNav,
)
from services.gateway.edge.values import (
    SOME_ID,
    Coverage,
    Greek,
    LeftOut,
    Money,
    Price,
    Quantity,
    UnmeasuredPositions,
    ValuedBy,
    Warned,
    example,
)


class SnapshotOut(BaseModel):
    """A portfolio on one session."""

    model_config = example(**SNAPSHOT_EXAMPLE)

    as_of: date
    previous_session: date | None = Field(
        description="what daily_pnl is measured from; null on the first"
    )
    nav: Money | None
    cash: Money | None = Field(description="nav - market_value, to the cent")
    market_value: Money | None
    equity_statement: Money | None = Field(description="the equity that a transaction gave for it")
    unexplained: Money | None = Field(
        description="that less the NAV carried to the session; null on the first statement"
    )
    daily_pnl: Money | None = Field(description="since previous_session, the parts below included")
    trades_pnl: Money | None = Field(description="of it: trading away from the close")
    income: Money | None = Field(description="of it: dividends, interest and borrow fees")
    fees: Money | None = Field(description="of it: fees, negative")
    cumulative_pnl: Money | None
    net_flow: Money | None = Field(description="inflow + outflow")
    inflow: Money | None = Field(description="capital that came in since previous_session")
    outflow: Money | None = Field(description="capital that left since then, negative")
    large_flow: bool | None = Field(description="a flow above 10 % of the NAV before")
    daily_return: float | None = Field(
        description="daily_pnl / (NAV before + inflow); null when that is not positive"
    )
    chained_from: date | None = Field(
        description="the session without a return that the present chain of returns starts from"
    )
    unrealised_pnl: Money | None
    exposures: Exposures | None
    exposures_of_nav: SharesOfNav | None = Field(description="the same as decimals of `nav`")
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
        trades_pnl=-12.5,
        income=230.0,
        fees=-1.0,
        cumulative_pnl=12345.67,
        inflow=0.0,
        outflow=0.0,
        large_flow=False,
        unexplained=None,
        daily_return=-0.00414,
    )

    as_of: date
    nav: Money | None
    daily_pnl: Money | None
    trades_pnl: Money | None
    income: Money | None
    fees: Money | None
    cumulative_pnl: Money | None
    inflow: Money | None
    outflow: Money | None
    large_flow: bool | None = Field(description="a flow above 10 % of the NAV before")
    unexplained: Money | None
    daily_return: float | None


class ReportedPoint(HistoryPoint):
    """The same with how far the returns are below their highest so far."""

    drawdown: float = Field(
        description="of the returns compounded since their chain began, never positive; 0 at a high"
    )


class PortfolioSummary(BaseModel):
    """A portfolio's last snapshot at or before the requested date.

    Null with a reason when there is none.
    """

    model_config = example(
        portfolio=PORTFOLIO_EXAMPLE,
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
    left_out: UnmeasuredPositions
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
        income=0.0,
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
    price_source: ValuedBy
    stale: bool | None
    market_value: Money | None
    cost: Money | None
    unrealised_pnl: Money | None
    daily_pnl: Money | None
    income: Money | None = Field(description="of daily_pnl: dividends received, or paid if short")
    notional_exposure: Money | None
    delta: Greek | None
    delta_adjusted_exposure: Money | None
    volatility: float | None
    iv_source: str | None
    rate_source: str | None
    dividend_source: str | None
    model: str | None
    reason: str | None


class PositionPnl(BaseModel):
    """What a position made on a session."""

    position_id: UUID
    symbol: str
    pnl: Money


class PnlByPosition(BaseModel):
    """A session's P&L by position; the parts add up to the total."""

    model_config = example(
        largest=[{"position_id": SOME_ID, "symbol": "XOM", "pnl": 905.0}],
        others=-5115.1,
        total=-4210.1,
    )

    largest: list[PositionPnl] = Field(description="the ten largest in size, gains first")
    others: Money | None = Field(
        description="all else: other positions, those closed since, interest, fees"
    )
    total: Money | None = Field(description="`daily_pnl` of the snapshot")
