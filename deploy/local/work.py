"""What `sigmasight doctor` says of the work of a running stack, from the gateway's metrics.

The bounds are those of the alerts in `deploy/observability/rules.yml`.
"""

import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from deploy.local.errors import Explained
from deploy.local.finding import Finding, problem

TOKEN = "SIGMASIGHT_METRICS_TOKEN"  # a variable's name  # nosec B105
OUTBOX_SECONDS = 120
USERS_WAIT_SECONDS = 600
RUN_SECONDS = 1800
LOOK_SECONDS = 5.0
Values = Mapping[str, Mapping[str, float]]


def work_findings(gateway_url: str) -> Iterator[Finding]:
    """Findings about runs, dead letters, quarantine and outbox; raises `Explained`."""
    yield from findings_of(values_of(_page(f"{gateway_url}/metrics")))


def findings_of(values: Values) -> Iterator[Finding]:
    """The findings about these values; one that says so where there is nothing to do."""
    found = [*_outbox(values), *_runs(values), *_letters(values), *_quarantine(values)]
    yield from found
    if not found:
        yield Finding("work", "no dead letters, nothing overdue, no close in quarantine")


def _page(url: str) -> str:
    token = os.environ.get(TOKEN) or _token_of_file(os.environ.get(f"{TOKEN}_FILE"))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # loopback only  # nosec B310
    try:
        with urllib.request.urlopen(request, timeout=LOOK_SECONDS) as answer:  # nosec B310
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError) as error:
        raise Explained(f"{url} does not answer ({error})") from error


def _token_of_file(file: str | None) -> str | None:
    return Path(file).read_text(encoding="utf-8").strip() if file else None


def values_of(page: str) -> Values:
    """The values of each of our gauges, by their one label."""
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            label = next(iter(sample.labels.values()), "")
            found.setdefault(sample.name.removeprefix("sigmasight_"), {})[label] = sample.value
    return found


def _outbox(values: Values) -> Iterator[Finding]:
    ages = values.get("outbox_oldest_seconds", {})
    oldest = max((ages.get(lane, 0.0) for lane in ("close", "other")), default=0.0)
    if oldest > OUTBOX_SECONDS:
        yield problem(
            "work",
            f"committed work has not reached the bus for {oldest:,.0f} s",
            "see `sigmasight status` and `sigmasight logs nats`; the outbox is published when the "
            "bus is back",
        )
    waiting = ages.get("interactive", 0.0)
    if waiting > USERS_WAIT_SECONDS:
        yield Finding(
            "work",
            f"a calculation that a user waits for has not started for {waiting:,.0f} s",
            "see `sigmasight runs --status running`",
        )


def _runs(values: Values) -> Iterator[Finding]:
    ages = values.get("oldest_open_run_seconds", {})
    oldest = max((ages.get(lane, 0.0) for lane in ("interactive", "close")), default=0.0)
    if oldest > RUN_SECONDS:
        yield problem(
            "work",
            f"a run has gone on for {oldest:,.0f} s",
            "see `sigmasight runs --status running`, and `sigmasight status` for who does not work",
        )
    for status, count in values.get("runs_ended", {}).items():
        if status != "completed" and count > 0:
            yield Finding(
                "work",
                f"{count:.0f} runs of the last hour ended {status}",
                f"see `sigmasight runs --status {status}`",
            )


def _letters(values: Values) -> Iterator[Finding]:
    for service, count in values.get("dead_letters", {}).items():
        if count > 0:
            yield Finding(
                "work",
                f"{service} gave up {count:.0f} messages",
                "see `sigmasight dead-letters`: repair the cause, then replay",
            )


def _quarantine(values: Values) -> Iterator[Finding]:
    count = sum(values.get("quarantined_prices", {}).values())
    if count > 0:
        yield Finding(
            "work",
            f"{count:.0f} closes were rejected as implausible",
            "see `sigmasight quarantine`",
        )
