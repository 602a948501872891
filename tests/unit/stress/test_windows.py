"""What the proxies really did, next to what scenarios assume."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from services.stress.calculations.scenarios import FACTOR_IDS
from services.stress.calculations.windows import with_measurements
from services.stress.inputs import Move, Scenario, Window
from tests.bench.measured_windows import (
    PAGE,
    RESEARCH,
    bundled,
    measured,
    tables,
    with_tables,
)
from tests.bench.research_windows import library, research_returns


def covid() -> Scenario:
    (found,) = [each for each in bundled() if each.scenario_id == "covid_crash_2020"]
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
    assert measured(date(2020, 2, 19), date(2020, 3, 23)).returns["market"] == pytest.approx(
        -0.337, abs=0.005
    )


def test_measured_shocks_are_in_the_terms_of_the_given_ones() -> None:
    shocks, returns = covid().measured_shocks, covid().measured_returns

    assert shocks is not None
    assert returns is not None
    assert shocks == returns
    over_market = replace(covid(), basis="over_market").measured_shocks
    assert over_market is not None
    assert over_market["market"] == returns["market"]
    assert over_market["value"] == pytest.approx(returns["value"] - returns["market"])
    assert set(shocks) == set(FACTOR_IDS)


def test_the_page_shows_what_the_script_measures() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert tables() in page
    assert with_tables(page) == page


@pytest.mark.parametrize("scenario_id", ["financial_crisis_2008", "dotcom_crash_2000"])
def test_windows_before_the_panel_are_measured_by_research_factors(scenario_id: str) -> None:
    (scenario,) = [each for each in bundled() if each.scenario_id == scenario_id]
    assert scenario.window_start is not None
    assert scenario.window_end is not None

    found = measured(scenario.window_start, scenario.window_end)

    assert scenario.measured_returns == found.returns
    assert scenario.measured_source == found.source == RESEARCH
    assert scenario.measured_rate_change is None


def test_the_market_of_2008_is_that_of_the_library() -> None:
    # The library's own market return, compounded over the sixteen months: -50.4 %.
    months, factors, risk_free = library()
    window = slice(months.index("2007-11"), months.index("2009-02") + 1)
    market = np.prod(1 + factors[window, 0] + risk_free[window]) - 1

    mapped = research_returns(date(2007, 10, 31), date(2009, 2, 27))

    assert market == pytest.approx(-0.504, abs=0.001)
    assert mapped["market"] == pytest.approx(market, abs=0.01)


def test_the_headline_of_a_measured_scenario_is_what_was_measured() -> None:
    headline = covid().headline

    assert headline.shocks == covid().measured_returns
    assert (headline.basis, headline.rate_shock) == ("absolute", -0.008)
    assert headline.volatility_shock == covid().volatility_shock == 2.00


def test_the_headline_of_any_other_scenario_is_its_own() -> None:
    every = [each for each in bundled() if not each.measured]

    assert len(every) == 15
    assert [each.headline for each in every] == every


def test_stored_closes_take_precedence_over_the_file() -> None:
    closes = {name: Move(100.0, 60.0 + place) for place, name in enumerate(FACTOR_IDS)}

    found = with_measurements(covid(), Window(closes, Move(1.5, 0.75)))

    expected = {name: -0.40 + place / 100 for place, name in enumerate(FACTOR_IDS)}
    assert found.measured_returns == pytest.approx(expected)
    assert (found.measured_rate_change, found.measured_source) == (
        -0.0075,
        "stored closes and yields",
    )


def test_a_missing_proxy_leaves_the_file_in_force() -> None:
    assert with_measurements(covid(), Window({"market": Move(100.0, 60.0)}, None)) == covid()
