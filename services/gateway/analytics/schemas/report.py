"""Everything in one answer."""

from datetime import date

from pydantic import BaseModel, Field

from services.gateway.analytics.schemas.factors import AttributionReport, FactorReport
from services.gateway.analytics.schemas.greeks import GreeksReport
from services.gateway.analytics.schemas.limits import LIMIT_EXAMPLE, LimitOnSession
from services.gateway.analytics.schemas.market_data import AskedProvider
from services.gateway.analytics.schemas.metrics import MetricsReport, PeriodReturn
from services.gateway.analytics.schemas.portfolio import (
    PnlByPosition,
    ReportedPoint,
    SnapshotOut,
    ValuedPosition,
)
from services.gateway.analytics.schemas.stress import StressReport
from services.gateway.books.schemas.portfolios import (
    SNAPSHOT_EXAMPLE,
    LimitCounts,
    PortfolioOut,
)
from services.gateway.edge.values import SOME_ID, Coverage, UnmeasuredPositions, Warned, example
from services.gateway.runs.schemas import PortfolioRun


class PriceSource(BaseModel):
    """A source of the prices that a portfolio is valued with."""

    source: str
    basis: str = Field(
        description="raw (closes as traded), adjusted (only such closes are known) or quote"
    )
    prices: int = Field(
        description="how many underlyings' closes, or contracts' quotes, are from it"
    )


class MarketDataUsed(BaseModel):
    """The market data that a portfolio's figures are based on, and their providers."""

    model_config = example(
        sources=[{"source": "bundled", "basis": "adjusted", "prices": 24}],
        providers={"prices": [{"name": "bundled", "live": False}]},
        sentence="Prices come from the bundled files (adjusted closes, 2014-01-02 to 2022-12-28): "
        "no live provider is configured (a key in POLYGON_API_KEY brings one).",
    )

    sources: list[PriceSource] = Field(description="of the session's prices, the most first")
    providers: dict[str, list[AskedProvider]] = Field(
        description="by kind of data, in the order they are queried"
    )
    sentence: str


class PortfolioReport(BaseModel):
    """Everything about a portfolio on one session, in one answer."""

    model_config = example(
        portfolio={"portfolio_id": SOME_ID, "name": "Long/short", "positions": 24},
        as_of="2022-12-28",
        snapshot=SNAPSHOT_EXAMPLE,
        sessions=["2022-12-27", "2022-12-28"],
        last_session="2022-12-28",
        sessions_behind=0,
        limits={"breached": 1},
        limit_states=[LIMIT_EXAMPLE],
        reason=None,
    )

    portfolio: PortfolioOut
    as_of: date | None
    snapshot: SnapshotOut | None
    history: list[ReportedPoint] = Field(description="the last 90 snapshots, oldest first")
    sessions: list[date] = Field(
        description="every session that has a snapshot, oldest first, those after `as_of` too"
    )
    last_session: date | None = Field(description="the last session that market data are known of")
    sessions_behind: int | None = Field(description="how many sessions `as_of` is before it")
    positions: list[ValuedPosition] = Field(description="largest market value first")
    greeks: GreeksReport
    factors: FactorReport
    stress: StressReport
    metrics: MetricsReport
    performance: list[PeriodReturn] = Field(
        description="1d, 1w, 1m, 3m, ytd and 1y; the series is `history`"
    )
    attribution: AttributionReport = Field(description="of the session's P&L")
    pnl_by_position: PnlByPosition = Field(description="of the session")
    limits: LimitCounts
    limit_states: list[LimitOnSession] = Field(
        description="those beyond a level first, then those with least room"
    )
    market_data: MarketDataUsed
    last_run: PortfolioRun | None
    coverage: Coverage | None
    left_out: UnmeasuredPositions
    warnings: list[Warned]
    reason: str | None
