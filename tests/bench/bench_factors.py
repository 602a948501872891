"""Betas of 2,000 symbols, each with gaps of its own: one batched solve against a loop over statsmodels.

`python -m tests.bench.bench_factors`. Both give coefficients, standard errors, t statistics and R2, in one process and
one run. The loop is timed on fewer symbols of the same panel and scaled by symbol, as its result says.
"""

import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import statsmodels.api as sm

from services.factors.calculations.betas import market_prior, over_market, symbol_betas
from services.factors.calculations.regression import least_squares
from shared.quant.returns import FloatArray, simple_returns
from tests import panel

SYMBOLS = 2_000
SAMPLE = 100
SESSIONS = 252
GAPS = 0.05
REPETITIONS = 9
PEER = "statsmodels OLS loop"


def run() -> list[dict[str, Any]]:
    """Our seconds for all symbols, and the peer's scaled to them with the ratio and the largest difference."""
    factors = over_market(simple_returns(panel.closes(*panel.PROXIES, last=SESSIONS + 1)), panel.FACTORS)
    returns = random_returns(factors)
    some = returns[:, :SAMPLE]
    ours = median_seconds(lambda: least_squares(returns, factors), REPETITIONS)
    shrunk = median_seconds(lambda: symbol_betas(returns, factors, market_prior(panel.FACTORS)), REPETITIONS)
    theirs = median_seconds(lambda: statsmodels_fits(some, factors), 3) * SYMBOLS / SAMPLE
    size = f"{SYMBOLS:,} symbols x {SESSIONS} days x {len(panel.FACTORS)} factors, {GAPS:.0%} gaps"
    accuracy = f"largest difference {largest_difference(some, factors):.1e}"
    return [
        _measurement(f"Least squares, {size}, one batched solve", ours),
        _measurement(f"Least squares, shrinkage and quality, {size}", shrunk),
        _measurement(f"{PEER}, measured on {SAMPLE} symbols and scaled to {SYMBOLS:,}", theirs)
        | {"peer": PEER, "ratio": theirs / ours, "accuracy": accuracy},
    ]


def _measurement(name: str, seconds: float) -> dict[str, Any]:
    return {"name": name, "value": seconds, "unit": "s", "peer": None, "ratio": None, "accuracy": None}


def random_returns(factors: FloatArray) -> FloatArray:
    """Real factors, seeded betas, 1.5 % daily noise, and days missing at random for each symbol."""
    random = np.random.default_rng(2022)
    centre = [1.0, *[0.0] * (factors.shape[1] - 1)]
    betas = random.normal(centre, 0.5, (SYMBOLS, factors.shape[1]))
    noise = random.normal(0.0, 0.015, (SESSIONS, SYMBOLS))
    return np.where(random.random(noise.shape) < GAPS, np.nan, factors @ betas.T + noise)


def statsmodels_fits(returns: FloatArray, factors: FloatArray) -> FloatArray:
    """Coefficients, errors, t statistics (each without the intercept's) and R2 of every column, one by one."""
    design = sm.add_constant(factors)
    fits = (sm.OLS(asset, design, missing="drop").fit() for asset in returns.T)
    return np.array([[*fit.params[1:], *fit.bse[1:], *fit.tvalues[1:], fit.rsquared] for fit in fits])


def largest_difference(returns: FloatArray, factors: FloatArray) -> float:
    """Over everything both sides compute."""
    fit = least_squares(returns, factors)
    ours = (fit.coefficients, fit.standard_errors, fit.t_statistics, fit.r_squared[:, None])
    return float(np.abs(np.hstack(ours) - statsmodels_fits(returns, factors)).max())


def median_seconds(work: Callable[[], object], repetitions: int) -> float:
    return statistics.median(_seconds(work) for _ in range(repetitions))


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


if __name__ == "__main__":
    for measurement in run():
        print(", ".join(f"{name} {value}" for name, value in measurement.items() if value is not None))
