"""What snapshots publishes."""

from typing import ClassVar

from shared.contracts.event import ShardEvent, WorkFailed


class SnapshotsCreated(ShardEvent):
    """The shard's portfolios have a snapshot for the session, and later ones are up to date."""

    subject: ClassVar[str] = "snapshots.created"


class RiskMeasured(ShardEvent):
    """VaR and expected shortfall of the shard's portfolios are stored, by position too."""

    subject: ClassVar[str] = "risk.measured"


class SnapshotsFailed(WorkFailed):
    """The snapshots service gave up on a message."""

    subject: ClassVar[str] = "snapshots.failed"
