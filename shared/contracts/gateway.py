"""What the gateway tells: a book changed, a session is to be closed, work on stored data is
wanted.
"""

from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.contracts.event import Contract, Event, ShardEvent


class PortfoliosChanged(Event):
    """Books were uploaded or edited; their symbols need prices and their numbers a run."""

    subject: ClassVar[str] = "portfolios.changed"

    portfolio_ids: tuple[UUID, ...]
    reason: str


class MarketCloseRequested(Event):
    """An operator asked for the session `as_of` to be (re)run for every portfolio."""

    subject: ClassVar[str] = "market_close.requested"

    reason: str = "operator"


class SnapshotsRequested(ShardEvent):
    """An operator asked for the snapshots of portfolios whose exposures on `as_of` are stored to be
    taken again.
    """

    subject: ClassVar[str] = "snapshots.requested"


class RiskRequested(ShardEvent):
    """An operator asked for the risk of portfolios whose stress results on `as_of` are stored to be
    measured again.
    """

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
    """Somebody asked for the position correlations of portfolios whose exposures on `as_of` are
    stored.
    """

    subject: ClassVar[str] = "correlations.requested"

    parameters: CorrelationParameters = CorrelationParameters()
