"""Black-Scholes-Merton for 100,000 options in one vectorised call, against QuantLib and mibian contract by contract.

`python -m tests.bench.bench_greeks`. All three give the price and five Greeks in the published units, in one process
and one run. The loops are timed on fewer contracts of the same grid and scaled by contract, as their results say.
"""

import statistics
from collections.abc import Callable
from dataclasses import fields
from time import perf_counter
from typing import Any

import numpy as np
import QuantLib

from services.greeks.calculations.engines import mibian_values
from shared.quant.black_scholes import FloatArray, OptionColumns, OptionValues, option_values

OPTIONS = 100_000
QUANTLIB_SAMPLE = 5_000
MIBIAN_SAMPLE = 500
REPETITIONS = 9
DAY, POINT = 1.0 / 365.0, 0.01

Engine = Callable[[OptionColumns], OptionValues]


def run() -> list[dict[str, Any]]:
    """Our seconds for the whole grid, and each peer's scaled to it with the ratio and the largest difference."""
    options = random_options(OPTIONS)
    ours = median_seconds(option_values, options, REPETITIONS)
    return [
        {
            "name": f"Black-Scholes-Merton, {OPTIONS:,} options, one vectorised call",
            "value": ours,
            "unit": "s",
            "peer": None,
            "ratio": None,
            "accuracy": None,
        },
        against("QuantLib BlackCalculator loop", quantlib_values, options, QUANTLIB_SAMPLE, ours),
        against("mibian Merton loop", mibian_values, options, MIBIAN_SAMPLE, ours),
    ]


def against(
    peer: str, engine: Engine, options: OptionColumns, sample: int, our_seconds: float
) -> dict[str, Any]:
    """The peer's seconds scaled from `sample` contracts to all; `ratio` says how many times slower it is."""
    some = options.take(np.arange(OPTIONS) < sample)
    engine(some.take(np.arange(sample) < 10))  # imports and first calls are not what is measured
    seconds = median_seconds(engine, some, 3) * OPTIONS / sample
    return {
        "name": f"{peer}, measured on {sample:,} options and scaled to {OPTIONS:,}",
        "value": seconds,
        "unit": "s",
        "peer": peer,
        "ratio": seconds / our_seconds,
        "accuracy": f"largest difference {largest_difference(engine(some), option_values(some)):.1e}",
    }


def random_options(count: int) -> OptionColumns:
    """Deep in to deep out of the money, a day to three years, rates from -1 % to 8 %."""
    random = np.random.default_rng(20221228)
    return OptionColumns.of(
        call=random.random(count) < 0.5,
        underlying_price=random.uniform(5.0, 500.0, count),
        strike=random.uniform(5.0, 500.0, count),
        years_to_expiry=random.integers(1, 1096, count) / 365.0,
        volatility=random.uniform(0.03, 1.2, count),
        rate=random.uniform(-0.01, 0.08, count),
        dividend_yield=random.uniform(0.0, 0.06, count),
    )


def median_seconds(engine: Engine, options: OptionColumns, repetitions: int) -> float:
    return statistics.median(_seconds(engine, options) for _ in range(repetitions))


def _seconds(engine: Engine, options: OptionColumns) -> float:
    started = perf_counter()
    engine(options)
    return perf_counter() - started


def largest_difference(theirs: OptionValues, ours: OptionValues) -> float:
    """Over the price and the five Greeks, in published units."""
    return max(
        float(np.abs(getattr(theirs, f.name) - getattr(ours, f.name)).max()) for f in fields(OptionValues)
    )


def quantlib_values(options: OptionColumns) -> OptionValues:
    """QuantLib's cheapest path to all six numbers: its closed form without dates, curves and instruments."""
    columns = zip(
        options.call.tolist(),
        *(getattr(options, field.name).tolist() for field in fields(OptionColumns)[1:]),
        strict=True,
    )
    rows: FloatArray = np.array([_quantlib_row(*terms) for terms in columns])
    return OptionValues(*rows.T)


def _quantlib_row(
    call: bool,
    spot: float,
    strike: float,
    years: float,
    volatility: float,
    rate: float,
    dividend_yield: float,
) -> tuple[float, ...]:
    payoff = QuantLib.PlainVanillaPayoff(QuantLib.Option.Call if call else QuantLib.Option.Put, strike)
    forward, discount = spot * np.exp((rate - dividend_yield) * years), np.exp(-rate * years)
    black = QuantLib.BlackCalculator(payoff, forward, volatility * np.sqrt(years), discount)
    greeks = black.theta(spot, years) * DAY, black.vega(years) * POINT, black.rho(years) * POINT
    return black.value(), black.delta(spot), black.gamma(spot), *greeks


def main() -> None:
    """Print one line per result."""
    for row in run():
        ratio = "" if row["ratio"] is None else f"  {row['ratio']:,.0f} x ours, {row['accuracy']}"
        print(f"{row['name']}: {row['value']:.4f} {row['unit']}{ratio}")


if __name__ == "__main__":
    main()
