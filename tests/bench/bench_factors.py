"""Betas of 5,000 symbols, each with different gaps, or without any.

One elimination over all of them against a loop over statsmodels.

`python -m tests.bench.bench_factors`. Both sides give coefficients, standard errors, t statistics,
R2, observations and the condition number, in one process, on one core and in one run; both times
are the best of several, so that what else the machine does counts least. The loop is timed on the
first symbols of the same panel and scaled by symbol, as its result says. Statsmodels' condition
number is that of the design as given, ours that of the centred regressors in units of their
deviations: the accuracy compares it with numpy's `cond` of just that.
"""

from typing import Any

import numpy as np
import statsmodels.api as sm

from services.factors.calculations.betas import market_prior, model_betas, over_market, symbol_betas
from services.factors.calculations.rates import rate_sensitivities
from services.factors.calculations.regression import least_squares
from services.factors.inputs import MATURITIES
from shared.arrays import FloatArray
from shared.quant.returns import simple_returns
from tests import panel
from tests.bench.measuring import alone, best_seconds

SYMBOLS = 5_000
SAMPLE = 250
SESSIONS = 252
GAPS = 0.05
REPETITIONS = 15
PEER = "statsmodels OLS loop"
STATISTICS = "params, bse, tvalues, rsquared, nobs, condition_number"


def run() -> list[dict[str, Any]]:
    """Our seconds for all symbols, and the peer's scaled to them with the ratio and the largest
    difference.
    """
    proxies = simple_returns(panel.closes(*panel.PROXIES, last=SESSIONS + 1))
    factors = over_market(proxies, panel.FACTORS)
    returns = random_returns(factors, GAPS)
    prior, changes = market_prior(panel.FACTORS), random_changes()
    return [
        against_statsmodels(random_returns(factors, 0.0), factors, "no gaps"),
        against_statsmodels(returns, factors, f"{GAPS:.0%} gaps"),
        alone(
            "The same, shrunk, capped and with quality and reason",
            best_seconds(lambda: symbol_betas(returns, factors, prior), REPETITIONS),
        ),
        alone(
            "All three models (nine regressions a symbol)",
            best_seconds(lambda: model_betas(returns, proxies, panel.FACTORS), 5),
        ),
        alone(
            "Rate sensitivities to four maturities, Newey-West errors",
            best_seconds(lambda: rate_sensitivities(returns, proxies[:, 0], changes), 5),
        ),
    ]


def against_statsmodels(returns: FloatArray, factors: FloatArray, gaps: str) -> dict[str, Any]:
    """Least squares of all symbols beside the loop, which is timed on the first of them."""
    some = np.ascontiguousarray(returns[:, :SAMPLE])
    ours = best_seconds(lambda: least_squares(returns, factors), REPETITIONS)
    theirs = best_seconds(lambda: statsmodels_fits(some, factors), 3) * SYMBOLS / SAMPLE
    size = f"{SYMBOLS:,} symbols x {SESSIONS} days x {len(panel.FACTORS)} factors, {gaps}"
    return alone(f"Least squares, {size}: {STATISTICS}", ours) | {
        "peer": f"{PEER}: {STATISTICS}; "
        f"{SAMPLE} symbols in {theirs * SAMPLE / SYMBOLS:.3f} s, scaled",
        "ratio": theirs / ours,
        "accuracy": f"largest difference {largest_difference(some, factors):.1e}",
    }


def random_returns(factors: FloatArray, gaps: float) -> FloatArray:
    """Real factors, seeded betas, 1.5 % daily noise, and a share of each symbol's days missing."""
    random = np.random.default_rng(2022)
    centre = [1.0, *[0.0] * (factors.shape[1] - 1)]
    betas = random.normal(centre, 0.5, (SYMBOLS, factors.shape[1]))
    noise = random.normal(0.0, 0.015, (SESSIONS, SYMBOLS))
    return np.where(random.random(noise.shape) < gaps, np.nan, factors @ betas.T + noise)


def random_changes() -> dict[str, FloatArray]:
    """Daily changes of four yields, 6 basis points of deviation."""
    random = np.random.default_rng(2023)
    return {maturity: random.normal(0.0, 0.0006, SESSIONS) for maturity in MATURITIES}


def statsmodels_fits(returns: FloatArray, factors: FloatArray) -> FloatArray:
    """The statistics of every column, one by one.

    Coefficients, errors and t without the intercept's.
    """
    design = sm.add_constant(factors)
    return np.array(
        [_statistics(sm.OLS(asset, design, missing="drop").fit()) for asset in returns.T]
    )


def _statistics(fit: Any) -> list[float]:
    return [
        *fit.params[1:],
        *fit.bse[1:],
        *fit.tvalues[1:],
        fit.rsquared,
        fit.nobs,
        fit.condition_number,
    ]


def largest_difference(returns: FloatArray, factors: FloatArray) -> float:
    """Over everything both sides compute, the condition number against numpy's.

    Relative where beyond 1.
    """
    fit = least_squares(returns, factors)
    ours = np.hstack(
        [
            fit.coefficients,
            fit.standard_errors,
            fit.t_statistics,
            fit.r_squared[:, None],
            fit.observations[:, None],
            fit.condition_number[:, None],
        ]
    )
    theirs = statsmodels_fits(returns, factors)
    theirs[:, -1] = [_condition_number(factors[np.isfinite(asset)]) for asset in returns.T]
    return float((np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1.0)).max())


def _condition_number(regressors: FloatArray) -> float:
    centred = regressors - regressors.mean(axis=0)
    return float(np.linalg.cond(centred / centred.std(axis=0)))


if __name__ == "__main__":
    for measurement in run():
        print(
            ", ".join(f"{name} {value}" for name, value in measurement.items() if value is not None)
        )
