"""Pairwise correlations and their repair, against pandas, numpy and what a correlation matrix must
be.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from statsmodels.stats.correlation_tools import corr_clipped

from services.factors.calculations.correlations import (
    clipped,
    complete_symbols,
    correlations,
    effective_positions,
    is_definite,
    nearby_definite,
    never_moved,
    overall_correlation,
    pairwise_correlations,
    rescaled,
)
from shared.arrays import FloatArray
from shared.quant.returns import log_returns
from tests import panel


def returns_with_gaps(
    symbols: int, days: int = 90, gaps: float = 0.05, seed: int = 0
) -> FloatArray:
    """Daily returns that share three sources, missing at random for each symbol."""
    random = np.random.default_rng(seed)
    shared = random.normal(0.0, 0.01, (days, 3)) @ random.normal(0.6, 0.5, (symbols, 3)).T
    returns = shared + random.normal(0.0, 0.012, (days, symbols))
    returns[random.random(returns.shape) < gaps] = np.nan
    return returns


def real_returns() -> FloatArray:
    return log_returns(panel.closes(*panel.symbols(), last=91))


def test_complete_returns_agree_with_numpy() -> None:
    returns = real_returns()

    values, observations = pairwise_correlations(returns, 20)

    assert_allclose(values, np.corrcoef(returns.T), atol=1e-13)
    assert_array_equal(observations, 90)


@pytest.mark.parametrize("gaps", [0.0, 0.05, 0.5, 0.8])
def test_returns_with_gaps_agree_with_pandas(gaps: float) -> None:
    returns = returns_with_gaps(40, gaps=gaps)

    values, observations = pairwise_correlations(returns, 20)

    expected = pd.DataFrame(returns).corr(min_periods=20).to_numpy()
    assert_allclose(values, expected, atol=1e-12)
    assert_array_equal(observations, np.isfinite(returns).T.astype(int) @ np.isfinite(returns))


def test_far_off_returns_keep_their_correlation() -> None:
    """Neither a common offset nor the unit moves a correlation."""
    returns = returns_with_gaps(10)

    shifted, _ = pairwise_correlations(returns * 1e-6 + 1.0, 20)

    assert_allclose(shifted, pairwise_correlations(returns, 20)[0], atol=1e-8)


@pytest.mark.parametrize(("common", "known"), [(19, False), (20, True)])
def test_pair_needs_twenty_common_days(common: int, known: bool) -> None:
    returns = returns_with_gaps(2, gaps=0.0)
    returns[:45, 0] = np.nan
    returns[45 + common :, 1] = np.nan

    values, observations = pairwise_correlations(returns, 20)

    assert observations[0, 1] == common
    assert np.isfinite(values[0, 1]) == known
    assert_array_equal(np.diag(values), 1.0)


def test_pair_that_stands_still_in_common_has_no_correlation() -> None:
    returns = returns_with_gaps(2, gaps=0.0)
    returns[:50, 0] = 0.0
    returns[50:, 1] = np.nan

    values, _ = pairwise_correlations(returns, 20)

    assert np.isnan(values[0, 1])


def test_constant_or_unknown_columns_never_moved() -> None:
    returns = np.column_stack([np.full(30, 0.001), np.full(30, np.nan), np.linspace(0.0, 0.01, 30)])
    returns[3, 2] = np.nan

    assert never_moved(returns).tolist() == [True, True, False]


def test_same_window_is_never_repaired() -> None:
    """More symbols than days: singular, and definite by construction."""
    returns = returns_with_gaps(200, days=60, gaps=0.0)

    found = correlations(returns, 20, np.ones(200))

    assert (found.repaired, found.largest_repair) == (False, 0.0)
    assert np.linalg.eigvalsh(found.values).min() > -1e-10


@settings(max_examples=60, deadline=None)
@given(
    symbols=st.integers(2, 60),
    days=st.integers(25, 120),
    gaps=st.floats(0.0, 0.6),
    seed=st.integers(0, 10_000),
)
def test_matrix_is_a_correlation_matrix_for_all_gaps(
    symbols: int, days: int, gaps: float, seed: int
) -> None:
    returns = returns_with_gaps(symbols, days, gaps, seed)

    found = correlations(returns, 20, np.arange(1.0, symbols + 1.0))

    whole = found.values[np.ix_(found.complete, found.complete)]
    assert np.linalg.eigvalsh(whole).min(initial=1.0) > -1e-9
    assert_array_equal(found.values, found.values.T)
    assert_array_equal(np.diag(whole), 1.0)
    assert np.nanmax(np.abs(found.values), initial=0.0) <= 1.0
    assert_array_equal(np.isnan(found.values), np.isnan(found.measured))
    assert found.repaired == (found.largest_repair > 0.0)


def test_every_measured_pair_outside_the_complete_block_stays_as_measured() -> None:
    returns = returns_with_gaps(90, days=160, gaps=0.3)
    returns[:80, 0] = np.nan
    returns[80:, 1] = np.nan

    found = correlations(returns, 20, np.arange(90.0, 0.0, -1.0))

    assert found.repaired
    assert_array_equal(np.flatnonzero(~found.complete), [1])
    assert_array_equal(found.values[1], found.measured[1])
    assert np.isnan(found.values[0, 1])


def test_of_two_symbols_apart_the_smaller_is_not_complete() -> None:
    measured = np.ones((3, 3), dtype=np.bool_)
    measured[0, 2] = measured[2, 0] = False

    assert complete_symbols(measured, np.array([5.0, 1.0, 4.0])).tolist() == [True, True, False]
    assert complete_symbols(measured, np.array([3.0, 1.0, 4.0])).tolist() == [False, True, True]


def test_symbol_with_most_pairs_missing_goes_first() -> None:
    measured = np.ones((4, 4), dtype=np.bool_)
    measured[3, :3] = measured[:3, 3] = False

    assert complete_symbols(measured, np.array([1.0, 1.0, 1.0, 9.0])).tolist() == [
        True,
        True,
        True,
        False,
    ]


def indefinite(symbols: int, seed: int = 0) -> FloatArray:
    matrix, _ = pairwise_correlations(returns_with_gaps(symbols, days=60, gaps=0.3, seed=seed), 10)
    assert not is_definite(matrix)
    return matrix


@pytest.mark.parametrize("seed", range(5))
def test_repair_finds_the_nearest_correlation_matrix(seed: int) -> None:
    """By Higham's algorithm run to convergence, as the repair does it in a limited number of
    steps.
    """
    matrix = indefinite(40, seed)

    distance = np.linalg.norm(nearby_definite(matrix) - matrix)

    nearest = np.linalg.norm(higham(matrix) - matrix)
    assert nearest * (1.0 - 1e-6) <= distance <= nearest * 1.001


def higham(matrix: FloatArray) -> FloatArray:
    """Alternating projections with Dykstra's correction until nothing moves: slow and sure."""
    near, correction = matrix, np.zeros_like(matrix)
    for _ in range(3_000):
        shifted = near - correction
        eigenvalues, vectors = np.linalg.eigh(shifted)
        projected = (vectors * np.maximum(eigenvalues, 0.0)) @ vectors.T
        correction = projected - shifted
        near = projected.copy()
        np.fill_diagonal(near, 1.0)
        if np.abs(near - projected).max() < 1e-9:
            break
    return near


