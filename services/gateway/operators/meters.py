"""The gauges of the whole system. No label names a user, a portfolio or a symbol."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import nan

from prometheus_client import CollectorRegistry, Gauge

from services.gateway.operators.queries import Waiting
from services.gateway.tables.runs import BACKFILL, CLOSE, INTERACTIVE
from shared.messaging import Backlog
from shared.topology import TOPOLOGY

WORK_CLASSES = (INTERACTIVE, CLOSE, BACKFILL)
OTHER = "other"  # events of the outbox that belong to no run: reports, and work on limits
ENDS = ("completed", "partial", "failed")
STATES = ("ok", "warning", "breached", "acknowledged", "waived", "cleared", "not_measured")


class Meters:
    """The gauges of one process, which shows the last values that it found.

    Ages are in seconds. What is not known (no session yet, no answer from the bus) is NaN, which
    no comparison of an alert matches.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"sigmasight_{name}", text, labels, registry=registry)

        self.pending = gauge(
            "consumer_pending_messages",
            "Messages a durable consumer has not been sent yet",
            *("service", "consumer"),
        )
        self.unacknowledged = gauge(
            "consumer_unacknowledged_messages",
            "Messages a durable consumer was sent and has not acknowledged",
            *("service", "consumer"),
        )
        self.missing = gauge(
            "consumers_missing", "Durable consumers that the bus does not have", "service"
        )
        self.open_runs = gauge("open_runs", "Runs that go on, by lane", "work_class")
        self.oldest_run = gauge(
            "oldest_open_run_seconds", "Age of the oldest run that goes on", "work_class"
        )
        self.ended_runs = gauge("runs_ended", "Runs that ended within the last hour", "status")
        self.outbox = gauge("outbox_waiting", "Events to be published, by lane", "work_class")
        self.oldest_outbox = gauge(
            "outbox_oldest_seconds", "Age of the oldest event to be published", "work_class"
        )
        self.letters = gauge("dead_letters", "Messages given up and not replayed", "service")
        self.behind = gauge(
            "sessions_behind", "Sessions closed since the newest one with this data", "data"
        )
        self.positions = gauge(
            "positions", "Positions of each portfolio's last session, by their price", "price"
        )
        self.quarantined = gauge("quarantined_prices", "Closes rejected as implausible")
        self.limits = gauge("limits", "Limits by their state on their last session", "state")
        self.observed = gauge(
            "observed_timestamp_seconds", "When the source last answered, Unix time", "source"
        )

    def show_backlogs(self, service: str, backlogs: Mapping[str, Backlog | None]) -> None:
        """The backlog of each of the service's durables; None for a missing one."""
        for name, backlog in backlogs.items():
            waiting, unacknowledged = (
                (backlog.waiting, backlog.unacknowledged) if backlog else (nan, nan)
            )
            self.pending.labels(service, name).set(waiting)
            self.unacknowledged.labels(service, name).set(unacknowledged)
        self.missing.labels(service).set(sum(not backlog for backlog in backlogs.values()))

    def forget_backlogs(self) -> None:
        """The bus did not answer: the last values are no longer true."""
        for gauge in (self.pending, self.unacknowledged, self.missing):
            gauge.clear()

    def show_open_runs(self, found: Mapping[str, Waiting], now: datetime) -> None:
        """How many runs go on in each lane, and how old the oldest is."""
        _show_waiting(self.open_runs, self.oldest_run, WORK_CLASSES, found, now)

    def show_outbox(self, found: Mapping[str | None, Waiting], now: datetime) -> None:
        """How many events wait in each lane, and how old the oldest is."""
        named = {lane or OTHER: waiting for lane, waiting in found.items()}
        _show_waiting(self.outbox, self.oldest_outbox, (*WORK_CLASSES, OTHER), named, now)

    def show_ended_runs(self, found: Mapping[str, int]) -> None:
        """How many runs ended lately, by status."""
        _show_counts(self.ended_runs, ENDS, found)

    def show_dead_letters(self, found: Mapping[str, int]) -> None:
        """How many messages each service gave up on, of those not replayed."""
        _show_counts(self.letters, tuple(TOPOLOGY), found)

    def show_limits(self, found: Mapping[str, int]) -> None:
        """How many limits are in each state."""
        _show_counts(self.limits, STATES, found)

    def show_positions(self, found: Mapping[str, int]) -> None:
        """How many positions have a price of their session, an older one (stale), or none."""
        _show_counts(self.positions, ("current", "stale", "missing"), found)

    def show_sessions_behind(self, found: Mapping[str, int | None]) -> None:
        """How many sessions each kind of data is behind; None where there is none at all."""
        for data, behind in found.items():
            self.behind.labels(data).set(nan if behind is None else behind)

    def show_observed(self, source: str, now: datetime) -> None:
        """The source answered."""
        self.observed.labels(source).set(now.timestamp())


def _show_counts(gauge: Gauge, names: Sequence[str], found: Mapping[str, int]) -> None:
    for name in names:
        gauge.labels(name).set(found.get(name, 0))


def _show_waiting(
    count: Gauge, age: Gauge, lanes: Sequence[str], found: Mapping[str, Waiting], now: datetime
) -> None:
    for lane in lanes:
        waiting = found.get(lane)
        count.labels(lane).set(waiting.count if waiting else 0)
        age.labels(lane).set((now - waiting.since).total_seconds() if waiting else 0.0)
