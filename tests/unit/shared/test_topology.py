"""Stages of a run, subscriptions of the gateway and failures follow from the topology."""

import pytest

from shared.bus import nats_authorization
from shared.contracts.event import WorkFailed
from shared.contracts.factors import CorrelationsComputed, FactorsFailed
from shared.contracts.gateway import RiskRequested
from shared.contracts.greeks import GreeksFailed
from shared.contracts.ingest import IngestFailed, PricesUpdated
from shared.contracts.limits import LimitsFailed
from shared.contracts.snapshots import SnapshotsFailed
from shared.contracts.stress import StressFailed
from shared.messaging import stream_configs
from shared.topology import (
    EVENTS,
    FAILURES,
    STAGE_EVENTS,
    STAGES,
    TOPOLOGY,
    failed_stage,
    publisher_of,
    stage_of,
)


def test_only_the_gateway_may_list_the_consumers_of_every_stream() -> None:
    allowed = {
        line.split('"')[1]: line.count("$JS.API.CONSUMER.LIST.")
        for line in nats_authorization(dict.fromkeys((*TOPOLOGY, "bootstrap"), "-")).splitlines()
        if "user:" in line
    }

    assert allowed.pop("gateway") == len(stream_configs())
    assert set(allowed.values()) == {0}


def test_a_run_has_its_stages_in_the_order_of_the_pipeline() -> None:
    assert STAGES == ("prices", "greeks", "factors", "snapshots", "stress", "risk", "limits")


def test_weekly_correlations_are_reported_but_no_run_waits_for_them() -> None:
    assert set(map(stage_of, STAGE_EVENTS)) - set(STAGES) == {stage_of(CorrelationsComputed)}


def test_every_stage_follows_from_an_earlier_one() -> None:
    first, *later = STAGES
    causes = {
        stage_of(result): {stage_of(event) for event in wiring.subscribes}
        for wiring in TOPOLOGY.values()
        for result in wiring.results
    }

    assert first == stage_of(PricesUpdated)
    assert all(causes[stage] & set(STAGES[: STAGES.index(stage)]) for stage in later)


def test_the_gateway_subscribes_to_everything_that_others_publish() -> None:
    gateway = TOPOLOGY["gateway"]
    others = set(EVENTS.values()) - set(gateway.publishes)

    assert set(gateway.subscribes) == others
    assert set(gateway.requests) == {
        request for wiring in TOPOLOGY.values() for request in wiring.answers
    }


@pytest.mark.parametrize(
    ("failure", "received", "stage"),
    [
        (IngestFailed, "market_close.requested", "prices"),
        (IngestFailed, "market.closed", "prices"),
        (IngestFailed, "portfolios.changed", "prices"),
        (GreeksFailed, "prices.updated", "greeks"),
        (FactorsFailed, "greeks.computed", "factors"),
        (FactorsFailed, "factors.computed", "correlations"),
        (FactorsFailed, "correlations.requested", "correlations"),
        (SnapshotsFailed, "factors.computed", "snapshots"),
        (SnapshotsFailed, "snapshots.requested", "snapshots"),
        (SnapshotsFailed, "stress.computed", "risk"),
        (SnapshotsFailed, RiskRequested.subject, "risk"),
        (StressFailed, "factors.computed", "stress"),
        (LimitsFailed, "snapshots.created", "limits"),
        (LimitsFailed, "risk.measured", "limits"),
        (StressFailed, "a.subject_of_another_version", "stress"),
    ],
)
def test_a_failure_belongs_to_the_stage_of_the_event_received(
    failure: type[WorkFailed], received: str, stage: str
) -> None:
    assert failed_stage(failure, received) == stage


def test_every_calculator_reports_its_failures() -> None:
    assert [publisher_of(failure) for failure in FAILURES] == [
        word for word in TOPOLOGY if word not in ("gateway", "reports")
    ]  # a report is of no run


def test_an_event_that_no_service_publishes_has_no_publisher() -> None:
    with pytest.raises(LookupError, match="WorkFailed"):
        publisher_of(WorkFailed)
