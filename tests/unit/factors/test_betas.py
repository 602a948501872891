"""Betas in three models: published numbers, shrinkage, capping and honesty about short
histories.
"""

import numpy as np
import pytest
import statsmodels.api as sm

from services.factors.calculations.betas import (
    CAP,
    ModelBetas,
    Prior,
    SymbolBetas,
    market_prior,
    model_betas,
    over_market,
    shrunk_coefficients,
    symbol_betas,
)
from services.factors.calculations.regression import least_squares
from services.factors.inputs import MODELS
from services.factors.tables import SymbolFactorBeta
from shared.arrays import Columns, FloatArray
from shared.quant.returns import simple_returns
from shared.rows import Row, rows_of
from tests import panel

PRIOR = market_prior(panel.FACTORS)
WINDOW = 252


def stored(columns: Columns) -> list[Row]:
    return rows_of(SymbolFactorBeta, columns)


def panel_returns(*symbols: str) -> FloatArray:
    return simple_returns(panel.closes(*symbols))


def factor_returns() -> FloatArray:
    return over_market(panel_returns(*panel.PROXIES), panel.FACTORS)


def betas_of(returns: FloatArray, prior: Prior = PRIOR) -> SymbolBetas:
    return symbol_betas(returns, factor_returns(), prior)


def synthetic(**betas: float) -> FloatArray:
    """Returns of an asset without noise, from betas over the market."""
    weights = np.array([betas.get(factor, 0.0) for factor in panel.FACTORS])
    return np.asarray(factor_returns() @ weights)[:, None]


def test_raw_and_over_market_fits_give_the_documented_numbers() -> None:
    stocks, raw = panel_returns("AAPL", "XOM")[-WINDOW:], panel_returns(*panel.PROXIES)[-WINDOW:]

    joint = least_squares(stocks, raw)
    relative = least_squares(stocks, over_market(raw, panel.FACTORS))

    np.testing.assert_allclose(joint.coefficients[:, 0], [4.62, -1.87], atol=0.005)
    np.testing.assert_allclose(relative.coefficients[:, 0], [1.06, 0.84], atol=0.005)
    np.testing.assert_allclose(joint.condition_number, 89.0, atol=0.5)
    np.testing.assert_allclose(relative.condition_number, 16.0, atol=0.5)


def test_value_and_growth_over_market_mirror_each_other() -> None:
    relative = factor_returns()[-WINDOW:]

    assert np.corrcoef(relative[:, 1], relative[:, 2])[0, 1] == pytest.approx(-0.98, abs=0.005)


@pytest.mark.parametrize("truth", [{"market": 1.2}, {"market": 0.8, "value": 0.5}])
def test_noiseless_asset_survives_shrinkage(truth: dict[str, float]) -> None:
    expected = [truth.get(factor, 0.0) for factor in panel.FACTORS]

    found = betas_of(synthetic(**truth))

    np.testing.assert_allclose(found.raw[0], expected, atol=1e-8)
    np.testing.assert_allclose(found.betas[0], expected, atol=0.02)


@pytest.mark.parametrize("proxy", range(len(panel.PROXIES)))
def test_proxy_is_the_market_plus_its_own_factor(proxy: int) -> None:
    expected = np.zeros(len(panel.FACTORS))
    expected[[0, proxy]] = 1.0

    found = betas_of(panel_returns(panel.PROXIES[proxy]))

    np.testing.assert_allclose(found.betas[0], expected, atol=1e-8)


def test_more_noise_means_more_prior() -> None:
    noise = np.random.default_rng(1).normal(size=(len(factor_returns()), 1))
    clean = synthetic(market=1.8, value=1.0)
    levels = (0.0, 0.005, 0.02, 0.08, 10.0)

    fits = [
        least_squares((clean + level * noise)[-WINDOW:], factor_returns()[-WINDOW:])
        for level in levels
    ]
    pulls = [
        np.linalg.norm(shrunk_coefficients(fit, PRIOR) - PRIOR.means)
        / np.linalg.norm(fit.coefficients - PRIOR.means)
        for fit in fits
    ]

    assert pulls == sorted(pulls, reverse=True)
    assert pulls[0] == pytest.approx(1.0)
    np.testing.assert_allclose(shrunk_coefficients(fits[-1], PRIOR)[0], PRIOR.means, atol=0.02)


def test_vague_prior_leaves_least_squares_alone() -> None:
    found = betas_of(panel_returns("AAPL", "XOM"), Prior(PRIOR.means, np.full(7, 1e6)))

    np.testing.assert_allclose(found.betas, np.clip(found.raw, -CAP, CAP), atol=1e-8)


