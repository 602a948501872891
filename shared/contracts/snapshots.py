"""What snapshots tells."""

from typing import ClassVar

from shared.contracts.event import ShardEvent, WorkFailed


class SnapshotsCreated(ShardEvent):
    """The shard's portfolios have a snapshot for the session, and all that follows from their
    chain.
    """

    subject: ClassVar[str] = "snapshots.created"


class RiskMeasured(ShardEvent):
    """VaR and expected shortfall of the shard's portfolios are stored, with each position's
    part.
    """

    subject: ClassVar[str] = "risk.measured"


class SnapshotsFailed(WorkFailed):
    """The snapshots service gave up on a message."""

    subject: ClassVar[str] = "snapshots.failed"
