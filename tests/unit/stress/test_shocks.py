"""Direct and correlated shocks."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.stress.calculations.shocks import (
    conditional_shocks,
    correlated_shocks,
    direct_shocks,
    plausibility,
    proxy_returns,
)
from services.stress.inputs import Scenario

NAMES = ["market", "quality", "low_volatility"]
FREE = np.nan
OWN = np.array([[1.0, 0, 0], [1, 1, 0], [1, 0, 1]])  # from over the market to proxies' own


def a_scenario(shocks: dict[str, float], **changes: Any) -> Scenario:
    return Scenario("s", "S", "A test.", "custom", "mild", shocks, **changes)


def a_covariance(volatilities: list[float], correlation: list[list[float]]) -> NDArray[np.float64]:
    covariance: NDArray[np.float64] = np.outer(volatilities, volatilities) * np.array(correlation)
    return covariance


CONTRACT = a_covariance([0.16, 0.17, 0.11], [[1, 0.95, 0.85], [0.95, 1, 0.80], [0.85, 0.80, 1]])


def test_contract_example_gives_low_volatility_minus_20_45_percent() -> None:
    shocks = conditional_shocks(CONTRACT, np.array([-0.35, FREE, FREE]))

    assert shocks[0] == -0.35
    assert shocks[2] == pytest.approx(-0.2045, abs=0.00005)
    assert shocks[1] == pytest.approx(0.95 * 0.17 / 0.16 * -0.35)


def test_two_given_shocks_agree_with_regression_by_hand() -> None:
    beta = np.linalg.solve(CONTRACT[:2, :2], CONTRACT[:2, 2])

    shocks = conditional_shocks(CONTRACT, np.array([-0.35, -0.10, FREE]))

    assert shocks[2] == pytest.approx(beta @ [-0.35, -0.10])


def test_uncorrelated_factors_stay_where_they_are() -> None:
    shocks = conditional_shocks(np.diag([0.04, 0.03, 0.01]), np.array([-0.35, FREE, FREE]))

    assert shocks.tolist() == [-0.35, 0.0, 0.0]


def test_nothing_given_expects_nothing() -> None:
    assert conditional_shocks(CONTRACT, np.full(3, FREE)).tolist() == [0.0, 0.0, 0.0]


def test_duplicate_factors_share_one_shock_instead_of_exploding() -> None:
    twins = a_covariance([0.16, 0.16, 0.11], [[1, 1, 0.85], [1, 1, 0.85], [0.85, 0.85, 1]])
    alone = conditional_shocks(twins, np.array([-0.35, FREE, FREE]))

    agreeing = conditional_shocks(twins, np.array([-0.35, -0.35, FREE]))
    contradicting = conditional_shocks(twins, np.array([-0.40, -0.30, FREE]))

    assert agreeing[2] == pytest.approx(alone[2])
    assert contradicting[2] == pytest.approx(alone[2])


def test_a_factor_that_never_moved_moves_no_other() -> None:
    still = np.diag([0.0, 0.03, 0.01])

    assert conditional_shocks(still, np.array([-0.35, FREE, FREE])).tolist() == [-0.35, 0.0, 0.0]


def test_unshocked_style_moves_with_the_market() -> None:
    shocks = direct_shocks(
        [a_scenario({"market": -0.35, "quality": 0.1}, basis="over_market")], NAMES
    )

    assert shocks.factors.tolist() == [[-0.35, 0.1, 0.0]]
    assert shocks.rates.tolist() == [0.0]


def test_absolute_basis_takes_the_market_from_each_style() -> None:
    absolute = a_scenario({"market": -0.35, "quality": -0.30}, basis="absolute")

    assert direct_shocks([absolute], NAMES).factors[0] == pytest.approx([-0.35, 0.05, 0.0])


def test_absolute_basis_without_market_takes_zero() -> None:
    absolute = a_scenario({"quality": -0.30}, basis="absolute")

    assert direct_shocks([absolute], NAMES).factors[0] == pytest.approx([0.0, -0.30, 0.0])


def test_absolute_scenario_correlates_as_its_relative_twin() -> None:
    absolute = a_scenario({"market": -0.35, "quality": -0.30}, basis="absolute")
    relative = a_scenario({"market": -0.35, "quality": 0.05}, basis="over_market")

    shocks = correlated_shocks([absolute, relative], NAMES, CONTRACT)

    assert shocks.factors[0] == pytest.approx(shocks.factors[1])


def test_a_given_zero_is_held_at_zero() -> None:
    held, free = correlated_shocks(
        [
            a_scenario({"market": -0.35, "quality": 0.0}, basis="over_market"),
            a_scenario({"market": -0.35}),
        ],
        NAMES,
        CONTRACT,
    ).factors

    assert held[1] == 0.0
    assert free[1] < 0


def test_a_proxys_given_return_is_held_though_the_market_is_not_given() -> None:
    # Given Quality's own return q, E[x] = cov(x, q) / var(q) q among the proxies' own returns:
    # Market, Quality = Market + over, Low Volatility = Market + over.
    own = OWN @ CONTRACT @ OWN.T
    expected = own[:, 1] / own[1, 1] * 0.12

    shocks = correlated_shocks([a_scenario({"quality": 0.12})], NAMES, CONTRACT)

    market, quality, low = shocks.factors[0]
    assert market + quality == pytest.approx(0.12)
    assert [market, market + quality, market + low] == pytest.approx(expected)
    assert proxy_returns(shocks.factors, NAMES)[0] == pytest.approx(expected)


def test_plausibility_is_the_mahalanobis_distance_in_yearly_deviations() -> None:
    daily = CONTRACT / 252
    market = a_scenario({"market": -0.32})
    both = a_scenario({"market": -0.32, "quality": -0.10}, basis="over_market")
    own = a_scenario({"quality": 0.12})

    found = plausibility([market, both, own, a_scenario({}, rate_shock=0.01)], NAMES, daily)

    shock = np.array([-0.32, -0.10])
    assert found[0] == pytest.approx(2.0)  # 32 % at a yearly volatility of 16 %
    assert found[1] == pytest.approx(np.sqrt(shock @ np.linalg.inv(CONTRACT[:2, :2]) @ shock))
    assert found[2] == pytest.approx(0.12 / np.sqrt((OWN @ CONTRACT @ OWN.T)[1, 1]))
    assert np.isnan(found[3])
    assert np.isnan(plausibility([market], NAMES, None)).all()


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3))
def test_plausibility_does_not_depend_on_the_basis_when_all_is_given(moves: list[float]) -> None:
    market, *styles = moves
    own = [market, *(market + each for each in styles)]
    absolute = a_scenario(dict(zip(NAMES, own, strict=True)))
    over_market = a_scenario(dict(zip(NAMES, moves, strict=True)), basis="over_market")

    one, other = plausibility([absolute, over_market], NAMES, CONTRACT / 252)

    assert one == pytest.approx(other, abs=1e-6)


def test_rates_take_the_given_shock_in_both_methods() -> None:
    every = [a_scenario({}, rate_shock=0.03), a_scenario({"market": 0.1})]

    assert direct_shocks(every, NAMES).rates.tolist() == [0.03, 0.0]
    assert correlated_shocks(every, NAMES, CONTRACT).rates.tolist() == [0.03, 0.0]
    assert correlated_shocks(every, NAMES, CONTRACT).factors[0].tolist() == [0.0, 0.0, 0.0]


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=3), st.integers(0, 2**32 - 1))
def test_correlated_equals_direct_when_every_factor_is_shocked(
    shocks: list[float], seed: int
) -> None:
    root = np.random.default_rng(seed).normal(size=(3, 3))
    every = [a_scenario(dict(zip(NAMES, shocks, strict=True)))]

    correlated = correlated_shocks(every, NAMES, root @ root.T)

    assert correlated.factors.tolist() == direct_shocks(every, NAMES).factors.tolist()


@given(st.floats(-1, 1), st.floats(0.1, 3))
def test_conditional_shocks_scale_with_the_given_one(shock: float, factor: float) -> None:
    once = conditional_shocks(CONTRACT, np.array([shock, FREE, FREE]))
    scaled = conditional_shocks(CONTRACT, np.array([shock * factor, FREE, FREE]))

    assert scaled == pytest.approx(once * factor, abs=1e-12)


def test_equal_shocks_are_found_once() -> None:
    every = [
        a_scenario({"market": -0.1}),
        a_scenario({}, rate_shock=0.01),
        a_scenario({"market": -0.1}),
    ]
    shocks = direct_shocks(every, NAMES)

    distinct, place = shocks.distinct()

    assert distinct.factors.shape == (2, 3)
    assert distinct.factors[place].tolist() == shocks.factors.tolist()
    assert distinct.rates[place].tolist() == [0.0, 0.01, 0.0]


def test_a_volatility_shock_makes_a_shock_another() -> None:
    every = [a_scenario({"market": -0.1}), a_scenario({"market": -0.1}, volatility_shock=0.2)]

    distinct, place = direct_shocks(every, NAMES).distinct()

    assert len(distinct.rates) == 2
    assert distinct.volatilities[place].tolist() == [0.0, 0.2]