def test_single_factor_posterior_is_vasicek() -> None:
    market = panel_returns("SPY")[-WINDOW:]
    fit = least_squares(panel_returns("AAPL", "XOM", "KO")[-WINDOW:], market)
    prior = Prior(np.array([1.0]), np.array([0.3]))

    shrunk = shrunk_coefficients(fit, prior)

    weight = 0.3**2 / (0.3**2 + fit.standard_errors**2)
    np.testing.assert_allclose(shrunk, weight * fit.coefficients + (1.0 - weight) * 1.0, rtol=1e-12)


def test_posterior_is_least_squares_with_prior_observations() -> None:
    """Theil and Goldberger's mixed estimation: the prior as K extra rows of data, solved by
    statsmodels.
    """
    returns, factors = panel_returns("XOM")[-WINDOW:], factor_returns()[-WINDOW:]
    fit = least_squares(returns, factors)
    noise = np.sqrt(fit.residual_variance[0])
    design = np.vstack([factors - factors.mean(axis=0), np.diag(noise / PRIOR.deviations)])
    target = np.concatenate(
        [returns[:, 0] - returns.mean(), PRIOR.means * noise / PRIOR.deviations]
    )

    mixed = sm.OLS(target, design).fit().params

    np.testing.assert_allclose(shrunk_coefficients(fit, PRIOR)[0], mixed, atol=1e-9)


def test_extreme_beta_is_capped_flagged_and_kept_raw() -> None:
    found = betas_of(synthetic(market=5.0, value=-4.0, growth=1.0))

    assert found.betas[0, :3].tolist() == pytest.approx([3.0, -3.0, 1.0])
    assert found.raw[0, :3].tolist() == pytest.approx([5.0, -4.0, 1.0])
    assert found.capped[0].tolist() == [True, True] + [False] * 5


@pytest.mark.parametrize(
    ("days", "quality"),
    [
        (252, "full_history"),
        (251, "limited_history"),
        (60, "limited_history"),
        (59, "insufficient"),
    ],
)
def test_quality_counts_the_returns(days: int, quality: str) -> None:
    returns = panel_returns("AAPL")
    returns[:-days] = np.nan

    found = betas_of(returns)

    assert found.qualities == (quality,)
    assert found.fit.observations.tolist() == [days]


def test_too_few_returns_give_null_and_the_reason() -> None:
    returns = panel_returns("AAPL", "XOM")
    returns[:-12, 0] = np.nan

    found = betas_of(returns)
    records = stored(found.columns(("AAPL", "XOM"), panel.FACTORS))

    assert found.reasons == ("12 returns in the window; 60 are needed", None)
    assert all(record["beta"] is None and record["raw_beta"] is None for record in records[:7])
    assert all(record["capped"] is False and record["observations"] == 12 for record in records[:7])
    assert all(isinstance(record["beta"], float) for record in records[7:])


def test_missing_proxy_is_named_as_the_reason() -> None:
    factors = factor_returns()
    factors[:, 3] = np.nan

    found = symbol_betas(panel_returns("AAPL"), factors, PRIOR)

    assert found.reasons == ("0 common returns of the factor proxies; 60 are needed",)


def test_collinear_proxies_are_named_as_the_reason() -> None:
    factors = factor_returns()
    factors[:, 2] = factors[:, 1]

    found = symbol_betas(panel_returns("AAPL"), factors, PRIOR)

    assert found.qualities == ("insufficient",)
    assert found.reasons == ("collinear or unmoving factor proxies on the symbol's 252 days",)


def test_gap_is_not_filled_with_zero() -> None:
    returns = synthetic(market=1.2)
    returns[-200:-1:2] = np.nan

    found = betas_of(returns)

    assert found.raw[0, 0] == pytest.approx(1.2, abs=1e-8)


def test_older_returns_do_not_count() -> None:
    returns = panel_returns("AAPL")
    disturbed = returns.copy()
    disturbed[:-WINDOW] = 0.5

    np.testing.assert_array_equal(betas_of(returns).betas, betas_of(disturbed).betas)


def test_records_are_one_per_symbol_and_factor_in_order() -> None:
    found = betas_of(panel_returns("AAPL", "XOM"))
    records = stored(found.columns(("AAPL", "XOM"), panel.FACTORS))

    assert [(r["symbol"], r["factor"]) for r in records] == [
        (s, f) for s in ("AAPL", "XOM") for f in panel.FACTORS
    ]
    assert records[0]["r_squared"] == records[6]["r_squared"] != records[7]["r_squared"]


def models_of(*symbols: str) -> dict[str, ModelBetas]:
    models = model_betas(panel_returns(*symbols), panel_returns(*panel.PROXIES), panel.FACTORS)
    return {betas.model: betas for betas in models}


