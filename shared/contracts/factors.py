"""What factors publishes, and the requests it answers."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from shared.contracts.event import Contract, Request, ShardEvent, WorkFailed


class FactorsComputed(ShardEvent):
    """Betas, exposures, rate sensitivities and the factor covariance of a shard are stored."""

    subject: ClassVar[str] = "factors.computed"


class CorrelationsComputed(ShardEvent):
    """The position correlations of a shard are stored: once a week, and on request."""

    subject: ClassVar[str] = "correlations.computed"


class FactorsFailed(WorkFailed):
    """The factors service gave up on a message."""

    subject: ClassVar[str] = "factors.failed"


class FactorCorrelations(Contract):
    """K x K daily covariances and correlations in the order of `factors`.

    null where there are too few observations.
    """

    factors: tuple[str, ...]
    covariances: tuple[tuple[float | None, ...], ...]
    correlations: tuple[tuple[float | None, ...], ...]
    observations: int


class CorrelateFactors(Request[FactorCorrelations]):
    """Measure the factors' covariance over the last `lookback` returns up to `as_of`.

    Weighted as requested; the result is not stored.
    """

    subject: ClassVar[str] = "ask.factors.correlate_factors"

    as_of: date
    space: Literal["market_relative", "absolute"] = "market_relative"
    decay: float = Field(default=0.94, gt=0, le=1)
    lookback: int = Field(default=252, ge=60, le=2520)
