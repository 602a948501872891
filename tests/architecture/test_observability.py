"""Alerting rules, dashboards and the runbook agree with each other."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.observability.dashboards import DASHBOARDS, outdated

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "observability" / "rules.yml"
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
DURATION = re.compile(r"[1-9]\d*[smhd]")


def rules() -> list[dict[str, Any]]:
    described = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return [rule for group in described["groups"] for rule in group["rules"]]


ALERTS = [rule["alert"] for rule in rules()]


def entry_of(alert: str) -> str:
    """The text below an alert's heading in the runbook."""
    found = re.search(rf"^## {alert}\n(.*?)(?=^## |\Z)", RUNBOOK, re.M | re.S)
    assert found, f"docs/runbook.md has no entry for {alert}"
    return found[1]


@pytest.mark.parametrize("rule", rules(), ids=ALERTS)
def test_a_rule_has_all_that_prometheus_and_operators_need(rule: dict[str, Any]) -> None:
    assert rule.keys() == {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert DURATION.fullmatch(rule["for"])
    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
    assert rule["annotations"]["summary"]
    assert rule["expr"].count("(") == rule["expr"].count(")")
    assert re.search(r"(==|>=?|<=?) [\d.]+$|offset 1d\)$", rule["expr"]), "no threshold"


@pytest.mark.parametrize("alert", ALERTS)
def test_the_runbook_says_what_an_alert_means_and_what_to_do(alert: str) -> None:
    entry = entry_of(alert)

    assert re.findall(r"^\*\*(\w+)\.\*\* \S", entry, re.M) == ["Means", "Look", "Do"]


def test_alerts_are_named_once_and_the_runbook_has_no_others() -> None:
    assert len(set(ALERTS)) == len(ALERTS)
    assert re.findall(r"^## (.+)$", RUNBOOK, re.M) == ALERTS


def test_dashboards_are_the_generated_ones() -> None:
    assert outdated() == [], "run `make dashboards`"


def test_no_two_panels_of_a_dashboard_share_a_title() -> None:
    for name, (_, panels) in DASHBOARDS.items():
        titles = [panel.title for panel in panels]
        assert len(set(titles)) == len(titles), name


def test_service_levels_name_alerts_that_exist() -> None:
    text = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(SigmaSight\w+)`", text))

    assert len(named) >= 7
    assert named <= set(ALERTS)


def test_log_lines_that_the_runbook_quotes_are_logged() -> None:
    commands = ("kubectl", "python", "sigmasight", "vacuum")
    quoted = {
        line
        for line in re.findall(r"`([A-Za-z]+(?: [A-Za-z]+)+)`", RUNBOOK)
        if not line.startswith(commands)
    }
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in ("services", "shared")
        for path in (ROOT / folder).rglob("*.py")
    )

    assert len(quoted) >= 12
    assert {line for line in quoted if f'"{line}' not in code} == set()
