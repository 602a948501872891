"""What stress tells."""

from typing import ClassVar

from shared.contracts.event import ShardEvent, WorkFailed


class StressComputed(ShardEvent):
    """Every scenario is evaluated for the shard's portfolios."""

    subject: ClassVar[str] = "stress.computed"


class StressFailed(WorkFailed):
    """The stress service gave up on a message."""

    subject: ClassVar[str] = "stress.failed"
