"""What snapshots tells."""

from typing import ClassVar

from shared.contracts.event import ShardEvent, WorkFailed


class SnapshotsCreated(ShardEvent):
    """The shard's portfolios have a snapshot for the session."""

    subject: ClassVar[str] = "snapshots.created"


class RiskMeasured(ShardEvent):
    """Risk metrics, components of VaR and attributions of P&L of the shard's portfolios are stored."""

    subject: ClassVar[str] = "risk.measured"


class SnapshotsFailed(WorkFailed):
    """The snapshots service gave up on a message."""

    subject: ClassVar[str] = "snapshots.failed"
