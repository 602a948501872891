"""A grid of 9 spots x 7 volatilities x 3 dates over 1,000 positions, 200 of them American options.

`python -m tests.bench.bench_grid`. One process on one core. Measured is `grid` from loaded arrays
to P&L, the options' part and break-evens at every point; every option is another contract. The peer
is QuantLib's QdFp engine, one price per contract and point in a Python loop on the same core, timed
on some contracts at all points and scaled. The last line is the same grid where every option
expects cash dividends, which are walked through on lattices.
"""

import os
from dataclasses import replace
from datetime import date
from time import perf_counter
from uuid import UUID

import numpy as np
import QuantLib

from services.stress.calculations.grid import Axes, Grid, grid
from services.stress.calculations.surface import Moved
from services.stress.inputs import STOCK, Contracts, Factors, Holdings, ShardBook
from shared.arrays import FloatArray
from shared.quant.black_scholes import OptionColumns, option_values
from shared.quant.dividends import CashDividends
from tests.bench.bench_greeks import QuantLibMarket
from tests.bench.bench_stress import random_contracts
from tests.bench.measuring import Measurement, alone, best_seconds, median_seconds, within
from tests.panel import FACTORS
from tests.unit.stress.builders import columns_of

POSITIONS, OPTIONS = 1_000, 200
AXES = Axes(
    spots=(-0.3, -0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2, 0.3),
    volatilities=(-0.3, -0.2, -0.1, 0.0, 0.1, 0.25, 0.5),
    days=(0, 7, 30),
)
ALLOWED_SECONDS = 0.5
QUANTLIB_SAMPLE = 5


def run() -> list[Measurement]:
    """Median seconds of the grid, and its ratio to the loop."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everywhere)})
    try:
        return _measured(random_holdings())
    finally:
        os.sched_setaffinity(0, everywhere)


def _measured(held: Holdings) -> list[Measurement]:
    moved = Moved.of(held, "beta_weighted")
    seconds = median_seconds(lambda: grid(moved, AXES), 5)
    zeros = sum(len(each) for row in grid(moved, AXES).break_evens for each in row)
    points = int(np.prod(AXES.shape))
    name = f"{POSITIONS:,} positions, {OPTIONS} different American options, {points} points"
    paying = Moved.of(with_cash_dividends(held), "beta_weighted")
    walked = best_seconds(lambda: grid(paying, AXES), 1)
    return [
        within(ALLOWED_SECONDS, "0.5 s", f"{name}, {zeros} break-evens, one core", seconds),
        against_quantlib(held, seconds),
        alone(f"{name}, with cash dividends on lattices, one core", walked),
    ]


def random_holdings() -> Holdings:
    """Stocks long and short, and options from a week to two years, deep in to deep out."""
    dice = np.random.default_rng(20221228)
    contracts = random_contracts(dice, OPTIONS)
    contract = np.full(POSITIONS, STOCK, dtype=np.intp)
    contract[:OPTIONS] = np.arange(OPTIONS)
    units = np.zeros(POSITIONS)
    units[:OPTIONS] = 100.0 * dice.integers(1, 50, OPTIONS) * dice.choice([-1, 1], OPTIONS)
    exposure = dice.normal(0, 50_000, POSITIONS)
    greeks = option_values(columns_of(contracts))
    exposure[:OPTIONS] = units[:OPTIONS] * greeks.delta * contracts.underlying_price
    book = ShardBook(
        portfolios=1,
        portfolio=np.zeros(POSITIONS, dtype=np.intp),
        symbols=[f"S{place}" for place in range(POSITIONS)],
        exposure=exposure,
        betas=dice.normal(1, 0.3, (POSITIONS, len(FACTORS))),
        rate_beta=np.zeros(POSITIONS),
        gamma=np.zeros(POSITIONS),
        underlying_price=np.zeros(POSITIONS),
        contract=contract,
        units=units,
        contracts=contracts,
    )
    ids = [UUID(int=place) for place in range(POSITIONS)]
    return Holdings(date(2022, 12, 28), ids[:1], ids, book.symbols, book, Factors(FACTORS), None)


def with_cash_dividends(held: Holdings) -> Holdings:
    """The same with a quarterly half percent of the price in place of each yield."""
    contracts = held.book.contracts
    amount = np.outer(contracts.underlying_price, np.full(8, 0.005))
    paying = replace(
        contracts,
        dividend_yield=np.zeros(OPTIONS),
        dividends=CashDividends.of(amount, np.round(365 * (0.1 + 0.25 * np.arange(8))) / 365),
    )
    return replace(held, book=replace(held.book, contracts=paying))


def against_quantlib(held: Holdings, seconds: float) -> Measurement:
    """The loop's seconds scaled to every option, and the largest difference in one position."""
    contracts = held.book.contracts.take(np.arange(QUANTLIB_SAMPLE))
    weight = held.book.betas[:QUANTLIB_SAMPLE, 0]
    started = perf_counter()
    loop = np.array([quantlib_changes(contracts, i, weight[i]) for i in range(QUANTLIB_SAMPLE)])
    theirs = (perf_counter() - started) * OPTIONS / QUANTLIB_SAMPLE
    each = [of_option(held, place) for place in range(QUANTLIB_SAMPLE)]
    ours = np.array([found.pnl / held.book.units[i] for i, found in enumerate(each)])
    difference = float(np.abs(ours - loop).max())
    return {
        "name": f"the same points, {QUANTLIB_SAMPLE} options measured and scaled to {OPTIONS}",
        "value": theirs,
        "unit": "s",
        "peer": "QuantLib QdFpAmericanEngine loop, options only",
        "ratio": theirs / seconds,
        "accuracy": f"largest difference {difference:.1e} USD per share",
    }


def of_option(held: Holdings, place: int) -> Grid:
    """The grid of one option alone."""
    book = held.book.of_positions(np.array([place]))
    one = replace(held, book=book, underlyings=[held.underlyings[place]])
    return grid(Moved.of(one, "beta_weighted"), AXES)


def quantlib_changes(contracts: Contracts, place: int, weight: float) -> FloatArray:
    """Change of value per share of one contract at every point: (days, volatilities, spots)."""
    market = QuantLibMarket()
    options = columns_of(contracts)
    before = quantlib_price(market, options, place)
    changes = np.zeros(AXES.shape)
    for (day, volatility, spot), _ in np.ndenumerate(changes):
        years = np.maximum(options.years_to_expiry - AXES.days[day] / 365.0, 0.0)
        moved = replace(
            options,
            underlying_price=options.underlying_price * (1.0 + weight * AXES.spots[spot]),
            volatility=options.volatility * (1.0 + AXES.volatilities[volatility]),
            years_to_expiry=years,
        )
        changes[day, volatility, spot] = quantlib_price(market, moved, place) - before
    return changes


def quantlib_price(market: QuantLibMarket, options: OptionColumns, place: int) -> float:
    """The American value; intrinsic at expiry."""
    if options.years_to_expiry[place] * 365.0 < 0.5:
        sign = 1.0 if options.call[place] else -1.0
        return max(sign * float(options.underlying_price[place] - options.strike[place]), 0.0)
    option = market.option(options, place, american=True)
    option.setPricingEngine(QuantLib.QdFpAmericanEngine(market.process))
    return float(option.NPV())


if __name__ == "__main__":
    from tests.bench import show

    show(run())
