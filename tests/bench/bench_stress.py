"""Full repricing of 10,000 positions, 2,000 of them American options, under the eighteen scenarios.

`python -m tests.bench.bench_stress`. One process on one core. Measured is the mathematics of
`stress_test` from loaded arrays to every position's and portfolio's impacts: the direct method
alone (18 scenarios), then both methods (36, of which 31 differ). Every contract is another one, so
nothing is saved by holders sharing it. The peer is QuantLib's QdFp engine (Andersen, Lake and
Offengenden's method, in C++), one price per contract and scenario in a Python loop on the same
core, timed on some contracts and scaled. The first line is what the service did before full
repricing.
"""

import os
import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import QuantLib

from services.stress.calculations.history import historical_pnl
from services.stress.calculations.repricing import States, price_changes
from services.stress.calculations.shocks import direct_shocks
from services.stress.calculations.valuation import stress_test, stressed_impacts
from services.stress.inputs import STOCK, Contracts, ShardBook
from shared.arrays import FloatArray
from shared.quant.black_scholes import option_values
from tests.bench.measured_windows import bundled
from tests.panel import FACTORS
from tests.unit.stress.builders import columns_of

POSITIONS, OPTIONS, PORTFOLIOS = 10_000, 2_000, 100
REPETITIONS = 5
QUANTLIB_SAMPLE = 60
QUANTLIB_STATES = np.array([-0.45, -0.35, -0.15, -0.05, 0.10, 0.25])
DAYS = 252


