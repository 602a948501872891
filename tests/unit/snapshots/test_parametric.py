"""Normal VaR from the factor model: scipy's quantiles, limits, identities, and what is left out."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from services.snapshots.calculations.parametric import (
    Exposures,
    FactorModel,
    ParametricRisk,
    parametric_risk,
    specific_variances,
)
from shared.conventions import NORMAL_QUANTILE
from shared.quant.returns import simple_returns
from tests import panel

amounts = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8)


def a_model(underlyings: int = 8, factors: int = 3, seed: int = 2) -> FactorModel:
    random = np.random.default_rng(seed)
    root = random.normal(0, 0.01, (factors, factors))
    betas = random.normal(0.5, 0.5, (underlyings, factors))
    return FactorModel(betas, root @ root.T, random.uniform(1e-5, 4e-4, underlyings), 252)


def exposures(dollars: Any, underlying: Any = None, weight: Any = None) -> Exposures:
    amount = np.array(dollars, dtype=np.float64)
    rows = np.arange(len(amount)) if underlying is None else np.array(underlying, dtype=np.int64)
    return Exposures(
        amount, rows, np.abs(amount) if weight is None else np.array(weight, dtype=np.float64)
    )


def test_quantiles_and_shortfall_are_those_of_the_normal_distribution() -> None:
    risk = ParametricRisk(1000.0, 0.0, 1000.0, 1.0, None)

    for confidence, quantile in NORMAL_QUANTILE.items():
        tail = 1 - confidence / 100
        beyond = scipy.stats.norm(0, 1000).expect(lambda x: x, lb=1000 * quantile) / tail
        assert risk.value_at_risk(confidence) == pytest.approx(
            scipy.stats.norm.ppf(confidence / 100) * 1000
        )
        assert risk.expected_shortfall(confidence) == pytest.approx(beyond, rel=1e-6)


def test_fund_that_is_the_market_risks_what_the_market_does() -> None:
    model = FactorModel(np.array([[1.0]]), np.array([[0.01**2]]), np.array([0.0]), 252)

    risk = parametric_risk(exposures([-50_000.0]), model)

    assert (risk.deviation, risk.specific_deviation) == pytest.approx((500.0, 0.0))


@given(amounts)
def test_variance_is_that_of_simulated_factor_and_specific_moves(dollars: list[float]) -> None:
    model, book = a_model(), exposures(dollars)
    own = np.zeros(8)
    own[: len(dollars)] = dollars

    full = model.betas @ model.covariance @ model.betas.T + np.diag(model.specific_variance)
    risk = parametric_risk(book, model)

    assert risk.deviation == pytest.approx(
        math.sqrt(max(float(own @ full @ own), 0.0)), rel=1e-9, abs=1e-6
    )
    parts = risk.factor_deviation**2 + risk.specific_deviation**2
    assert risk.deviation**2 == pytest.approx(parts, rel=1e-9)


@given(amounts, st.floats(0.01, 100))
def test_scaling_the_book_scales_the_risk(dollars: list[float], scale: float) -> None:
    risk = parametric_risk(exposures(dollars), a_model())
    scaled = parametric_risk(exposures([scale * amount for amount in dollars]), a_model())

    assert scaled.deviation == pytest.approx(scale * risk.deviation, rel=1e-9, abs=1e-6)


@given(amounts)
def test_shortfall_exceeds_var_and_both_rise_with_confidence(dollars: list[float]) -> None:
    risk = parametric_risk(exposures(dollars), a_model())

    assert risk.value_at_risk(99) >= risk.value_at_risk(95) >= 0
    assert risk.expected_shortfall(95) >= risk.value_at_risk(95)
    assert risk.expected_shortfall(99) >= risk.value_at_risk(99)


def test_stock_and_options_on_one_underlying_share_its_specific_risk() -> None:
    hedged = parametric_risk(exposures([1000.0, -1000.0], underlying=[3, 3]), a_model())

    assert hedged.deviation == 0.0


def test_specific_risks_of_two_underlyings_add_up_as_squares() -> None:
    model = FactorModel(np.zeros((2, 1)), np.array([[1e-4]]), np.array([0.01**2, 0.02**2]), 252)

    risk = parametric_risk(exposures([3000.0, 2000.0]), model)

    assert risk.deviation == pytest.approx(50.0)


def test_position_the_model_does_not_know_is_left_out_and_lowers_coverage() -> None:
    model = a_model()
    model.betas[1] = np.nan
    book = exposures([1000.0, 500.0, np.nan], weight=[1000, 500, 500])

    risk = parametric_risk(book, model)

    assert risk.coverage == pytest.approx(0.5)
    assert risk.deviation == parametric_risk(exposures([1000.0]), a_model()).deviation


@pytest.mark.parametrize(
    ("book", "covariance", "reason"),
    [
        (exposures([]), 1e-4, "no positions"),
        (
            exposures([np.nan], weight=[100.0]),
            1e-4,
            "no position has betas and a specific variance",
        ),
        (exposures([100.0]), np.nan, "no factor covariance for the session"),
    ],
)
def test_nothing_to_measure_has_a_reason(book: Exposures, covariance: float, reason: str) -> None:
    model = FactorModel(np.ones((1, 1)), np.array([[covariance]]), np.array([1e-4]), 252)

    risk = parametric_risk(book, model)

    assert (risk.reason, math.isnan(risk.deviation)) == (reason, True)


def test_expired_option_on_an_unknown_underlying_risks_nothing() -> None:
    model = FactorModel(np.array([[np.nan]]), np.array([[1e-4]]), np.array([np.nan]), 252)

    risk = parametric_risk(exposures([0.0]), model)

    assert (risk.deviation, risk.reason) == (0.0, None)


def test_specific_variance_is_the_weighted_mean_of_squared_residuals() -> None:
    random = np.random.default_rng(4)
    factors, betas = random.normal(0, 0.01, (252, 2)), np.array([[1.0, 0.5], [0.8, -0.2]])
    noise = random.normal(0, 0.02, (252, 2))

    found = specific_variances(factors @ betas.T + noise, factors, betas, decay=0.94)

    weights = 0.94 ** np.arange(252)[::-1]
    assert found == pytest.approx(np.average(noise**2, axis=0, weights=weights))
    equal = specific_variances(factors @ betas.T + noise, factors, betas, decay=1.0)
    assert equal == pytest.approx(noise.var(axis=0), rel=0.02)


def test_specific_variance_needs_sixty_days() -> None:
    returns = np.random.default_rng(4).normal(0, 0.01, (252, 3))
    returns[:192, 0] = np.nan
    returns[:193, 1] = np.nan

    found = specific_variances(
        returns, np.zeros((252, 1)), np.array([[1.0], [1.0], [np.nan]]), 0.94
    )

    assert np.isfinite(found).tolist() == [True, False, False]


def test_model_of_a_real_year_explains_a_real_book() -> None:
    """With equal weights the model's deviation is close to what is measured."""
    moves = simple_returns(panel.closes("SPY", "AAPL", "XOM", "JNJ", "JPM", last=253))
    market, stocks = moves[:, :1], moves[:, 1:]
    betas = np.array([np.polyfit(market[:, 0], stock, 1)[:1] for stock in stocks.T])
    model = FactorModel(
        betas, market.T @ market / 252, specific_variances(stocks, market, betas, 1.0), 252
    )

    risk = parametric_risk(exposures([1000.0] * 4), model)

    assert risk.deviation == pytest.approx((stocks @ np.full(4, 1000.0)).std(), rel=0.1)


@given(st.lists(st.integers(0, 149), min_size=1, max_size=150, unique=True))
def test_a_specific_variance_is_the_same_whichever_symbols_are_beside_it(chosen: list[int]) -> None:
    random = np.random.default_rng(11)
    factors, betas = random.normal(0.0, 0.01, (252, 7)), random.normal(0.0, 1.0, (150, 7))
    returns = factors @ betas.T + random.normal(0.0, 0.02, (252, 150))
    returns[:50, ::3] = np.nan

    among_all = specific_variances(returns, factors, betas, decay=0.94)

    found = specific_variances(returns[:, chosen], factors, betas[chosen], decay=0.94)
    np.testing.assert_array_equal(found, among_all[chosen])
