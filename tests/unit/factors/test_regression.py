"""The batched regression against statsmodels, one asset at a time."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

from services.factors.calculations.betas import over_market
from services.factors.calculations.regression import BLOCK, Fit, least_squares
from shared.arrays import FloatArray
from shared.quant.returns import simple_returns
from tests import panel

STOCKS = ("AAPL", "XOM", "JPM", "KO", "RRC", "AGG")


def gaps(returns: FloatArray, share: float = 0.3) -> FloatArray:
    """The returns with a random `share` missing, differently for every asset."""
    missing = np.random.default_rng(5).random(returns.shape) < share
    return np.where(missing, np.nan, returns)


def panel_returns(*symbols: str, window: int = 252) -> FloatArray:
    return simple_returns(panel.closes(*symbols, last=window + 1))


def statsmodels_fits(returns: FloatArray, regressors: FloatArray) -> list[Any]:
    design = sm.add_constant(regressors)
    return [sm.OLS(asset, design, missing="drop").fit() for asset in returns.T]


def assert_same(fit: Fit, references: list[Any]) -> None:
    for name, attribute in (
        ("coefficients", "params"),
        ("standard_errors", "bse"),
        ("t_statistics", "tvalues"),
    ):
        expected = np.array([getattr(reference, attribute)[1:] for reference in references])
        np.testing.assert_allclose(getattr(fit, name), expected, rtol=1e-8, atol=1e-8)
    for name, attribute in (
        ("r_squared", "rsquared"),
        ("residual_variance", "scale"),
        ("observations", "nobs"),
    ):
        expected = np.array([getattr(reference, attribute) for reference in references])
        np.testing.assert_allclose(getattr(fit, name), expected, rtol=1e-8, atol=1e-12)


def test_plain_fit_agrees_with_statsmodels_on_raw_factors() -> None:
    returns, factors = panel_returns(*STOCKS), panel_returns(*panel.PROXIES)

    fit = least_squares(returns, factors)

    assert_same(fit, statsmodels_fits(returns, factors))


def test_each_asset_uses_its_own_days() -> None:
    returns = gaps(panel_returns(*STOCKS))
    factors = over_market(panel_returns(*panel.PROXIES), panel.FACTORS)

    fit = least_squares(returns, factors)

    assert len(set(fit.observations.tolist())) > 1
    assert_same(fit, statsmodels_fits(returns, factors))


def test_day_without_a_factor_counts_for_no_asset() -> None:
    returns, factors = panel_returns(*STOCKS), panel_returns(*panel.PROXIES)
    factors[10:20, 3] = np.nan

    fit = least_squares(returns, factors)

    whole = np.isfinite(factors).all(axis=1)
    assert fit.observations.tolist() == [242] * len(STOCKS)
    assert_same(fit, statsmodels_fits(returns[whole], factors[whole]))


def test_units_of_a_regressor_only_scale_its_coefficient() -> None:
    returns, factors = panel_returns(*STOCKS), panel_returns("SPY", "VTV")

    plain, scaled = least_squares(returns, factors), least_squares(returns, factors * [1.0, 1e-4])

    np.testing.assert_allclose(scaled.coefficients * [1.0, 1e-4], plain.coefficients, rtol=1e-9)
    np.testing.assert_allclose(scaled.t_statistics, plain.t_statistics, rtol=1e-9)
    np.testing.assert_allclose(scaled.condition_number, plain.condition_number, rtol=1e-9)


def test_noiseless_asset_is_recovered_exactly() -> None:
    factors = panel_returns(*panel.PROXIES)
    truth = np.array([0.8, 0.5, -0.25, 0.0, 1.5, -2.0, 0.1])

    fit = least_squares(factors @ truth[:, None] + 0.0003, factors)

    np.testing.assert_allclose(fit.coefficients[0], truth, atol=1e-8)
    assert fit.r_squared[0] == pytest.approx(1.0, abs=1e-12)


def test_collinear_regressors_determine_nothing() -> None:
    market = panel_returns("SPY")

    fit = least_squares(panel_returns("AAPL"), np.hstack([market, 2.0 * market]))

    assert not fit.determined[0]
    assert np.isnan(fit.coefficients).all()
    assert fit.condition_number[0] > 1e6


def test_regressor_that_never_moves_determines_nothing() -> None:
    fit = least_squares(
        panel_returns("AAPL"), np.hstack([panel_returns("SPY"), np.zeros((252, 1))])
    )

    assert not fit.determined[0]
    assert np.isinf(fit.condition_number[0])


@pytest.mark.parametrize(("days", "determined"), [(60, True), (59, False), (0, False)])
def test_sixty_days_are_needed(days: int, determined: bool) -> None:
    returns = panel_returns("AAPL")
    returns[days:] = np.nan

    fit = least_squares(returns, panel_returns("SPY", "IWM"))

    assert fit.determined.tolist() == [determined]
    assert np.isfinite(fit.coefficients).all() == determined


def test_asset_that_never_moves_has_no_r_squared() -> None:
    fit = least_squares(np.zeros((252, 1)), panel_returns("SPY"))

    assert fit.coefficients[0, 0] == 0.0
    assert np.isnan(fit.r_squared[0])
    assert np.isnan(fit.t_statistics[0, 0])


def test_no_assets_are_no_trouble() -> None:
    fit = least_squares(np.empty((252, 0)), panel_returns("SPY", "VTV"))

    assert fit.coefficients.shape == (0, 2)


def test_assets_beyond_a_block_are_fitted_as_within() -> None:
    factors = over_market(panel_returns(*panel.PROXIES), panel.FACTORS)
    returns = gaps(np.tile(panel_returns(*STOCKS), (1, BLOCK // 2)), share=0.05)

    whole = least_squares(returns, factors)

    assert returns.shape[1] > 2 * BLOCK
    for asset in (0, BLOCK - 1, BLOCK, returns.shape[1] - 1):
        alone = least_squares(returns[:, [asset]], factors)
        np.testing.assert_allclose(whole.coefficients[asset], alone.coefficients[0], rtol=1e-10)
        np.testing.assert_allclose(
            whole.standard_errors[asset], alone.standard_errors[0], rtol=1e-10
        )


def test_assets_without_gaps_are_fitted_beside_gapped_ones_as_alone() -> None:
    """Those without gaps share one elimination; the others have their own."""
    factors = over_market(panel_returns(*panel.PROXIES), panel.FACTORS)
    whole = panel_returns(*STOCKS)
    mixed = np.where(np.arange(len(STOCKS)) % 2 == 0, whole, gaps(whole))

    together = least_squares(mixed, factors)

    assert_same(together, statsmodels_fits(mixed, factors))
    alone = [least_squares(mixed[:, [asset]], factors) for asset in range(len(STOCKS))]
    for field in fields(Fit):
        axis = -1 if field.name == "moments" else 0
        apart = np.concatenate([getattr(fit, field.name) for fit in alone], axis=axis)
        np.testing.assert_allclose(getattr(together, field.name), apart, rtol=1e-10, atol=1e-14)


def test_assets_without_gaps_are_undetermined_on_collinear_factors_together() -> None:
    market = panel_returns("SPY")

    fit = least_squares(panel_returns(*STOCKS), np.hstack([market, 2.0 * market]))

    assert not fit.determined.any()
    assert np.isnan(fit.coefficients).all()
    assert np.isinf(fit.condition_number).all()


@pytest.mark.parametrize("noise", [1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7])
@pytest.mark.parametrize("space", ["raw", "over_market"])
def test_errors_stay_exact_as_the_noise_vanishes(noise: float, space: str) -> None:
    """Where the residual sum is the small difference of two large ones, it is summed day by day."""
    raw = panel_returns(*panel.PROXIES)
    factors = raw if space == "raw" else over_market(raw, panel.FACTORS)
    random = np.random.default_rng(7)
    truth = random.normal(size=(7, 4))
    returns = gaps(factors @ truth + noise * random.normal(size=(252, 4)), share=0.1)

    fit = least_squares(returns, factors)

    references = statsmodels_fits(returns, factors)
    np.testing.assert_allclose(fit.standard_errors, [r.bse[1:] for r in references], rtol=1e-8)
    np.testing.assert_allclose(fit.residual_variance, [r.scale for r in references], rtol=1e-8)


def test_level_of_the_returns_does_not_matter() -> None:
    returns, factors = gaps(panel_returns(*STOCKS)), panel_returns("SPY", "IWM")

    plain, lifted = least_squares(returns, factors), least_squares(returns + 100.0, factors)

    np.testing.assert_allclose(lifted.coefficients, plain.coefficients, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(lifted.standard_errors, plain.standard_errors, rtol=1e-6)
    np.testing.assert_allclose(lifted.r_squared, plain.r_squared, rtol=1e-6, atol=1e-9)


def test_condition_number_is_that_of_the_scaled_regressors() -> None:
    returns = gaps(panel_returns(*STOCKS))
    factors = over_market(panel_returns(*panel.PROXIES), panel.FACTORS)

    fit = least_squares(returns, factors)

    for asset, found in zip(returns.T, fit.condition_number, strict=True):
        days = factors[np.isfinite(asset)]
        centred = days - days.mean(axis=0)
        assert found == pytest.approx(np.linalg.cond(centred / centred.std(axis=0)), rel=1e-9)