def test_last_step_is_clipping_with_rescaling() -> None:
    """As statsmodels clips."""
    matrix = indefinite(40)

    assert_allclose(rescaled(clipped(matrix)), corr_clipped(matrix, threshold=0.0), atol=1e-12)


def test_large_matrix_is_clipped_and_rescaled_at_once() -> None:
    matrix = indefinite(500)

    found = nearby_definite(matrix)

    assert_array_equal(found, rescaled(clipped(matrix)))
    assert np.linalg.eigvalsh(found).min() > -1e-10


def test_higham_published_example() -> None:
    """Higham 2002, section 4: the nearest correlation matrix of the tridiagonal of ones, to four
    digits.
    """
    matrix = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])

    found = nearby_definite(matrix)

    assert_allclose(
        found, [[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]], atol=6e-5
    )


def test_overall_correlation_is_the_mean_of_absolutes() -> None:
    values = np.array([[1.0, -0.5, 0.2], [-0.5, 1.0, np.nan], [0.2, np.nan, 1.0]])

    assert overall_correlation(values) == pytest.approx(0.35)
    assert np.isnan(overall_correlation(np.eye(1)))


@pytest.mark.parametrize("count", [1, 2, 10])
def test_effective_positions_count_uncorrelated_equals(count: int) -> None:
    sizes = np.full(count, 25_000.0)

    assert effective_positions(np.eye(count), sizes) == pytest.approx(count)
    assert effective_positions(np.ones((count, count)), sizes) == pytest.approx(1.0)


def test_a_hedge_diversifies() -> None:
    # w = 1/2, 1/2 with rho 0.8: 1 / 0.9; short one of them: 1 / 0.1.
    values = np.array([[1.0, 0.8], [0.8, 1.0]])

    assert effective_positions(values, np.array([5.0, 5.0])) == pytest.approx(1 / 0.9)
    assert effective_positions(values, np.array([5.0, -5.0])) == pytest.approx(10.0)


def test_effective_positions_are_unknown_without_risk() -> None:
    mirrored = np.array([[1.0, -1.0], [-1.0, 1.0]])

    assert np.isnan(effective_positions(mirrored, np.array([5.0, 5.0])))
    assert np.isnan(effective_positions(np.ones((2, 2)), np.array([5.0, -5.0])))
    assert np.isnan(effective_positions(np.empty((0, 0)), np.empty(0)))
