"""Smiles: the volatilities that an expiry's quotes imply, by strike, and a curve through them.

The curve is sigma(m) = a + b m + c m^2 in the moneyness m = ln(K / F) / sqrt(T), with the forward
F = S exp((r - q) T) and T in years: the implied volatility function that Dumas, Fleming and Whaley
("Implied volatility functions: empirical tests", Journal of Finance 53, 1998) fit by least squares,
here to one expiry at a time, so that no expiry bends another's curve. a is the volatility at the
forward, b the skew and c the curvature there.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import numpy as np

from services.greeks.calculations.contracts import IMPLIED, Given, contract_valuations
from services.greeks.calculations.engines import Engine
from services.greeks.inputs import ContractTerms, ContractValuation, Market, Quote
from shared.arrays import FloatArray

FEWEST_STRIKES = 4  # one more than the curve has coefficients
STEPS = 32  # of the curve between its lowest and its highest strike


@dataclass(frozen=True)
class ImpliedQuote:
    """A quote as volatilities, decimals per year; None where a price implies none.

    `volatility` is that of the mid. `moneyness`: ln(K / F) / sqrt(T), None without a price of the
    underlying. `reason`: why the mid implies none. `fitted`: whether the curve is through it.
    """

    terms: ContractTerms
    quote: Quote
    bid_volatility: float | None
    volatility: float | None
    ask_volatility: float | None
    moneyness: float | None
    reason: str | None
    fitted: bool = False


@dataclass(frozen=True)
class Fit:
    """The curve of one expiry: decimals per year, and per unit of moneyness and its square.

    `fit_deviation`: root of the mean square of what it leaves. `strikes` and `fitted_volatilities`:
    the curve from the lowest to the highest strike that it was fitted to.
    """

    at_the_money: float
    skew: float
    curvature: float
    fit_deviation: float
    quotes_fitted: int
    strikes: FloatArray
    fitted_volatilities: FloatArray


@dataclass(frozen=True)
class Smile:
    """The quotes of one expiry by strike, and the curve; without one, the `reason`.

    `forward`: USD per share, None without a price of the underlying.
    """

    expiry: date
    years_to_expiry: float
    forward: float | None
    quotes: Sequence[ImpliedQuote]
    fit: Fit | None
    reason: str | None


def smiles(
    contracts: Sequence[ContractTerms], quotes: Sequence[Quote], market: Market, engine: Engine
) -> list[Smile]:
    """One smile per expiry, ascending; `quotes` has one entry per contract.

    Contracts that have expired have no smile. `engine` chooses the models that are inverted.
    """
    living = [
        (terms, quote)
        for terms, quote in zip(contracts, quotes, strict=True)
        if terms.years_left(market.as_of) > 0.0
    ]
    implied = sorted(_implied(living, market, engine), key=lambda each: _place(each.terms))
    return [
        _smile(expiry, list(found), market)
        for expiry, found in groupby(implied, key=lambda each: each.terms.expiry)
    ]


def _place(terms: ContractTerms) -> tuple[date, float, str]:
    return terms.expiry, terms.strike, terms.option_type


def _implied(
    quoted: Sequence[tuple[ContractTerms, Quote]], market: Market, engine: Engine
) -> Iterator[ImpliedQuote]:
    """Every quote's three prices as volatilities, all inverted in one call."""
    prices = [(quote.bid or None, quote.mid, quote.ask or None) for _, quote in quoted]
    asked = [
        (terms, Given(underlying_price=quote.underlying_price, market_price=price))
        for (terms, quote), three in zip(quoted, prices, strict=True)
        for price in three
        if price is not None
    ]
    terms_of = [terms for terms, _ in asked]
    found = iter(contract_valuations(terms_of, market, engine, [given for _, given in asked]))
    for (terms, quote), three in zip(quoted, prices, strict=True):
        valued = [None if price is None else next(found) for price in three]
        yield _as_volatilities(terms, quote, valued, market)


