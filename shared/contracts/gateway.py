"""What the gateway publishes: portfolios changed, and work that a user or operator requests."""

from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.contracts.event import Contract, Event, ShardEvent

DRAFT_CALCULATED = "draft_calculated"  # the reason of a draft's run


class PortfoliosChanged(Event):
    """Portfolios were uploaded or edited: their symbols need prices and they need a run.

    A draft's (`DRAFT_CALCULATED`) needs the run alone: it holds only what has prices.
    """

    subject: ClassVar[str] = "portfolios.changed"

    portfolio_ids: tuple[UUID, ...]
    reason: str


class MarketCloseRequested(Event):
    """An operator requested a run of the session `as_of` for every portfolio."""

    subject: ClassVar[str] = "market_close.requested"

    reason: str = "operator"


class SnapshotsRequested(ShardEvent):
    """An operator requested snapshots again, of portfolios with stored exposures on `as_of`."""

    subject: ClassVar[str] = "snapshots.requested"


class RiskRequested(ShardEvent):
    """An operator requested risk again, of portfolios with stored stress results on `as_of`."""

    subject: ClassVar[str] = "risk.requested"


class CorrelationParameters(Contract):
    """What to correlate in a portfolio; the defaults are those of the weekly calculation."""

    lookback: int = Field(default=90, ge=20, le=504, description="daily log returns looked back on")
    minimum_observations: int = Field(
        default=20, ge=3, le=504, description="common returns that a pair needs"
    )
    minimum_value: float = Field(default=10_000.0, ge=0, description="USD, by underlying, gross")
    minimum_weight: float = Field(default=0.01, ge=0, le=1, description="share of the gross value")
    keep: Literal["both", "either", "value_only", "weight_only"] = Field(
        default="both", description="which of the two minimums an underlying must reach"
    )
    cluster_threshold: float = Field(
        default=0.7, gt=0, le=1, description="|correlation| that links two"
    )

    @model_validator(mode="after")
    def _window_is_long_enough(self) -> Self:
        if self.minimum_observations > self.lookback:
            raise ValueError("minimum_observations must not exceed lookback")
        return self


class CorrelationsRequested(ShardEvent):
    """A user requested position correlations of portfolios with stored exposures on `as_of`."""

    subject: ClassVar[str] = "correlations.requested"

    parameters: CorrelationParameters = CorrelationParameters()


class ReportsRequested(Event):
    """A report's figures are frozen in `gateway.published_report_requests`: render them.

    `run_id` is the report's id, too: a report is no run of any portfolio.
    """

    subject: ClassVar[str] = "reports.requested"

    report_id: UUID
