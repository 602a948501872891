"""The regressions behind a symbol's betas in full, through statsmodels.

The same returns, days and factor space as `betas`; the betas in force (stored, or `betas` itself)
are shown next to statsmodels' own least squares, and the largest difference between the two is a
figure of the report. statsmodels takes a second to import, so only the request that needs it
imports this module.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from statsmodels.regression.linear_model import OLS
from statsmodels.regression.rolling import RollingOLS
from statsmodels.stats.diagnostic import breaks_cusumolsresid, het_breuschpagan
from statsmodels.stats.outliers_influence import OLSInfluence, variance_inflation_factor
from statsmodels.stats.stattools import durbin_watson, jarque_bera

from services.factors.calculations import newey_west
from services.factors.calculations.betas import Prior, market_prior, model_betas, over_market
from services.factors.calculations.regression_report import (
    Diagnosis,
    Estimate,
    FactorEstimate,
    Influence,
    InfluentialDay,
    Regression,
    ResidualTests,
    RollingBetas,
    Verdict,
)
from services.factors.inputs import BetaInForce, SymbolHistory
from shared.arrays import FloatArray
from shared.conventions import DEFAULT_MODEL, MINIMUM_OBSERVATIONS, SESSIONS_PER_YEAR
from shared.quant.returns import simple_returns

CONFIDENCE = 0.95
ROLLING_WINDOW = MINIMUM_OBSERVATIONS
MOST_DAYS = 20  # influential ones that are listed
# Residuals below this share of the returns are rounding: no test of them means anything.
ROUNDING = 1e-9
EXACT = "the factors explain every return: what is left is rounding, and cannot be tested"


@dataclass(frozen=True)
class _Sample:
    """A symbol's returns (n) and its regressors (n x K) on the days that count."""

    days: tuple[date, ...]
    returns: FloatArray
    regressors: FloatArray

    @property
    def design(self) -> FloatArray:
        """The regressors after a column of ones."""
        return np.column_stack([np.ones(len(self.returns)), self.regressors])


def diagnosis(history: SymbolHistory) -> Diagnosis:
    """Every regression of the model on the last 252 returns, with its diagnostics."""
    returns = simple_returns(history.closes[:, None])
    proxies = simple_returns(history.proxy_closes)
    current = _estimated(history, returns, proxies)
    in_force = history.stored or current
    relative = history.model == DEFAULT_MODEL
    space = over_market(proxies, history.factors.ids) if relative else proxies
    regressions = tuple(
        _regression(
            history.model,
            [in_force[factor] for factor in names],
            _sample(history, returns, space, names),
            current[names[0]].reason,
        )
        for names in _parts(history)
    )
    return Diagnosis(
        stored=bool(history.stored),
        price_run=next((beta.price_run for beta in history.stored.values()), None),
        largest_difference=_largest_difference(regressions),
        regressions=regressions,
    )


def _parts(history: SymbolHistory) -> list[tuple[str, ...]]:
    """The factors of each regression of the model."""
    if history.model == "univariate":
        return [(factor,) for factor in history.factors.ids]
    return [history.factors.ids]


def _estimated(
    history: SymbolHistory, returns: FloatArray, proxies: FloatArray
) -> dict[str, BetaInForce]:
    """The betas by factor as a run would store them now."""
    models = model_betas(returns, proxies, history.factors.ids)
    (model,) = [each for each in models if each.model == history.model]
    return {
        factor: BetaInForce(
            factor=factor,
            beta=_number(found.betas[0, place]),
            raw_beta=_number(found.raw[0, place]),
            standard_error=_number(found.fit.standard_errors[0, place]),
            capped=bool(found.capped[0, place]),
            r_squared=_number(found.fit.r_squared[0]),
            observations=int(found.fit.observations[0]),
            condition_number=_number(found.fit.condition_number[0]),
            quality=found.qualities[0],
            reason=found.reasons[0],
        )
        for names, found in model.parts
        for place, factor in enumerate(names)
    }


