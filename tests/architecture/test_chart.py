"""The chart's values follow from the topology; `make chart` renders and validates it with Helm."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import shared
from deploy.chart import (
    BY_THE_CLOCK,
    CHART,
    GATEWAY_SECRETS,
    VALUES,
    fewest_replicas,
    secret_manifest,
    values_text,
)
from deploy.local.doctor import settings_of
from shared.messaging import durables_of
from shared.settings import known_variables
from shared.topology import TOPOLOGY

ROOT = Path(__file__).resolve().parents[2]
WORDS = list(TOPOLOGY)
# Background tasks that may sleep with their service: they only tidy up.
TIDYING = {"pruning", "expire_documents"}


def values() -> dict[str, Any]:
    described: dict[str, Any] = yaml.safe_load(VALUES.read_text(encoding="utf-8"))
    return described


def test_the_values_are_the_generated_ones() -> None:
    assert VALUES.read_text(encoding="utf-8") == values_text(), "run `make chart-values`"


def test_the_chart_has_every_service_once() -> None:
    assert list(values()["services"]) == WORDS


@pytest.mark.parametrize("word", [word for word in WORDS if word != "gateway"])
def test_a_service_is_scaled_by_every_consumer_that_it_reads(word: str) -> None:
    scaled_by = {(each["stream"], each["name"]) for each in values()["services"][word]["consumers"]}

    assert scaled_by == {(each.stream, each.name) for each in durables_of(word)}
    assert scaled_by


@pytest.mark.parametrize("word", WORDS)
def test_only_what_waits_on_the_bus_may_sleep(word: str) -> None:
    """A service that works by the clock, or one that answers requests, keeps a replica."""
    main = (ROOT / "services" / word / "main.py").read_text(encoding="utf-8")
    found = re.search(r"background=\[(.*?)\]", main, re.S)
    tasks = set(re.findall(r"[a-z_]+", re.sub(r"\(.*?\)", "", found[1]))) if found else set()

    by_the_clock = bool(tasks - TIDYING)

    assert by_the_clock == (word in BY_THE_CLOCK)
    may_sleep = not (by_the_clock or TOPOLOGY[word].answers or word == "gateway")
    assert fewest_replicas(word) == int(not may_sleep)


def test_a_service_reaches_the_ports_of_the_topology() -> None:
    reaches = {word: tuple(found["reaches"]) for word, found in values()["services"].items()}

    assert reaches == {word: wiring.reaches for word, wiring in TOPOLOGY.items()}
    assert reaches["greeks"] == ()
    assert 443 in reaches["ingest"]


def test_some_services_sleep() -> None:
    assert {word for word in WORDS if not fewest_replicas(word)} >= {"snapshots", "reports"}


def test_variables_of_the_gateway_are_ones_it_reads() -> None:
    gateway = values()["services"]["gateway"]
    own = settings_of("gateway")
    assert own is not None

    named = {name for name in (*gateway["env"], *gateway["secrets"]) if name.startswith("SIGMA")}

    assert named <= known_variables(own)
    assert set(gateway["secrets"]) == set(GATEWAY_SECRETS)


def test_every_value_that_a_template_reads_exists() -> None:
    templates = "\n".join(
        path.read_text(encoding="utf-8") for path in (CHART / "templates").iterdir()
    )
    read = set(re.findall(r"\.Values\.([A-Za-z.]+)", templates))

    assert len(read) > 25
    for path in read:
        found: Any = values()
        for name in path.split("."):
            assert name in found, path
            found = found[name]


def test_the_secret_has_every_key_that_a_pod_mounts(tmp_path: Path) -> None:
    templates = "\n".join(
        path.read_text(encoding="utf-8") for path in (CHART / "templates").iterdir()
    )
    mounted = set(re.findall(r"\bkey: ([a-z_]+)[,}]", templates)) - {
        "database_",
        "bus_",
        "password",
    }
    mounted |= {f"{kind}_{word}" for kind in ("database", "bus") for word in WORDS}

    first = json.loads(secret_manifest(tmp_path, "sigmasight"))
    again = json.loads(secret_manifest(tmp_path, "sigmasight"))

    assert first["metadata"] == {"name": "sigmasight"}
    assert mounted | set(GATEWAY_SECRETS.values()) <= first["stringData"].keys()
    assert first == again
    assert "routes" not in first["stringData"]["nats_authorization"]
    assert len(first["stringData"]["nats_routes"]) >= 32


def test_pods_get_no_variables_of_service_links() -> None:
    """A release named sigmasight would give them SIGMASIGHT_..., which a service refuses."""
    for path in (CHART / "templates").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert text.count("automountServiceAccountToken: false") == text.count("containers:"), path
        assert text.count("enableServiceLinks: false") == text.count("containers:"), path


def test_railway_builds_a_service_and_asks_whether_it_lives() -> None:
    described = json.loads((ROOT / "railway.json").read_text(encoding="utf-8"))
    dockerfile = (ROOT / described["build"]["dockerfilePath"]).read_text(encoding="utf-8")
    [*_, last] = re.findall(r"^FROM \S+ AS (\S+)", dockerfile, re.M)

    assert last == "service"
    assert "ARG SERVICE" in dockerfile.rpartition("FROM ")[2]
    assert described["deploy"]["healthcheckPath"] in dockerfile


def test_the_chart_installs_the_version_that_it_is_of() -> None:
    described = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))

    assert described["appVersion"] == shared.__version__
