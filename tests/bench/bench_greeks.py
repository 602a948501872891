"""Option values, Greeks and implied volatilities of whole books in one call, against loops over
single contracts.

`python -m tests.bench.bench_greeks`. Price and five Greeks in the published units, one process, one
core, one run. The loops are timed on fewer contracts of the same random grid and scaled by
contract, as their results say. Two of QuantLib's paths are shown: the one its manual teaches (a
VanillaOption with an AnalyticEuropeanEngine; the process and its quotes are made once and moved,
which flatters it), and its bare closed form without dates, curves and instruments, which is the
least work that QuantLib can be asked for.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from time import perf_counter
from typing import Any

import numpy as np
import QuantLib
from vollib.black_scholes.implied_volatility import implied_volatility as vollib_volatility

from services.greeks.calculations.engines import mibian_values
from shared.arrays import FloatArray
from shared.quant.american import american_prices, american_values
from shared.quant.black_scholes import OptionColumns, OptionValues, option_prices, option_values
from shared.quant.implied_volatility import implied_volatilities
from tests.bench.measuring import Measurement, alone, beside, best_seconds, median_seconds
from tests.unit.shared.builders import uniform_options
from tests.unit.shared.dividend_references import (
    dense_grid,
    finite_differences,
    ordinary_contracts,
)

OPTIONS = 100_000
QUANTLIB_SAMPLE = 5_000
MIBIAN_SAMPLE = 500
VOLLIB_SAMPLE = 5_000
AMERICAN_OPTIONS = 20_000
AMERICAN_PRICES = 36_000
AMERICAN_SAMPLE = 500
CASH_DIVIDEND_OPTIONS = 500
CASH_DIVIDEND_SAMPLE = 40
FEW = (1, 10, 100)
CALLS = 300
REPETITIONS = 15
DAY, POINT = 1.0 / 365.0, 0.01

Engine = Callable[[OptionColumns], OptionValues]


def run() -> list[Measurement]:
    """Our seconds, and each peer's scaled to the same number of contracts, with the ratio and the
    accuracy.
    """
    return [*european(), *implied(), *american()]


# --- European ---


def european() -> list[Measurement]:
    """100,000 European options."""
    options = random_options(OPTIONS)
    ours = median_seconds(lambda: option_values(options), REPETITIONS)
    return [
        alone(f"European price and Greeks, {OPTIONS:,} options, one call", ours),
        against("mibian Merton loop", mibian_values, options, MIBIAN_SAMPLE, ours),
        against(
            "QuantLib AnalyticEuropeanEngine loop",
            quantlib_engine_values,
            options,
            QUANTLIB_SAMPLE,
            ours,
        ),
        against("QuantLib BlackCalculator loop", quantlib_values, options, QUANTLIB_SAMPLE, ours),
        *(few(options, count) for count in FEW),
    ]


def few(options: OptionColumns, count: int) -> Measurement:
    """One call with a few options, beside QuantLib's bare closed form on the same ones."""
    some = first(options, count)
    calls = max(CALLS // count, 10)

    def repeated(engine: Engine) -> Callable[[], object]:
        return lambda: [engine(some) for _ in range(calls)]

    ours = best_seconds(repeated(option_values), REPETITIONS) / calls
    theirs = best_seconds(repeated(quantlib_values), REPETITIONS) / calls
    name = f"European price and Greeks, {count} option{'s' if count > 1 else ''}, one call"
    return beside(name, ours, "QuantLib BlackCalculator loop", theirs)


def against(
    peer: str, engine: Engine, options: OptionColumns, sample: int, our_seconds: float
) -> Measurement:
    """The peer's seconds scaled from `sample` contracts to all.

    `ratio` says how many times slower it is.
    """
    some = first(options, sample)
    engine(first(options, 10))  # imports and first calls are not what is measured
    seconds = median_seconds(lambda: engine(some), 3) * OPTIONS / sample
    difference = largest_difference(engine(some), option_values(some))
    return compared(
        peer, sample, OPTIONS, seconds, our_seconds, f"largest difference {difference:.1e}"
    )


def random_options(count: int) -> OptionColumns:
    """Deep in to deep out of the money, a day to three years, rates from -1 % to 8 %."""
    return uniform_options(count, seed=20221228)


def quantlib_values(options: OptionColumns) -> OptionValues:
    """QuantLib's cheapest path to all six numbers.

    Its closed form without dates, curves and instruments.
    """
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
    payoff = QuantLib.PlainVanillaPayoff(
        QuantLib.Option.Call if call else QuantLib.Option.Put, strike
    )
    forward, discount = spot * np.exp((rate - dividend_yield) * years), np.exp(-rate * years)
    black = QuantLib.BlackCalculator(payoff, forward, volatility * np.sqrt(years), discount)
    greeks = black.theta(spot, years) * DAY, black.vega(years) * POINT, black.rho(years) * POINT
    return black.value(), black.delta(spot), black.gamma(spot), *greeks


class QuantLibMarket:
    """One Black-Scholes-Merton process whose four quotes are moved from contract to contract."""

    def __init__(self) -> None:
        self.today = QuantLib.Date(28, 12, 2022)
        QuantLib.Settings.instance().evaluationDate = self.today
        self.quotes = [QuantLib.SimpleQuote(0.1) for _ in range(4)]
        spot, volatility, rate, dividend_yield = (
            QuantLib.QuoteHandle(quote) for quote in self.quotes
        )
        clock = QuantLib.Actual365Fixed()

        def curve(quote: Any) -> Any:
            return QuantLib.YieldTermStructureHandle(QuantLib.FlatForward(self.today, quote, clock))

        surface = QuantLib.BlackConstantVol(self.today, QuantLib.NullCalendar(), volatility, clock)
        self.process = QuantLib.BlackScholesMertonProcess(
            spot, curve(dividend_yield), curve(rate), QuantLib.BlackVolTermStructureHandle(surface)
        )

    def option(self, options: OptionColumns, i: int, american: bool) -> Any:
        """The market moved to contract `i`, and the contract, still without an engine."""
        names = ("underlying_price", "volatility", "rate", "dividend_yield")
        for quote, name in zip(self.quotes, names, strict=True):
            quote.setValue(float(getattr(options, name)[i]))
        expiry = self.today + round(float(options.years_to_expiry[i]) * 365)
        kind = QuantLib.Option.Call if options.call[i] else QuantLib.Option.Put
        exercise = (
            QuantLib.AmericanExercise(self.today, expiry)
            if american
            else QuantLib.EuropeanExercise(expiry)
        )
        return QuantLib.VanillaOption(
            QuantLib.PlainVanillaPayoff(kind, float(options.strike[i])), exercise
        )


def quantlib_engine_values(options: OptionColumns) -> OptionValues:
    """The path of QuantLib's manual: an instrument per contract, with the analytic engine."""
    market, rows = QuantLibMarket(), []
    for i in range(options.strike.size):
        option = market.option(options, i, american=False)
        option.setPricingEngine(QuantLib.AnalyticEuropeanEngine(market.process))
        greeks = option.theta() * DAY, option.vega() * POINT, option.rho() * POINT
        rows.append((option.NPV(), option.delta(), option.gamma(), *greeks))
    return OptionValues(*np.array(rows, dtype=np.float64).T)


# --- implied volatility ---


def implied() -> list[Measurement]:
    """100,000 implied volatilities."""
    options = replace(random_options(OPTIONS), dividend_yield=np.zeros(OPTIONS))
    price = option_prices(options)
    ours = median_seconds(lambda: implied_volatilities(options, price), 5)
    found = implied_volatilities(options, price).volatility
    known = ~np.isnan(found)
    largest = float(np.abs(found - options.volatility)[known].max())
    decisive = np.flatnonzero(known)[:VOLLIB_SAMPLE]
    chosen = np.isin(np.arange(OPTIONS), decisive)
    theirs = median_seconds(lambda: vollib_volatilities(options.take(chosen), price[chosen]), 3)
    difference = np.abs(
        vollib_volatilities(options.take(chosen), price[chosen]) - found[chosen]
    ).max()
    return [
        alone(
            f"implied volatility, {OPTIONS:,} prices, one call",
            ours,
            f"{known.sum():,} have time value; largest error {largest:.1e}",
        ),
        compared(
            "vollib loop",
            decisive.size,
            OPTIONS,
            theirs * OPTIONS / decisive.size,
            ours,
            f"largest difference {difference:.1e}",
        ),
    ]


def vollib_volatilities(options: OptionColumns, price: FloatArray) -> FloatArray:
    """vollib's Black-Scholes volatility (Jäckel's algorithm in C underneath), contract by
    contract.
    """
    terms = (options.underlying_price, options.strike, options.years_to_expiry, options.rate)
    kinds = np.where(options.call, "c", "p").tolist()
    columns = zip(price.tolist(), *(column.tolist() for column in terms), kinds, strict=True)
    return np.array([vollib_volatility(*each) for each in columns])


# --- American ---


def american() -> list[Measurement]:
    """20,000 American options with Greeks, 36,000 without, and some with cash dividends."""
    options = random_options(AMERICAN_OPTIONS)
    greeks = median_seconds(lambda: american_values(options), 3)
    many = random_options(AMERICAN_PRICES)
    prices = median_seconds(lambda: american_prices(many), 3)
    sample = first(options, AMERICAN_SAMPLE)
    started = perf_counter()
    theirs = quantlib_american_prices(sample)
    seconds = (perf_counter() - started) * AMERICAN_PRICES / AMERICAN_SAMPLE
    error = np.abs(american_prices(sample) - theirs).max()
    return [
        alone(f"American price and Greeks, {AMERICAN_OPTIONS:,} options, one call", greeks),
        alone(f"American price only, {AMERICAN_PRICES:,} options, one call", prices),
        compared(
            "QuantLib QdFpAmericanEngine loop (price only, high precision)",
            AMERICAN_SAMPLE,
            AMERICAN_PRICES,
            seconds,
            prices,
            f"largest difference {error:.1e} USD",
        ),
        *cash_dividends(),
    ]


def quantlib_american_prices(options: OptionColumns) -> FloatArray:
    """QuantLib's most accurate engine for a continuous yield."""
    market, prices = QuantLibMarket(), []
    scheme = QuantLib.QdFpAmericanEngine.highPrecisionScheme()
    for i in range(options.strike.size):
        option = market.option(options, i, american=True)
        option.setPricingEngine(QuantLib.QdFpAmericanEngine(market.process, scheme))
        prices.append(option.NPV())
    return np.array(prices)


def cash_dividends() -> list[Measurement]:
    """American options with one to four dividends, beside QuantLib's finite differences.

    Its grid is the coarsest whose largest error is about a cent, too; the accuracy is ours against
    two grids without end.
    """
    count = CASH_DIVIDEND_OPTIONS
    options, dividends = ordinary_contracts(count, seed=11)
    prices = median_seconds(lambda: american_prices(options, dividends), 3)
    greeks = median_seconds(lambda: american_values(options, dividends), 3)
    sample = range(CASH_DIVIDEND_SAMPLE)
    started = perf_counter()
    for i in sample:
        finite_differences(options, dividends, i, 400)
    seconds = (perf_counter() - started) * count / len(sample)
    dense = [dense_grid(options, dividends, i) for i in sample]
    error = np.abs(american_prices(options, dividends)[: len(sample)] - dense).max()
    peer = "QuantLib FdBlackScholesVanillaEngine loop (price only, spot model, 400 x 400)"
    return [
        alone(f"American price and Greeks with cash dividends, {count:,} options", greeks),
        alone(f"American price only with cash dividends, {count:,} options", prices),
        compared(peer, len(sample), count, seconds, prices, f"largest difference {error:.1e} USD"),
    ]


# --- measuring ---


def first(options: OptionColumns, count: int) -> OptionColumns:
    """The first contracts."""
    return options.take(np.arange(options.strike.size) < count)


def largest_difference(theirs: OptionValues, ours: OptionValues) -> float:
    """Over the price and the five Greeks, in published units."""
    return max(
        float(np.abs(getattr(theirs, f.name) - getattr(ours, f.name)).max())
        for f in fields(OptionValues)
    )


def compared(
    peer: str, sample: int, count: int, seconds: float, our_seconds: float, accuracy: str
) -> Measurement:
    """A peer's figure, and how many times slower it is."""
    return {
        "name": f"{peer}, measured on {sample:,} options and scaled to {count:,}",
        "value": seconds,
        "unit": "s",
        "peer": peer,
        "ratio": seconds / our_seconds,
        "accuracy": accuracy,
    }


def main() -> None:
    """Print one line per result."""
    for row in run():
        ratio = "" if row["ratio"] is None else f"  {row['ratio']:,.0f} x ours"
        print(f"{row['name']}: {row['value']:.4f} {row['unit']}{ratio}  {row['accuracy'] or ''}")


if __name__ == "__main__":
    main()