def _sample(
    history: SymbolHistory, returns: FloatArray, space: FloatArray, names: Sequence[str]
) -> _Sample:
    chosen = [history.factors.ids.index(factor) for factor in names]
    of_symbol = returns[-SESSIONS_PER_YEAR:, 0]
    regressors = space[-SESSIONS_PER_YEAR:, chosen]
    counts = np.isfinite(of_symbol) & np.isfinite(regressors).all(axis=1)
    days = history.session_dates[1:][-SESSIONS_PER_YEAR:]
    known = tuple(day for day, there in zip(days, counts.tolist(), strict=True) if there)
    return _Sample(known, of_symbol[counts], regressors[counts])


def _regression(
    model: str, in_force: Sequence[BetaInForce], sample: _Sample, shortage: str | None
) -> Regression:
    """`shortage`: why the closes as they are now determine no coefficients, None where they do."""
    first = in_force[0]
    names = tuple(beta.factor for beta in in_force)
    reason = first.reason or shortage
    if reason is not None:
        return _undetermined(in_force, sample, reason)
    fit = OLS(sample.returns, sample.design).fit()
    exact = bool(np.sqrt(fit.scale) < ROUNDING * sample.returns.std())
    lags = int(newey_west.lags(np.array([len(sample.returns)]))[0])
    robust = fit.get_robustcov_results(cov_type="HAC", maxlags=lags, use_correction=False)
    estimates = [_estimate(fit, robust, place, exact) for place in range(len(names) + 1)]
    prior = market_prior(names) if model == DEFAULT_MODEL else None
    return Regression(
        factors=names,
        quality=first.quality,
        reason=None,
        observations=first.observations,
        first_day=sample.days[0],
        last_day=sample.days[-1],
        r_squared=first.r_squared,
        adjusted_r_squared=_number(fit.rsquared_adj),
        residual_deviation=_number(np.sqrt(fit.scale)),
        degrees_of_freedom=int(fit.df_resid),
        condition_number=first.condition_number,
        design_condition_number=_number(fit.condition_number),
        newey_west_lags=lags,
        intercept=estimates[0],
        coefficients=_coefficients(
            in_force,
            estimates[1:],
            sample,
            _shrunk(fit.params[1:], fit.scale, sample, prior),
            prior,
        ),
        tests=_nothing_to_test() if exact else _residual_tests(fit.resid, sample),
        rolling=_rolling(names, sample),
        influence=_influence(fit, sample, exact),
    )


def _undetermined(in_force: Sequence[BetaInForce], sample: _Sample, reason: str) -> Regression:
    """A regression that could not be run: the betas in force, and nulls with the reason."""
    first = in_force[0]
    nothing = Estimate(*(None,) * len(Estimate.__dataclass_fields__))
    unknown = [
        FactorEstimate(
            factor=beta.factor,
            estimate=nothing,
            variance_inflation=None,
            beta=beta.beta,
            raw_beta=beta.raw_beta,
            raw_error=beta.standard_error,
            capped=beta.capped,
            prior_mean=None,
            prior_deviation=None,
            shrunk=None,
        )
        for beta in in_force
    ]
    return Regression(
        factors=tuple(beta.factor for beta in in_force),
        quality=first.quality,
        reason=reason,
        observations=first.observations,
        first_day=sample.days[0] if sample.days else None,
        last_day=sample.days[-1] if sample.days else None,
        r_squared=None,
        adjusted_r_squared=None,
        residual_deviation=None,
        degrees_of_freedom=None,
        condition_number=first.condition_number,
        design_condition_number=None,
        newey_west_lags=None,
        intercept=None,
        coefficients=tuple(unknown),
        tests=None,
        rolling=None,
        influence=None,
    )


def _estimate(plain: OLS, robust: OLS, place: int, exact: bool) -> Estimate:
    """The coefficient in this place of two fitted results that differ in their errors."""
    coefficient = _number(plain.params[place])
    if exact:
        return Estimate(coefficient, *(None,) * (len(Estimate.__dataclass_fields__) - 1))
    figures = [
        _number(value)
        for fit in (plain, robust)
        for value in (
            fit.bse[place],
            fit.tvalues[place],
            fit.pvalues[place],
            *fit.conf_int(1.0 - CONFIDENCE)[place],
        )
    ]
    return Estimate(coefficient, *figures)


