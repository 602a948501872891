"""Scenario definitions: the bundled eighteen, and what is wrong with a wrong one."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

import services.stress
from services.stress.calculations.scenarios import (
    InvalidScenarios,
    custom_scenario,
    scenarios,
    valuable,
)
from services.stress.inputs import Scenario
from tests.unit.stress.builders import a_definition

BUNDLED = Path(services.stress.__file__).with_name("scenarios.json")

# The contract's table, copied by hand: id -> (category, severity, factor shocks, rate shock).
CONTRACT: dict[str, tuple[str, str, dict[str, float], float | None]] = {
    "market_up_10": ("market", "moderate", {"market": 0.10}, None),
    "market_down_10": ("market", "moderate", {"market": -0.10}, None),
    "market_crash_35": ("market", "severe", {"market": -0.35}, None),
    "market_rally_25": ("market", "severe", {"market": 0.25}, None),
    "rates_up_25bp": ("rates", "mild", {}, 0.0025),
    "rates_down_25bp": ("rates", "mild", {}, -0.0025),
    "rates_up_100bp": ("rates", "moderate", {}, 0.01),
    "rates_down_100bp": ("rates", "moderate", {}, -0.01),
    "rate_spike_300bp": ("rates", "severe", {}, 0.03),
    "value_rotation_20": ("rotation", "moderate", {"value": 0.20, "growth": -0.10}, None),
    "growth_rally_15": ("rotation", "moderate", {"growth": 0.15, "momentum": 0.10}, None),
    "small_cap_outperformance_10": ("rotation", "mild", {"size": 0.10}, None),
    "quality_flight_12": ("rotation", "mild", {"quality": 0.12, "market": -0.05}, None),
    "vix_spike_150": ("volatility", "severe", {"low_volatility": -0.25, "market": -0.15}, None),
    "liquidity_crisis": (
        "volatility",
        "severe",
        {"market": -0.20, "low_volatility": -0.30, "quality": 0.15, "size": -0.10},
        None,
    ),
    "financial_crisis_2008": (
        "historical",
        "extreme",
        {"market": -0.45, "value": -0.30, "size": -0.25, "quality": 0.20, "low_volatility": -0.35},
        None,
    ),
    "covid_crash_2020": (
        "historical",
        "extreme",
        {"market": -0.35, "growth": 0.15, "value": -0.40, "size": -0.30, "quality": 0.10},
        None,
    ),
    "dotcom_crash_2000": (
        "historical",
        "extreme",
        {"market": -0.45, "growth": -0.60, "value": 0.20, "momentum": -0.50, "quality": 0.15},
        None,
    ),
}


def bundled() -> tuple[Scenario, ...]:
    return scenarios(json.loads(BUNDLED.read_text(encoding="utf-8")))


def problems_of(*definitions: object) -> tuple[str, ...]:
    with pytest.raises(InvalidScenarios) as caught:
        scenarios(list(definitions))
    return tuple(map(str, caught.value.problems))


def test_bundled_scenarios_are_the_contracts_in_order() -> None:
    assert [each.scenario_id for each in bundled()] == list(CONTRACT)


@pytest.mark.parametrize("scenario", bundled(), ids=lambda each: each.scenario_id)
def test_each_bundled_scenario_matches_the_contract(scenario: Scenario) -> None:
    found = (scenario.category, scenario.severity, dict(scenario.shocks), scenario.rate_shock)

    assert found == CONTRACT[scenario.scenario_id]
    assert scenario.basis == "absolute"


def test_a_custom_scenario_needs_no_code() -> None:
    (custom,) = scenarios(
        [a_definition(basis="absolute", shocks={"value": -1, "market": -0.5}, rate_shock=-0.01)]
    )

    assert custom == Scenario(
        "mine",
        "Mine",
        "A test.",
        "custom",
        "mild",
        {"value": -1.0, "market": -0.5},
        -0.01,
        "absolute",
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"shocks": {"Markt": -0.1}},
            "scenario 'mine', shocks.Markt: unknown factor: use one of market, value",
        ),
        (
            {"shocks": {"Short Interest": 0.1}},
            "scenario 'mine', shocks.Short Interest: unknown factor: use one of",
        ),
        (
            {"shocks": {"market": math.nan}},
            "scenario 'mine', shocks.market: nan is not a finite number: write",
        ),
        (
            {"shocks": {"market": math.inf}},
            "scenario 'mine', shocks.market: inf is not a finite number: write",
        ),
        (
            {"shocks": {"market": "-10%"}},
            "scenario 'mine', shocks.market: '-10%' is not a finite number: write",
        ),
        (
            {"shocks": {"market": True}},
            "scenario 'mine', shocks.market: True is not a finite number: write",
        ),
        (
            {"shocks": {"market": -10}},
            "scenario 'mine', shocks.market: -10 is a fall of more than 100 %: write",
        ),
        (
            {"shocks": {"market": 11}},
            "scenario 'mine', shocks.market: 11 is a rise of more than 1000%: write",
        ),
        (
            {"shocks": {"market": 10**400}},
            f"scenario 'mine', shocks.market: {10**400} is not a finite number",
        ),
        (
            {"volatility_shock": "10"},
            "scenario 'mine', volatility_shock: '10' is not a finite number: write",
        ),
        (
            {"volatility_shock": 15},
            "scenario 'mine', volatility_shock: 15 is not above -1 and at most 10: write",
        ),
        (
            {"volatility_shock": -1},
            "scenario 'mine', volatility_shock: -1 is not above -1 and at most 10: write",
        ),
        (
            {"scenario_id": "my own"},
            "scenario 'my own', scenario_id: 'my own' is not an identifier: use",
        ),
        (
            {"scenario_id": "x" * 81},
            f"scenario '{'x' * 81}', scenario_id: 81 characters long: use at most 80",
        ),
        ({"name": "x" * 201}, "scenario 'mine', name: 201 characters long: use at most 200"),
        (
            {"window_start": "2020-02-19"},
            "scenario 'mine', window_end: a window has a start and an end: give",
        ),
        (
            {"window_start": "2020-03-23", "window_end": "2020-02-19"},
            "scenario 'mine', window_end: 2020-02-19 is not after 2020-03-23: correct one of them",
        ),
        (
            {"window_start": "19 February", "window_end": "2020-02-19"},
            "scenario 'mine', window_start: '19 February' is not a date: write YYYY-MM-DD",
        ),
        (
            {"measured_source": "me"},
            "scenario 'mine', window_start: missing: say when it was measured",
        ),
        ({"shocks": [-0.1]}, "scenario 'mine', shocks: [-0.1] is not an object: write"),
        (
            {"rate_shock": math.nan},
            "scenario 'mine', rate_shock: nan is not a finite number: write",
        ),
        (
            {"rate_shock": 25},
            "scenario 'mine', rate_shock: 25 is a change of 2500 percentage points: write a",
        ),
        (
            {"category": "weather"},
            "scenario 'mine', category: 'weather' is unknown: use one of market, rates",
        ),
        (
            {"severity": "bad"},
            "scenario 'mine', severity: 'bad' is unknown: use one of mild, moderate",
        ),
        (
            {"severity": ["mild"]},
            "scenario 'mine', severity: ['mild'] is unknown: use one of mild, moderate",
        ),
        (
            {"basis": "total"},
            "scenario 'mine', basis: 'total' is unknown: use one of absolute, over_market",
        ),
        ({"name": " "}, "scenario 'mine', name: ' ' is not a text: write one"),
        (
            {"shocks": {}},
            "scenario 'mine', shocks: nothing is shocked: give at least one factor, a rate_shock "
            "or a volatility",
        ),
        (
            {"rateshock": 0.01},
            "scenario 'mine', rateshock: unknown field: remove it or use one of scenario_id",
        ),
    ],
)
def test_a_problem_names_scenario_field_and_fix(changes: dict[str, Any], problem: str) -> None:
    (found,) = problems_of(a_definition(**changes))

    assert found.startswith(problem)


def test_a_volatility_shock_alone_is_a_scenario() -> None:
    (found,) = scenarios([a_definition(shocks={}, volatility_shock=0.15)])

    assert found.volatility_shock == 0.15


def test_users_cannot_state_what_was_measured() -> None:
    window = {"window_start": "2020-02-19", "window_end": "2020-03-23"}
    with pytest.raises(InvalidScenarios) as caught:
        custom_scenario(a_definition(measured_returns={"market": -0.9}, **window))

    assert [problem.field for problem in caught.value.problems] == [*window, "measured_returns"]


def test_only_the_houses_scenarios_are_historical() -> None:
    with pytest.raises(InvalidScenarios, match="only a scenario of the house is historical"):
        custom_scenario(a_definition(category="historical"))


@pytest.mark.parametrize(
    ("basis", "shocks", "refused"),
    [
        ("over_market", {"market": -0.6, "value": -0.6, "growth": -0.4}, ["shocks.value"]),
        ("over_market", {"market": -0.6, "value": -0.4}, []),
        ("over_market", {"value": -1.0}, []),
        ("absolute", {"market": -0.6, "value": -0.6}, []),
    ],
)
def test_no_proxy_falls_by_more_than_it_is_worth(
    basis: str, shocks: dict[str, float], refused: list[str]
) -> None:
    definition = a_definition(basis=basis, shocks=shocks)

    if not refused:
        assert scenarios([definition])[0].shocks == shocks
        return
    assert [problem.split(": ")[0] for problem in problems_of(definition)] == [
        f"scenario 'mine', {field}" for field in refused
    ]


def test_a_users_scenario_is_checked_like_a_files() -> None:
    with pytest.raises(InvalidScenarios) as caught:
        custom_scenario(a_definition(shocks={"Markt": -0.1}, severity="x"))

    found = tuple(map(str, caught.value.problems))
    assert found == problems_of(a_definition(shocks={"Markt": -0.1}, severity="x"))
    assert custom_scenario(a_definition()) == scenarios([a_definition()])[0]


def test_a_missing_field_is_named() -> None:
    definition = a_definition()
    del definition["severity"]

    assert problems_of(definition) == ("scenario 'mine', severity: missing: add it",)


def test_a_scenario_without_id_is_named_by_its_place() -> None:
    definition = a_definition()
    del definition["scenario_id"]

    assert problems_of(a_definition(), definition) == ("scenario 2, scenario_id: missing: add it",)


def test_duplicate_ids_are_refused() -> None:
    assert problems_of(a_definition(), a_definition(name="Other")) == (
        "scenario 'mine', scenario_id: used 2 times: give each scenario its own",
    )


def test_every_problem_is_reported_at_once() -> None:
    found = problems_of(a_definition(scenario_id="one", basis="x", severity="x"), "not an object")

    assert [problem.split(":")[0] for problem in found] == [
        "scenario 'one', severity",
        "scenario 'one', basis",
        "scenario 2",
    ]


def test_a_file_that_is_no_list_is_refused() -> None:
    with pytest.raises(InvalidScenarios, match="must be a list of objects"):
        scenarios({"market_up_10": {}})


def test_scenarios_of_unknown_factors_are_set_aside() -> None:
    kept, aside = valuable(bundled(), ["market", "value", "growth"])

    assert "value_rotation_20" in {each.scenario_id for each in kept}
    assert {each.scenario_id for each in aside} >= {"liquidity_crisis", "growth_rally_15"}
    assert len(kept) + len(aside) == 18
