"""Everything in one answer."""

from datetime import date

from pydantic import BaseModel, Field

from services.gateway.api.schemas.books import (
    SNAPSHOT_EXAMPLE,
    HistoryPoint,
    PortfolioOut,
    SnapshotOut,
    ValuedPosition,
)
from services.gateway.api.schemas.factors import AttributionReport, FactorReport
from services.gateway.api.schemas.greeks import GreeksReport
from services.gateway.api.schemas.metrics import MetricsReport, PeriodReturn
from services.gateway.api.schemas.runs import RunOut
from services.gateway.api.schemas.stress import StressReport
from services.gateway.api.schemas.values import SOME_ID, Coverage, LeftOut, Warned, example


class PortfolioReport(BaseModel):
    """Everything about a portfolio on one session, in one answer."""

    model_config = example(
        portfolio={"portfolio_id": SOME_ID, "name": "Long/short", "positions": 24},
        as_of="2022-12-28",
        snapshot=SNAPSHOT_EXAMPLE,
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
    metrics: MetricsReport
    performance: list[PeriodReturn] = Field(description="1d, 1w, 1m, 3m, ytd and 1y; the series is `history`")
    attribution: AttributionReport = Field(description="of the session's P&L")
    last_run: RunOut | None
    coverage: Coverage | None
    left_out: list[LeftOut] = Field(description="positions that some exposure measure does not contain")
    warnings: list[Warned]
    reason: str | None