def _coefficients(
    in_force: Sequence[BetaInForce],
    estimates: Sequence[Estimate],
    sample: _Sample,
    shrunk: FloatArray | None,
    prior: Prior | None,
) -> tuple[FactorEstimate, ...]:
    return tuple(
        FactorEstimate(
            factor=beta.factor,
            estimate=estimates[place],
            variance_inflation=_number(variance_inflation_factor(sample.design, place + 1)),
            beta=beta.beta,
            raw_beta=beta.raw_beta,
            raw_error=beta.standard_error,
            capped=beta.capped,
            prior_mean=None if prior is None else float(prior.means[place]),
            prior_deviation=None if prior is None else float(prior.deviations[place]),
            shrunk=None if shrunk is None else _number(shrunk[place]),
        )
        for place, beta in enumerate(in_force)
    )


def _shrunk(
    slopes: FloatArray, variance: float, sample: _Sample, prior: Prior | None
) -> FloatArray | None:
    """m + (X'X + s2 P)^-1 X'X (b - m), as in `betas`, from least squares of another library."""
    if prior is None:
        return None
    centred = sample.regressors - sample.regressors.mean(axis=0)
    moments = centred.T @ centred
    penalised = moments + variance * np.diag(prior.deviations**-2.0)
    drawn = np.linalg.solve(penalised, moments @ (slopes - prior.means))
    return np.asarray(prior.means + drawn)


def _residual_tests(residuals: FloatArray, sample: _Sample) -> ResidualTests:
    normality, normality_p, skewness, kurtosis = jarque_bera(residuals)
    spread, spread_p, _, _ = het_breuschpagan(residuals, sample.design)
    drift, drift_p, _ = breaks_cusumolsresid(residuals, ddof=sample.design.shape[1])
    return ResidualTests(
        durbin_watson=_number(durbin_watson(residuals)),
        jarque_bera=Verdict(_number(normality), _number(normality_p)),
        skewness=_number(skewness),
        kurtosis=_number(kurtosis),
        breusch_pagan=Verdict(_number(spread), _number(spread_p)),
        cusum=Verdict(_number(drift), _number(drift_p)),
        reason=None,
    )


def _nothing_to_test() -> ResidualTests:
    none = Verdict(None, None)
    return ResidualTests(None, none, None, None, none, none, EXACT)


def _rolling(names: tuple[str, ...], sample: _Sample) -> RollingBetas:
    fitted = RollingOLS(sample.returns, sample.design, window=ROLLING_WINDOW).fit(params_only=True)
    slopes = np.asarray(fitted.params)[ROLLING_WINDOW - 1 :, 1:]
    by_factor = [tuple(_number(value) for value in column) for column in slopes.T]
    dates = sample.days[ROLLING_WINDOW - 1 :]
    return RollingBetas(ROLLING_WINDOW, dates, names, tuple(by_factor))


def _influence(fit: OLS, sample: _Sample, exact: bool) -> Influence:
    measured = OLSInfluence(fit)
    leverage = measured.hat_matrix_diag
    unknown = np.full(len(leverage), np.nan)
    distance = unknown if exact else measured.cooks_distance[0]
    residual = unknown if exact else measured.resid_studentized_external
    days, columns = sample.design.shape
    far = 2.0 * columns / days
    strong = 4.0 / days
    beyond = np.flatnonzero((leverage > far) | (distance > strong))
    weight = np.where(np.isfinite(distance), distance, leverage)
    largest = beyond[np.argsort(-weight[beyond], kind="stable")][:MOST_DAYS]
    listed = tuple(
        InfluentialDay(
            session_date=sample.days[day],
            observed_return=float(sample.returns[day]),
            fitted_return=float(fit.fittedvalues[day]),
            leverage=float(leverage[day]),
            cooks_distance=_number(distance[day]),
            studentized_residual=_number(residual[day]),
        )
        for day in sorted(largest.tolist())
    )
    return Influence(far, strong, len(beyond), listed)


def _largest_difference(regressions: Sequence[Regression]) -> float | None:
    """Between the betas in force and statsmodels'; the cap is not a difference."""
    differences = [
        abs(ours - theirs)
        for regression in regressions
        for each in regression.coefficients
        for ours, theirs in (
            (each.raw_beta, each.estimate.coefficient),
            (None if each.capped else each.beta, each.shrunk),
        )
        if ours is not None and theirs is not None
    ]
    return max(differences, default=None)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