def _as_volatilities(
    terms: ContractTerms,
    quote: Quote,
    valued: Sequence[ContractValuation | None],
    market: Market,
) -> ImpliedQuote:
    bid, mid, ask = (_volatility(each) for each in valued)
    known = next((each for each in valued if each is not None), None)
    forward = None if known is None else _forward(known)
    years = terms.years_left(market.as_of)
    moneyness = None if forward is None else math.log(terms.strike / forward) / math.sqrt(years)
    reason = None if mid is not None else _reason(valued[1])
    return ImpliedQuote(terms, quote, bid, mid, ask, moneyness, reason)


def _volatility(valued: ContractValuation | None) -> float | None:
    return valued.volatility if valued is not None and valued.iv_source == IMPLIED else None


def _reason(valued: ContractValuation | None) -> str:
    if valued is None:
        return "there is no bid"
    return valued.note or valued.reason or "the mid implies no volatility"


def _forward(valued: ContractValuation) -> float | None:
    """S exp((r - q) T): projected dividends count as the yield that they are worth."""
    if valued.underlying_price is None or valued.rate is None:
        return None
    carry = valued.rate - (valued.dividend_yield or 0.0)
    return valued.underlying_price * math.exp(carry * valued.years_to_expiry)


def _smile(expiry: date, quotes: Sequence[ImpliedQuote], market: Market) -> Smile:
    years = quotes[0].terms.years_left(market.as_of)
    forwards = [
        each.terms.strike / math.exp(each.moneyness * math.sqrt(years))
        for each in quotes
        if each.moneyness is not None
    ]
    forward = sum(forwards) / len(forwards) if forwards else None
    chosen = _out_of_the_money(quotes)
    if forward is None or len(chosen) < FEWEST_STRIKES:
        reason = f"{len(chosen)} strikes with an implied volatility; a curve needs {FEWEST_STRIKES}"
        return Smile(expiry, years, forward, quotes, None, reason)
    through = [quotes[place] for place in chosen]
    fit = _fit(through, forward, years)
    marked = [
        ImpliedQuote(**{**vars(each), "fitted": place in chosen})
        for place, each in enumerate(quotes)
    ]
    return Smile(expiry, years, forward, marked, fit, None)


def _out_of_the_money(quotes: Sequence[ImpliedQuote]) -> set[int]:
    """The places of one quote per strike: the option that is out of the money, else the other.

    What is out of the money has no exercise value that would hide its volatility.
    """
    best: dict[float, int] = {}
    for place, each in enumerate(quotes):
        if each.volatility is None or each.moneyness is None:
            continue
        wanted = "C" if each.moneyness >= 0.0 else "P"
        if each.terms.strike not in best or each.terms.option_type == wanted:
            best[each.terms.strike] = place
    return set(best.values())


def _fit(quotes: Sequence[ImpliedQuote], forward: float, years: float) -> Fit:
    moneyness = np.array([each.moneyness for each in quotes], dtype=np.float64)
    volatility = np.array([each.volatility for each in quotes], dtype=np.float64)
    strikes = [each.terms.strike for each in quotes]
    coefficients = least_squares(moneyness, volatility)
    left = volatility - _curve(coefficients, moneyness)
    along = np.linspace(min(strikes), max(strikes), STEPS + 1)
    return Fit(
        at_the_money=float(coefficients[0]),
        skew=float(coefficients[1]),
        curvature=float(coefficients[2]),
        fit_deviation=float(np.sqrt(np.mean(left**2))),
        quotes_fitted=len(quotes),
        strikes=along,
        fitted_volatilities=_curve(coefficients, np.log(along / forward) / math.sqrt(years)),
    )


def least_squares(moneyness: FloatArray, volatility: FloatArray) -> FloatArray:
    """(a, b, c) of a + b m + c m^2 through (n,) points of at least three moneynesses."""
    powers = np.vander(moneyness, 3, increasing=True)
    return np.asarray(np.linalg.lstsq(powers, volatility, rcond=None)[0], dtype=np.float64)


def _curve(coefficients: FloatArray, moneyness: FloatArray) -> FloatArray:
    return np.asarray(np.vander(moneyness, 3, increasing=True) @ coefficients)
