"""What the proxies really did, next to what scenarios assume."""

import json
from datetime import date

import pytest

from services.stress.calculations.scenarios import FACTOR_NAMES, scenarios
from services.stress.calculations.windows import with_measurements
from services.stress.inputs import Move, Scenario, Window
from tests.bench.measured_windows import BUNDLED, PAGE, measured, tables, with_tables
from tests.panel import sessions


def covid() -> Scenario:
    every = scenarios(json.loads(BUNDLED.read_text(encoding="utf-8")))
    (found,) = [each for each in every if each.scenario_id == "covid_crash_2020"]
    return found


def test_measured_returns_of_the_scenario_file_are_the_panels() -> None:
    scenario = covid()
    assert (scenario.window_start, scenario.window_end) == (date(2020, 2, 19), date(2020, 3, 23))

    panel = measured(date(2020, 2, 19), date(2020, 3, 23))

    assert scenario.measured_returns == panel.returns
    assert scenario.measured_rate_change == panel.rate_change == -0.008


def test_spy_fell_by_a_third_in_the_covid_window() -> None:
    # 338.34 on 2020-02-19 to 222.95 on 2020-03-23 (closing prices, widely published): -34.1 %
    # without the dividend.
    assert measured(date(2020, 2, 19), date(2020, 3, 23)).returns["Market"] == pytest.approx(
        -0.337, abs=0.005
    )


def test_measured_shocks_are_in_the_terms_of_the_given_ones() -> None:
    shocks, returns = covid().measured_shocks, covid().measured_returns

    assert shocks is not None
    assert returns is not None
    assert shocks["Market"] == returns["Market"]
    assert shocks["Value"] == pytest.approx(returns["Value"] - returns["Market"])
    assert set(shocks) == set(FACTOR_NAMES)


def test_the_page_shows_what_the_script_measures() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert tables() in page
    assert with_tables(page) == page


def test_windows_before_the_data_are_not_measured() -> None:
    every = scenarios(json.loads(BUNDLED.read_text(encoding="utf-8")))
    older = [
        each for each in every if each.scenario_id in ("financial_crisis_2008", "dotcom_crash_2000")
    ]

    assert [each.measured_shocks for each in older] == [None, None]
    assert sessions()[0] == date(2014, 1, 2)


def test_stored_closes_take_precedence_over_the_file() -> None:
    closes = {name: Move(100.0, 60.0 + place) for place, name in enumerate(FACTOR_NAMES)}

    found = with_measurements(covid(), Window(closes, Move(1.5, 0.75)))

    expected = {name: -0.40 + place / 100 for place, name in enumerate(FACTOR_NAMES)}
    assert found.measured_returns == pytest.approx(expected)
    assert (found.measured_rate_change, found.measured_source) == (
        -0.0075,
        "stored closes and yields",
    )


def test_a_missing_proxy_leaves_the_file_in_force() -> None:
    assert with_measurements(covid(), Window({"Market": Move(100.0, 60.0)}, None)) == covid()