def test_joint_model_is_statsmodels_on_raw_returns() -> None:
    symbols = ("AAPL", "XOM", "JPM")
    returns, proxies = panel_returns(*symbols)[-WINDOW:], panel_returns(*panel.PROXIES)[-WINDOW:]

    ((_, found),) = models_of(*symbols)["joint"].parts

    fits = [sm.OLS(asset, sm.add_constant(proxies)).fit() for asset in returns.T]
    np.testing.assert_allclose(found.raw, [fit.params[1:] for fit in fits], rtol=1e-8)
    np.testing.assert_allclose(found.fit.standard_errors, [fit.bse[1:] for fit in fits], rtol=1e-8)
    np.testing.assert_allclose(found.fit.t_statistics, [fit.tvalues[1:] for fit in fits], rtol=1e-8)
    np.testing.assert_allclose(found.fit.r_squared, [fit.rsquared for fit in fits], rtol=1e-8)
    np.testing.assert_allclose(found.betas, np.clip(found.raw, -CAP, CAP), rtol=1e-12)
    np.testing.assert_allclose(found.fit.condition_number, 89.0, atol=0.5)


def test_univariate_model_is_seven_regressions_of_statsmodels() -> None:
    returns, proxies = panel_returns("AAPL")[-WINDOW:, 0], panel_returns(*panel.PROXIES)[-WINDOW:]

    records = stored(models_of("AAPL")["univariate"].columns(("AAPL",)))

    assert [record["factor"] for record in records] == list(panel.FACTORS)
    for record, proxy in zip(records, proxies.T, strict=True):
        fit = sm.OLS(returns, sm.add_constant(proxy)).fit()
        assert record["raw_beta"] == pytest.approx(fit.params[1], rel=1e-8)
        assert record["standard_error"] == pytest.approx(fit.bse[1], rel=1e-8)
        assert record["t_statistic"] == pytest.approx(fit.tvalues[1], rel=1e-8)
        assert record["r_squared"] == pytest.approx(fit.rsquared, rel=1e-8)
        assert record["condition_number"] == pytest.approx(1.0, rel=1e-12)


def test_joint_and_market_relative_span_the_same_returns() -> None:
    ((_, relative),), ((_, joint),) = (
        models_of("AAPL", "XOM")[model].parts for model in ("market_relative", "joint")
    )

    np.testing.assert_allclose(joint.fit.r_squared, relative.fit.r_squared, rtol=1e-9)
    np.testing.assert_allclose(joint.raw.sum(axis=1), relative.raw[:, 0], rtol=1e-8)
    np.testing.assert_allclose(joint.raw[:, 1:], relative.raw[:, 1:], rtol=1e-7)


def test_every_model_has_one_record_per_symbol_and_factor() -> None:
    found = models_of("AAPL", "XOM")

    assert tuple(found) == MODELS
    for name, betas in found.items():
        records = stored(betas.columns(("AAPL", "XOM")))
        assert {record["model"] for record in records} == {name}
        assert (
            len({(record["symbol"], record["factor"]) for record in records}) == len(records) == 14
        )


def test_univariate_betas_survive_the_gap_of_another_proxy() -> None:
    proxies = panel_returns(*panel.PROXIES)
    proxies[-200:, 3] = np.nan

    models = model_betas(panel_returns("AAPL"), proxies, panel.FACTORS)

    records = {model.model: stored(model.columns(("AAPL",))) for model in models}
    assert {record["reason"] for record in records["joint"]} == {
        "52 common returns of the factor proxies; 60 are needed"
    }
    assert {
        record["factor"]: record["reason"] for record in records["univariate"] if record["reason"]
    } == {"momentum": "52 common returns of the momentum proxy; 60 are needed"}


@pytest.mark.parametrize("window", [252, 60])
def test_default_prior_forecasts_better_than_none_and_than_itself_alone(window: int) -> None:
    """Walk-forward over the panel: betas from `window` days explain the next 63 (decision 0003)."""
    names = [symbol for symbol in panel.symbols() if symbol not in panel.PROXIES]
    returns, factors = panel_returns(*names), factor_returns()
    starts = range(WINDOW, len(returns) - 63, 63)

    def unexplained(prior: Prior) -> float:
        errors = total = 0.0
        for start in starts:
            fit = least_squares(returns[start - window : start], factors[start - window : start])
            ahead = slice(start, start + 63)
            errors += float(
                ((returns[ahead] - factors[ahead] @ shrunk_coefficients(fit, prior).T) ** 2).sum()
            )
            total += float((returns[ahead] ** 2).sum())
        return errors / total

    default = unexplained(PRIOR)

    assert default < unexplained(Prior(PRIOR.means, np.full(7, 1e6))) - 0.015
    assert default < unexplained(Prior(PRIOR.means, np.full(7, 1e-6))) - 0.1
