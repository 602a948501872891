"""What greeks tells."""

from typing import ClassVar

from shared.contracts.event import ShardEvent, WorkFailed


class GreeksComputed(ShardEvent):
    """Contract and position Greeks of a shard are stored."""

    subject: ClassVar[str] = "greeks.computed"


class GreeksFailed(WorkFailed):
    """The greeks service gave up on a message."""

    subject: ClassVar[str] = "greeks.failed"
