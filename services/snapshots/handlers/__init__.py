"""What snapshots does."""

from services.snapshots.handlers.take_snapshots import measure_risk, router, take_snapshots

__all__ = ["measure_risk", "router", "take_snapshots"]