def run() -> list[dict[str, Any]]:
    """Median seconds of direct, of both methods, and of the past 252 days."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everywhere)})
    try:
        return _measured(random_book())
    finally:
        os.sched_setaffinity(0, everywhere)


def _measured(book: ShardBook) -> list[dict[str, Any]]:
    scenarios, covariance = bundled(), random_covariance()
    shocks = direct_shocks(scenarios, FACTORS)
    without = without_repricing(book)
    delta_gamma = median_seconds(lambda: stressed_impacts(without, shocks))
    direct = median_seconds(lambda: stress_test(book, scenarios, FACTORS, None))
    both = median_seconds(lambda: stress_test(book, scenarios, FACTORS, covariance))
    returns = np.random.default_rng(7).normal(0, 0.02, (POSITIONS, DAYS))
    past = median_seconds(lambda: historical_pnl(book, returns, np.arange(POSITIONS)))
    quantlib, accuracy = quantlib_loop(book.contracts)
    held = f"{POSITIONS:,} positions, {OPTIONS:,} different American options"
    return [
        _line(f"{held}, 18 scenarios, delta and gamma only", delta_gamma),
        _line(f"{held}, 18 scenarios repriced in full", direct, 19 * OPTIONS * quantlib, accuracy),
        _line(f"{held}, 18 scenarios by both methods", both, 32 * OPTIONS * quantlib),
        _line(f"{held}, the past 252 days", past, (DAYS + 1) * OPTIONS * quantlib),
    ]


def _line(
    name: str, seconds: float, peer: float | None = None, accuracy: str | None = None
) -> dict[str, Any]:
    return {
        "name": f"{name}, one core",
        "value": seconds,
        "unit": "s",
        "peer": peer and "QuantLib QdFp loop, options only, scaled",
        "ratio": peer and peer / seconds,
        "accuracy": accuracy,
    }


def median_seconds(work: Callable[[], object]) -> float:
    """Median of some repetitions after one that warms up."""
    work()
    seconds = []
    for _ in range(REPETITIONS):
        started = perf_counter()
        work()
        seconds.append(perf_counter() - started)
    return statistics.median(seconds)


def random_book() -> ShardBook:
    """Stocks long and short, and options from a week to two years, deep in to deep out, with
    dividends.
    """
    dice = np.random.default_rng(20221228)
    contracts = random_contracts(dice, OPTIONS)
    greeks = option_values(columns_of(contracts))
    contract = np.full(POSITIONS, STOCK, dtype=np.intp)
    options = np.sort(dice.permutation(POSITIONS)[:OPTIONS])
    contract[options] = np.arange(OPTIONS)
    units = np.zeros(POSITIONS)
    units[options] = 100.0 * dice.integers(1, 50, OPTIONS) * dice.choice([-1, 1], OPTIONS)
    exposure = dice.normal(0, 50_000, POSITIONS)
    exposure[options] = units[options] * greeks.delta * contracts.underlying_price
    gamma, spot = np.zeros(POSITIONS), np.zeros(POSITIONS)
    gamma[options], spot[options] = units[options] * greeks.gamma, contracts.underlying_price
    return ShardBook(
        portfolios=PORTFOLIOS,
        portfolio=dice.integers(0, PORTFOLIOS, POSITIONS).astype(np.intp),
        symbols=[f"S{place}" for place in range(POSITIONS)],
        exposure=exposure,
        betas=np.column_stack(
            [dice.normal(1, 0.3, POSITIONS), dice.normal(0, 0.4, (POSITIONS, 6))]
        ),
        rate_beta=dice.normal(-3, 2, POSITIONS),
        gamma=gamma,
        underlying_price=spot,
        contract=contract,
        units=units,
        contracts=contracts,
    )


def random_contracts(dice: np.random.Generator, count: int) -> Contracts:
    """American calls and puts, with continuous yields."""
    spot = dice.uniform(20, 400, count)
    return Contracts(
        symbols=np.array([f"C{place}" for place in range(count)]),
        call=dice.random(count) < 0.5,
        american=np.ones(count, dtype=np.bool_),
        underlying_price=spot,
        strike=spot * dice.uniform(0.6, 1.5, count),
        years_to_expiry=dice.integers(7, 730, count) / 365.0,
        volatility=dice.uniform(0.12, 0.80, count),
        rate=dice.uniform(0.03, 0.05, count),
        dividend_yield=dice.choice([0.0, 0.005, 0.02, 0.04], count),
    )


def without_repricing(book: ShardBook) -> ShardBook:
    """The same book with nothing to reprice: options count by delta and gamma."""
    none = book.contracts.take(np.zeros(0, dtype=np.intp))
    columns = {name: getattr(book, name) for name in ShardBook.__dataclass_fields__}
    return ShardBook(
        **{**columns, "contract": np.full(POSITIONS, STOCK, dtype=np.intp), "contracts": none}
    )


def random_covariance() -> FloatArray:
    """A positive definite covariance of seven factors of daily returns."""
    loadings = np.random.default_rng(3).normal(0, 0.008, (7, 7))
    covariance: FloatArray = loadings @ loadings.T + np.diag(np.full(7, 2e-5))
    return covariance


def quantlib_loop(contracts: Contracts) -> tuple[float, str]:
    """(QuantLib's seconds per price, the largest difference of a repriced change in dollars per
    share).
    """
    some = contracts.take(np.arange(QUANTLIB_SAMPLE))
    started = perf_counter()
    base = np.array([quantlib_price(some, place, 1.0) for place in range(QUANTLIB_SAMPLE)])
    moved = [
        [quantlib_price(some, place, 1.0 + move) for move in QUANTLIB_STATES]
        for place in range(QUANTLIB_SAMPLE)
    ]
    seconds = (perf_counter() - started) / (QUANTLIB_SAMPLE * (1 + len(QUANTLIB_STATES)))
    still = States.still(len(QUANTLIB_STATES))
    ours = price_changes(some, np.tile(QUANTLIB_STATES, (QUANTLIB_SAMPLE, 1)), still)
    difference = float(np.abs(ours - (np.array(moved) - base[:, None])).max())
    return seconds, f"largest difference to QuantLib {difference:.1e} per share"


def quantlib_price(contracts: Contracts, place: int, scale: float) -> float:
    """The American value with the underlying at `scale` times its price."""
    today, count = QuantLib.Date(28, 12, 2022), QuantLib.Actual365Fixed()
    QuantLib.Settings.instance().evaluationDate = today

    def flat(level: float) -> Any:
        return QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(today, level, count))

    volatility = QuantLib.BlackConstantVol(
        today, QuantLib.NullCalendar(), float(contracts.volatility[place]), count
    )
    process = QuantLib.BlackScholesMertonProcess(
        QuantLib.QuoteHandle(
            QuantLib.SimpleQuote(float(contracts.underlying_price[place]) * scale)
        ),
        flat(float(contracts.dividend_yield[place])),
        flat(float(contracts.rate[place])),
        QuantLib.BlackVolTermStructureHandle(volatility),
    )
    kind = QuantLib.Option.Call if contracts.call[place] else QuantLib.Option.Put
    days = round(float(contracts.years_to_expiry[place]) * 365)
    exercise = QuantLib.AmericanExercise(today, today + days)
    option = QuantLib.VanillaOption(
        QuantLib.PlainVanillaPayoff(kind, float(contracts.strike[place])), exercise
    )
    option.setPricingEngine(QuantLib.QdFpAmericanEngine(process))
    return float(option.NPV())


if __name__ == "__main__":
    from tests.bench import show

    show(run())
