"""Rules and dashboards ask for metrics that exist, with labels that they have."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from deploy.observability.dashboards import DASHBOARDS
from services.gateway.edge.dependencies import Gateway
from services.gateway.operators.observing import Observer
from services.limits.senders.meters import Meters as SendersMeters
from tests.architecture.test_observability import ROOT, RUNBOOK, rules
from tests.integration.gateway.test_observing import NOW

NAME = re.compile(r"\b(?:sigmasight|process|faststream)_\w+")
SELECTED = re.compile(r'(\w+)\{(\w+)(=~?)"([^"]*)"\}')
Samples = dict[str, list[dict[str, str]]]


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (panel.expression for _, panels in DASHBOARDS.values() for panel in panels)


@pytest.fixture
async def served(gateway: Gateway, http: AsyncClient) -> str:
    """What a gateway serves that has observed once, and what the service limits adds to it."""
    registry = CollectorRegistry()
    await Observer(registry, 1.0).observe(gateway.runtime, NOW)
    senders = CollectorRegistry()
    SendersMeters(senders)
    await http.get("/api/v1/nothing")
    own = (await http.get("/metrics")).text
    return own + generate_latest(registry).decode() + generate_latest(senders).decode()


def samples_of(page: str) -> Samples:
    """The labels of every sample, by name; names without a sample too."""
    found: Samples = {}
    for family in text_string_to_metric_families(page):
        suffix = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
        for end in suffix.get(family.type, [""]):
            found.setdefault(family.name + end, [])
        for sample in family.samples:
            found.setdefault(sample.name, []).append(dict(sample.labels))
    return found


async def test_every_metric_of_rules_and_dashboards_exists(served: str) -> None:
    exist = samples_of(served)

    asked = {name for expression in expressions() for name in NAME.findall(expression)}
    levels = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    asked |= set(re.findall(r"`(sigmasight_\w+)`", levels))

    assert len(asked) > 20
    assert asked - exist.keys() == set()


async def test_every_gauge_of_ours_is_watched(served: str) -> None:
    asked = {name for expression in expressions() for name in NAME.findall(expression)}
    gauges = {
        family.name
        for family in text_string_to_metric_families(served)
        if family.type == "gauge"
        and family.name.startswith("sigmasight_")
        and not family.name.endswith("_created")  # when a counter began
    }

    assert gauges - asked == set()


async def test_every_selected_label_has_a_value_that_occurs(served: str) -> None:
    exist = samples_of(served)

    selected = [each for expression in expressions() for each in SELECTED.findall(expression)]

    assert len(selected) >= 8
    for name, label, operator, pattern in selected:
        if name == "up" or name.startswith("process_") or (label == "status" and "5.." in pattern):
            continue  # scraping adds `job`; errors are not provoked here
        values = {labels[label] for labels in exist[name]}
        alternatives = pattern.split("|") if operator == "=~" else [pattern]
        assert values >= set(alternatives), (name, label, pattern, values)


def test_legends_name_labels_of_their_expression() -> None:
    for _, panels in DASHBOARDS.values():
        for panel in panels:
            for label in re.findall(r"\{\{(\w+)\}\}", panel.legend):
                grouped: Any = re.search(r"by \(([^)]*)\)", panel.expression)
                kept = grouped[1].split(", ") if grouped else ["job", "instance"]
                assert label in kept, panel.title


def test_routes_that_the_runbook_names_exist(app: FastAPI) -> None:
    routes = {
        f"{method.upper()} {path.removeprefix('/api/v1/')}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }

    named = set(re.findall(r"`((?:GET|POST|PUT) [\w/{}-]+)", RUNBOOK))

    assert len(named) > 4
    assert named - routes == set()
