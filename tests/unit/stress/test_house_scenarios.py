"""The eighteen scenarios of the house, worked by hand for one small book.

100,000 USD of stock with the betas below, and a thousand one-month puts at the money whose
underlying the scenarios leave where it is, so that they show the move of volatility alone.
"""

from dataclasses import replace
from math import erf, sqrt

import numpy as np
import pytest

from services.stress.calculations.valuation import Impacts, stress_test
from services.stress.inputs import STOCK, Contracts, Scenario, ShardBook
from tests.bench.measured_windows import bundled
from tests.panel import FACTORS

VALUE = 100_000.0
# market, value, growth, momentum, quality, size, low volatility; and the yield
BETAS = [1.2, 0.3, -0.2, 0.1, 0.2, -0.1, -0.3]
RATE_BETA = -4.0
PUTS, SPOT, VOLATILITY, YEARS = 1_000.0, 100.0, 0.20, 30 / 365

# The stock in dollars, by the shocks each scenario specifies. A style's shock is its own return;
# over the market it is that less the market's: quality_flight_12 is 1.2 x -5 % + 0.2 x 17 %.
ABSOLUTE = {
    "market_up_10": 12_000,
    "market_down_10": -12_000,
    "market_crash_35": -42_000,
    "market_rally_25": 30_000,
    "rates_up_25bp": -1_000,
    "rates_down_25bp": 1_000,
    "rates_up_100bp": -4_000,
    "rates_down_100bp": 4_000,
    "rate_spike_300bp": -12_000,
    "value_rotation_20": 6_000 + 2_000,
    "growth_rally_15": -3_000 + 1_000,
    "small_cap_outperformance_10": -1_000,
    "quality_flight_12": -6_000 + 3_400,
    "vix_spike_150": -18_000 + 3_000,
    "liquidity_crisis": -24_000 + 3_000 + 7_000 - 1_000,
    "financial_crisis_2008": -54_000 + 4_500 - 2_000 + 13_000 - 3_000,
    "covid_crash_2020": -42_000 - 10_000 - 1_500 - 500 + 9_000,
    "dotcom_crash_2000": -54_000 + 3_000 + 19_500 - 500 + 12_000,
}
# The same numbers taken as returns over the market: only what shocks both differs.
OVER_MARKET = ABSOLUTE | {
    "quality_flight_12": -6_000 + 2_400,
    "vix_spike_150": -18_000 + 7_500,
    "liquidity_crisis": -24_000 + 9_000 + 3_000 + 1_000,
    "financial_crisis_2008": -54_000 - 9_000 + 2_500 + 4_000 + 10_500,
    "covid_crash_2020": -42_000 - 3_000 - 12_000 + 3_000 + 2_000,
    "dotcom_crash_2000": -54_000 + 12_000 + 6_000 - 5_000 + 3_000,
}
# Where the window was measured, the headline: for COVID 1.2 x -33.7175 % + 0.3 x -2.671 % - 0.2 x
# 1.9366 % + 0.1 x -0.3643 % + 0.2 x -0.3386 % - 0.1 x -6.9596 % - 0.3 x 0.6957 % - 4 x -0.8 %.
MEASURED = {
    "covid_crash_2020": -38_066.52,
    "financial_crisis_2008": -62_581.51,
    "dotcom_crash_2000": -52_986.29,
}
# One-month implied volatility in each scenario, from 20 %.
VOLATILITIES = {
    "vix_spike_150": 0.50,
    "liquidity_crisis": 0.40,
    "market_crash_35": 0.40,
    "market_down_10": 0.27,
    "market_up_10": 0.17,
    "market_rally_25": 0.15,
    "dotcom_crash_2000": 0.396,
    "financial_crisis_2008": 0.50,
    "covid_crash_2020": 0.60,
}


def put_value(volatility: float) -> float:
    """At the money with no rate and no dividend: S (2 N(sigma sqrt(T) / 2) - 1)."""
    return SPOT * erf(volatility * sqrt(YEARS) / 2 / sqrt(2))


def a_book() -> ShardBook:
    nothing, one = np.zeros(1), np.ones(1)
    puts = Contracts(
        symbols=np.array(["PUT"]),
        call=np.array([False]),
        american=np.array([False]),
        underlying_price=one * SPOT,
        strike=one * SPOT,
        years_to_expiry=one * YEARS,
        volatility=one * VOLATILITY,
        rate=nothing,
        dividend_yield=nothing,
    )
    return ShardBook(
        portfolios=1,
        portfolio=np.zeros(2, dtype=np.intp),
        symbols=["STOCK", "PUT"],
        exposure=np.array([VALUE, -49_000.0]),
        betas=np.array([BETAS, [0.0] * 7]),
        rate_beta=np.array([RATE_BETA, 0.0]),
        gamma=np.zeros(2),
        underlying_price=np.array([0.0, SPOT]),
        contract=np.array([STOCK, 0], dtype=np.intp),
        units=np.array([0.0, PUTS]),
        contracts=puts,
    )


def impacts_of(scenario: Scenario) -> Impacts:
    return stress_test(a_book(), [scenario], FACTORS, None).direct


def as_specified(scenario: Scenario, basis: str) -> Scenario:
    return replace(scenario, measured_returns=None, basis=basis)


EVERY = {each.scenario_id: each for each in bundled()}


def test_the_worked_scenarios_are_those_of_the_house() -> None:
    assert list(EVERY) == list(ABSOLUTE)
    assert {each.basis for each in EVERY.values()} == {"absolute"}


@pytest.mark.parametrize("scenario_id", ABSOLUTE)
def test_the_stock_earns_what_the_scenario_specifies_in_each_basis(scenario_id: str) -> None:
    scenario = EVERY[scenario_id]

    absolute = impacts_of(as_specified(scenario, "absolute")).positions[0, 0]
    over_market = impacts_of(as_specified(scenario, "over_market")).positions[0, 0]

    assert absolute == pytest.approx(ABSOLUTE[scenario_id], abs=0.05)
    assert over_market == pytest.approx(OVER_MARKET[scenario_id], abs=0.05)


@pytest.mark.parametrize("scenario_id", ABSOLUTE)
def test_the_headline_is_what_was_measured_where_it_was(scenario_id: str) -> None:
    expected = MEASURED.get(scenario_id, ABSOLUTE[scenario_id])

    assert impacts_of(EVERY[scenario_id]).positions[0, 0] == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("scenario_id", [each for each in ABSOLUTE if "rate" not in each])
def test_the_puts_earn_what_volatility_does(scenario_id: str) -> None:
    moved = VOLATILITIES.get(scenario_id, VOLATILITY)
    impacts = impacts_of(as_specified(EVERY[scenario_id], "absolute"))

    earned = PUTS * (put_value(moved) - put_value(VOLATILITY))

    assert impacts.positions[1, 0] == pytest.approx(earned, abs=0.05)
    assert impacts.volatility[0, 0] == pytest.approx(earned, abs=0.05)
    assert impacts.nonlinear[0, 0] == pytest.approx(0, abs=0.05)
