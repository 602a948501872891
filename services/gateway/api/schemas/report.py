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
from services.gateway.api.schemas.factors import FactorReport
from services.gateway.api.schemas.greeks import GreeksReport
from services.gateway.api.schemas.runs import RunOut
from services.gateway.api.schemas.stress import StressReport
from services.gateway.api.schemas.values import SOME_ID, Coverage, Warned, example


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
    last_run: RunOut | None
    coverage: Coverage | None
    warnings: list[Warned]
    reason: str | None
