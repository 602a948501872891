"""What factors tells."""

from typing import ClassVar

from shared.contracts.event import ShardEvent, WorkFailed


class FactorsComputed(ShardEvent):
    """Betas, exposures, rate sensitivities and the factor covariance of a shard are stored."""

    subject: ClassVar[str] = "factors.computed"


class CorrelationsComputed(ShardEvent):
    """The position correlations of a shard are stored: in the weekly session, and when they were asked for."""

    subject: ClassVar[str] = "correlations.computed"


class FactorsFailed(WorkFailed):
    """The factors service gave up on a message."""

    subject: ClassVar[str] = "factors.failed"
