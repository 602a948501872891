"""The full regression: what statsmodels says of the same days, and what betas are in force."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.diagnostic import breaks_cusumolsresid, het_breuschpagan
from statsmodels.stats.outliers_influence import OLSInfluence, variance_inflation_factor
from statsmodels.stats.stattools import durbin_watson, jarque_bera

from services.factors.calculations.betas import model_betas, over_market
from services.factors.calculations.diagnostics import EXACT, diagnosis
from services.factors.calculations.regression_report import Regression
from services.factors.inputs import MODELS, BetaInForce, Factors, SymbolHistory
from shared.quant.returns import simple_returns
from tests import panel

LAST = 253


def a_history(symbol: str = "AAPL", model: str = "market_relative", **given: Any) -> SymbolHistory:
    return replace(
        SymbolHistory(
            model=model,
            factors=Factors(panel.FACTORS, panel.PROXIES),
            session_dates=panel.sessions()[-LAST:],
            closes=panel.closes(symbol, last=LAST)[:, 0],
            proxy_closes=panel.closes(*panel.PROXIES, last=LAST),
            stored={},
        ),
        **given,
    )


def regression_of(history: SymbolHistory) -> Regression:
    (found,) = diagnosis(history).regressions
    return found


def plain_fit(symbol: str = "AAPL") -> tuple[Any, np.ndarray[Any, Any]]:
    """statsmodels' own least squares on a data frame's worth of returns, and the design."""
    proxies = simple_returns(panel.closes(*panel.PROXIES, last=LAST))
    design = sm.add_constant(over_market(proxies, panel.FACTORS))
    return sm.OLS(simple_returns(panel.closes(symbol, last=LAST))[:, 0], design).fit(), design


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("symbol", ["AAPL", "XOM", "BND"])
def test_statsmodels_and_the_betas_in_force_agree_in_every_model(symbol: str, model: str) -> None:
    found = diagnosis(a_history(symbol, model))

    assert found.largest_difference is not None
    assert found.largest_difference < 1e-11
    assert len(found.regressions) == (7 if model == "univariate" else 1)


def test_betas_in_force_are_those_of_a_run() -> None:
    returns = simple_returns(panel.closes("AAPL", last=LAST))
    proxies = simple_returns(panel.closes(*panel.PROXIES, last=LAST))
    ((_, run),) = model_betas(returns, proxies, panel.FACTORS)[0].parts

    found = regression_of(a_history())

    assert [each.beta for each in found.coefficients] == run.betas[0].tolist()
    assert [each.raw_beta for each in found.coefficients] == run.raw[0].tolist()
    assert [each.raw_error for each in found.coefficients] == run.fit.standard_errors[0].tolist()


def test_coefficients_have_the_plain_and_the_newey_west_errors_of_statsmodels() -> None:
    fit, _ = plain_fit()
    robust = fit.get_robustcov_results("HAC", maxlags=4, use_correction=False)

    found = regression_of(a_history())

    assert found.intercept is not None
    estimates = [found.intercept, *(each.estimate for each in found.coefficients)]
    assert found.newey_west_lags == 4
    expected = {
        "coefficient": fit.params,
        "standard_error": fit.bse,
        "t_statistic": fit.tvalues,
        "p_value": fit.pvalues,
        "confidence_low": fit.conf_int(0.05)[:, 0],
        "confidence_high": fit.conf_int(0.05)[:, 1],
        "newey_west_error": robust.bse,
        "newey_west_t": robust.tvalues,
        "newey_west_p": robust.pvalues,
        "newey_west_low": robust.conf_int(0.05)[:, 0],
        "newey_west_high": robust.conf_int(0.05)[:, 1],
    }
    for name, values in expected.items():
        assert [getattr(each, name) for each in estimates] == pytest.approx(values, rel=1e-9)


def test_tests_are_those_of_statsmodels() -> None:
    fit, design = plain_fit()

    found = regression_of(a_history())

    tests = found.tests
    assert tests is not None
    normality = jarque_bera(fit.resid)
    spread = het_breuschpagan(fit.resid, design)
    drift = breaks_cusumolsresid(fit.resid, ddof=8)
    assert tests.durbin_watson == pytest.approx(durbin_watson(fit.resid))
    assert vars(tests.jarque_bera) == pytest.approx(
        {"statistic": normality[0], "p_value": normality[1]}
    )
    assert (tests.skewness, tests.kurtosis) == pytest.approx((normality[2], normality[3]))
    assert vars(tests.breusch_pagan) == pytest.approx(
        {"statistic": spread[0], "p_value": spread[1]}
    )
    assert vars(tests.cusum) == pytest.approx({"statistic": drift[0], "p_value": drift[1]})
    assert found.design_condition_number == pytest.approx(fit.condition_number)
    assert found.condition_number == pytest.approx(16.0, abs=0.05)
    assert found.adjusted_r_squared == pytest.approx(fit.rsquared_adj)
    assert found.r_squared == pytest.approx(fit.rsquared, rel=1e-12)
    inflation = [variance_inflation_factor(design, place) for place in range(1, 8)]
    assert [each.variance_inflation for each in found.coefficients] == pytest.approx(inflation)


def test_variance_inflation_is_the_inverse_of_what_the_others_leave_unexplained() -> None:
    _, design = plain_fit()
    others = sm.OLS(design[:, 3], np.delete(design, 3, axis=1)).fit()

    growth = regression_of(a_history()).coefficients[2]

    assert growth.variance_inflation == pytest.approx(1.0 / (1.0 - others.rsquared))
    assert growth.variance_inflation is not None
    assert growth.variance_inflation > 10.0


def test_shrunk_betas_lie_between_the_prior_and_least_squares_on_one_factor() -> None:
    one = Factors(("market",), ("SPY",))
    found = regression_of(
        a_history(factors=one, proxy_closes=panel.closes("SPY", last=LAST))
    ).coefficients[0]

    assert found.shrunk is not None
    assert found.raw_beta is not None
    assert (found.prior_mean, found.prior_deviation) == (1.0, 0.5)
    assert 1.0 < found.shrunk < found.raw_beta
    assert found.shrunk == pytest.approx(found.beta, rel=1e-12)


def test_rolling_betas_are_fits_of_the_sixty_days_before() -> None:
    fit, design = plain_fit()
    last = sm.OLS(fit.model.endog[-60:], design[-60:]).fit()
    first = sm.OLS(fit.model.endog[:60], design[:60]).fit()

    rolling = regression_of(a_history()).rolling

    assert rolling is not None
    assert len(rolling.session_dates) == 252 - 60 + 1
    assert rolling.session_dates[-1] == panel.sessions()[-1]
    assert [of_factor[-1] for of_factor in rolling.betas] == pytest.approx(
        last.params[1:], rel=1e-6
    )
    assert [of_factor[0] for of_factor in rolling.betas] == pytest.approx(
        first.params[1:], rel=1e-6
    )


def test_a_shock_of_one_day_is_an_influential_day_with_its_date() -> None:
    closes = panel.closes("AAPL", last=LAST)[:, 0].copy()
    closes[100:] *= 1.25
    fit, _ = plain_fit()

    influence = regression_of(a_history(closes=closes)).influence
    plain = regression_of(a_history()).influence

    assert influence is not None
    (shock,) = [each for each in influence.days if each.session_date == panel.sessions()[-153]]
    assert abs(shock.studentized_residual or 0.0) > 10.0
    assert plain is not None
    hat = OLSInfluence(fit).hat_matrix_diag
    distance = OLSInfluence(fit).cooks_distance[0]
    assert plain.found == int(((hat > 16 / 252) | (distance > 4 / 252)).sum())
    days = panel.sessions()[-252:]
    for each in plain.days:
        assert each.leverage == pytest.approx(hat[days.index(each.session_date)])
        assert each.cooks_distance == pytest.approx(distance[days.index(each.session_date)])
    assert [each.session_date for each in plain.days] == sorted(
        each.session_date for each in plain.days
    )


@pytest.mark.parametrize("model", MODELS)
def test_too_few_returns_are_nulls_with_the_reason(model: str) -> None:
    closes = panel.closes("AAPL", last=LAST)[:, 0].copy()
    closes[:-60] = np.nan

    found = diagnosis(a_history(model=model, closes=closes))

    assert found.largest_difference is None
    for each in found.regressions:
        assert each.reason == "59 returns in the window; 60 are needed"
        assert (each.quality, each.observations) == ("insufficient", 59)
        assert (each.tests, each.rolling, each.influence, each.intercept) == (None,) * 4
        assert {each.coefficients[0].beta, each.coefficients[0].estimate.coefficient} == {None}


def test_sixty_returns_are_enough() -> None:
    closes = panel.closes("AAPL", last=LAST)[:, 0].copy()
    closes[:-61] = np.nan

    found = regression_of(a_history(closes=closes))

    assert (found.quality, found.observations, found.reason) == ("limited_history", 60, None)
    assert found.rolling is not None
    assert len(found.rolling.session_dates) == 1
    assert found.newey_west_lags == 3


def test_a_proxy_leaves_no_residual_to_test() -> None:
    found = regression_of(a_history("SPY"))

    assert found.tests is not None
    assert found.tests.reason == EXACT
    assert found.tests.durbin_watson is None
    market = found.coefficients[0]
    assert market.estimate.coefficient == pytest.approx(1.0)
    assert market.estimate.standard_error is None


def test_stored_betas_are_shown_as_they_are_stored() -> None:
    (computed,) = [regression_of(a_history())]
    stored = {
        each.factor: BetaInForce(
            factor=each.factor,
            beta=(each.beta or 0.0) + 0.25,
            raw_beta=each.raw_beta,
            standard_error=each.raw_error,
            capped=False,
            r_squared=0.5,
            observations=252,
            condition_number=16.0,
            quality="full_history",
            reason=None,
            price_run="p1",
        )
        for each in computed.coefficients
    }

    found = diagnosis(a_history(stored=stored))

    assert (found.stored, found.price_run) == (True, "p1")
    assert found.largest_difference == pytest.approx(0.25)
    assert [each.beta for each in found.regressions[0].coefficients] == [
        each.beta for each in stored.values()
    ]


def test_stored_betas_without_their_closes_have_a_reason() -> None:
    (computed,) = diagnosis(a_history()).regressions
    stored = {
        each.factor: BetaInForce(
            each.factor, each.beta, each.raw_beta, each.raw_error, False, 0.8, 252, 16.0,
            "full_history", None, "p1",
        )
        for each in computed.coefficients
    }  # fmt: skip
    closes = np.full(LAST, np.nan)

    found = diagnosis(a_history(stored=stored, closes=closes)).regressions[0]

    assert found.reason == "0 returns in the window; 60 are needed"
    assert found.coefficients[0].beta == computed.coefficients[0].beta
    assert found.coefficients[0].estimate.coefficient is None


def test_the_service_starts_without_statsmodels() -> None:
    program = "import sys, services.factors.main; print('statsmodels' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "False"
