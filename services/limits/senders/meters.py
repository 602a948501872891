"""What operators see of alerts and messages. No label names a limit, a user or an address."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.limits.senders.inputs import DueNotification, Outcome, RaisedAlert


class Meters:
    """The metrics of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.raised = Counter(
            "sigmasight_alerts_raised", "Alerts by level", ["level"], registry=registry
        )
        self.notifications = Counter(
            "sigmasight_notifications",
            "Attempts to deliver a message, by channel and outcome",
            ["channel", "outcome"],
            registry=registry,
        )
        self.oldest = Gauge(
            "sigmasight_notifications_oldest_pending_seconds",
            "Age of the oldest message that is still to be delivered",
            registry=registry,
        )

    def count_raised(self, alerts: Iterable[RaisedAlert]) -> None:
        """Count alerts that messages were made of, each once."""
        for alert in alerts:
            if alert.notified_at is None:
                self.raised.labels(alert.level).inc()

    def count_attempt(
        self, due: DueNotification, outcome: Outcome, again_at: datetime | None
    ) -> None:
        """Count an attempt: delivered, retried later, or given up."""
        failed = "retried" if again_at else "given_up"
        self.notifications.labels(due.channel, "delivered" if outcome.delivered else failed).inc()

    def show_oldest(self, oldest: datetime | None, now: datetime) -> None:
        """Show the age of the oldest message; 0 when none waits."""
        self.oldest.set((now - oldest).total_seconds() if oldest else 0.0)
