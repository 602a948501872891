"""Tests of a VaR's exceptions: published regions, limits, and an independent library."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from shared.quant.backtesting import (
    LikelihoodTest,
    Zone,
    basel_zone,
    christoffersen_test,
    conditional_coverage,
    exceptions,
)


@pytest.mark.parametrize(
    ("found", "zone"),
    [(0, Zone.GREEN), (4, Zone.GREEN), (5, Zone.YELLOW), (9, Zone.YELLOW), (10, Zone.RED)],
)
def test_zones_of_250_days_are_those_of_the_basel_committee(found: int, zone: Zone) -> None:
    """Supervisory framework for the use of "backtesting", January 1996, table 2."""
    assert basel_zone(found, 250) is zone


@given(st.integers(60, 1500), st.integers(0, 40))
def test_zones_follow_the_binomial_distribution(days: int, found: int) -> None:
    chance = scipy.stats.binom.cdf(found, days, 0.01)

    expected = Zone.RED if chance >= 0.9999 else Zone.YELLOW if chance >= 0.95 else Zone.GREEN

    assert basel_zone(found, days) is expected


@given(st.lists(st.booleans(), min_size=2, max_size=400))
def test_independence_is_the_ratio_of_two_chains_of_bernoulli_trials(days: list[bool]) -> None:
    after = np.array(days[1:])
    before = np.array(days[:-1])
    shares = np.where(
        before, after[before].mean() if before.any() else 0.0,
        after[~before].mean() if (~before).any() else 0.0,
    )  # fmt: skip

    found = christoffersen_test(days)

    chained = np.sum(scipy.stats.bernoulli.logpmf(after, shares))
    alone = np.sum(scipy.stats.bernoulli.logpmf(after, after.mean()))
    assert found.likelihood_ratio == pytest.approx(2 * (chained - alone), abs=1e-9)
    assert found.p_value == pytest.approx(scipy.stats.chi2.sf(found.likelihood_ratio, 1))


def test_exceptions_in_a_row_are_rejected_and_scattered_ones_are_not() -> None:
    scattered = [place % 50 == 25 for place in range(500)]
    in_a_row = [place < 10 for place in range(500)]

    assert christoffersen_test(scattered).p_value > 0.05
    assert christoffersen_test(in_a_row).p_value < 1e-6
    assert christoffersen_test([False] * 250) == LikelihoodTest(0.0, 1.0)


def test_conditional_coverage_adds_both_ratios_up() -> None:
    both = conditional_coverage(LikelihoodTest(1.5, 0.2), LikelihoodTest(3.25, 0.07))

    assert both.likelihood_ratio == 4.75
    assert both.p_value == pytest.approx(scipy.stats.chi2.sf(4.75, 2))


def test_a_loss_as_large_as_the_var_is_no_exception() -> None:
    found = exceptions([-100.0, -100.01, 250.0], [100.0, 100.0, 100.0])

    assert found == [False, True, False]
