"""What the doctor says of a stack's work, by the bounds of the alerts."""

import re
from pathlib import Path

import pytest
import yaml

from deploy.local import work
from deploy.local.finding import Finding

RULES = Path(__file__).parents[3] / "deploy" / "observability" / "rules.yml"
CALM = {
    "outbox_oldest_seconds": {"interactive": 5.0, "close": 0.0, "backfill": 9e4, "other": 1.0},
    "oldest_open_run_seconds": {"interactive": 60.0, "close": 0.0, "backfill": 9e4},
    "runs_ended": {"completed": 7.0, "partial": 0.0, "failed": 0.0},
    "dead_letters": {"greeks": 0.0},
    "quarantined_prices": {"": 0.0},
}


def found(**changes: dict[str, float]) -> list[Finding]:
    values = {name: {**CALM[name], **changes.get(name, {})} for name in CALM}
    return [*work.findings_of(values)]


def test_a_calm_stack_has_one_finding_that_is_none() -> None:
    (only,) = found()

    assert (only.is_problem, only.fix) == (False, "")


@pytest.mark.parametrize(
    ("name", "label", "value", "is_problem", "said"),
    [
        ("outbox_oldest_seconds", "other", 121.0, True, "has not reached the bus for 121 s"),
        ("outbox_oldest_seconds", "interactive", 601.0, False, "has not started for 601 s"),
        ("oldest_open_run_seconds", "close", 1801.0, True, "has gone on for 1,801 s"),
        ("runs_ended", "partial", 2.0, False, "2 runs of the last hour ended partial"),
        ("dead_letters", "greeks", 3.0, False, "greeks gave up 3 messages"),
        ("quarantined_prices", "", 4.0, False, "4 closes were rejected"),
    ],
)
def test_what_is_not_calm_is_named_with_its_fix(
    name: str, label: str, value: float, is_problem: bool, said: str
) -> None:
    (only,) = found(**{name: {label: value}})

    assert said in only.message
    assert (only.is_problem, "sigmasight" in only.fix) == (is_problem, True)


def test_what_is_unknown_is_no_finding() -> None:
    (only,) = found(oldest_open_run_seconds={"close": float("nan")})

    assert not only.is_problem


def test_values_are_read_by_their_label() -> None:
    page = (
        '# TYPE sigmasight_dead_letters gauge\nsigmasight_dead_letters{service="greeks"} 2.0\n'
        "# TYPE sigmasight_quarantined_prices gauge\nsigmasight_quarantined_prices 1.0\n"
    )

    assert work.values_of(page) == {
        "dead_letters": {"greeks": 2.0},
        "quarantined_prices": {"": 1.0},
    }


def test_the_bounds_are_those_of_the_alerts() -> None:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    bounds = {
        rule["alert"]: float(found[1])
        for group in groups
        for rule in group["rules"]
        if (found := re.search(r"> (\d+)$", rule["expr"]))
    }

    assert bounds["SigmaSightOutboxOld"] == work.OUTBOX_SECONDS
    assert bounds["SigmaSightUsersWait"] == work.USERS_WAIT_SECONDS
    assert bounds["SigmaSightRunOverdue"] == work.RUN_SECONDS
