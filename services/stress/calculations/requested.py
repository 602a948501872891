"""What a request adds to its scenarios: returns of single names, and days that pass."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from services.stress.calculations.repricing import years_left
from services.stress.calculations.scenarios import (
    InvalidScenarios,
    ScenarioProblem,
    return_problems,
)
from services.stress.inputs import Contracts, Holdings, ShardBook
from shared.caveats import Caveat
from shared.instruments import InvalidSymbol, looks_like_option, parse_occ, parse_ticker
from shared.quant.black_scholes import CALENDAR_DAYS_PER_YEAR

FIELD = "underlying_shocks"


@dataclass(frozen=True)
class Ahead:
    """A day that values are of: `until`, `days_forward` calendar days after the session.

    `settled`: contracts that expire by then, valued at their intrinsic value. `ex_dividends`: USD
    per share by underlying that go ex on the way, by which its price falls as its options expect.
    """

    days_forward: int
    until: date
    settled: tuple[str, ...]
    ex_dividends: Mapping[str, float]


@dataclass(frozen=True)
class Applied:
    """What of a request applied to all of its results.

    `underlying_shocks`: decimal returns by symbol, given in place of what the factors make of them;
    of what is held only.
    """

    underlying_shocks: Mapping[str, float]
    ahead: Ahead

    @classmethod
    def of(cls, holdings: Holdings, returns: Mapping[str, float], days: int) -> "Applied":
        """`returns` by canonical symbol, as `underlying_returns` gives them."""
        held = set(holdings.underlyings)
        return cls(
            {name: each for name, each in returns.items() if name in held}, ahead(holdings, days)
        )


def ahead(holdings: Holdings, days: int) -> Ahead:
    """What so many calendar days do to the holdings."""
    until = holdings.as_of + timedelta(days=days)
    settled = settled_by(holdings.book.contracts, days)
    return Ahead(days, until, settled, dividends_by(holdings, days))


def underlying_returns(shocks: Mapping[str, float]) -> dict[str, float]:
    """The shocks of single names by canonical symbol.

    Raises `InvalidScenarios` for every symbol that is no underlying or is given twice, and every
    shock that is no decimal return.
    """
    problems = [
        ScenarioProblem("", f"{FIELD}.{name}", message)
        for name, shock in shocks.items()
        for message in (*_symbol_problems(name), *return_problems(shock))
    ]
    if problems:
        raise InvalidScenarios(problems)
    found: dict[str, float] = {}
    for name, shock in shocks.items():
        symbol = parse_ticker(name)
        if symbol in found:
            twice = f"{symbol} is given twice, in two spellings: give it once"
            raise InvalidScenarios([ScenarioProblem("", f"{FIELD}.{name}", twice)])
        found[symbol] = float(shock)
    return found


def _symbol_problems(name: str) -> Iterator[str]:
    try:
        if looks_like_option(name):
            underlying = parse_occ(name).underlying
            yield f"an option moves with its underlying: shock {underlying} instead"
        else:
            parse_ticker(name)
    except InvalidSymbol as error:
        yield f"{error}: write the ticker of an underlying"


def with_given_returns(holdings: Holdings, returns: Mapping[str, float]) -> ShardBook:
    """The book in which these underlyings (by symbol) move by these returns alone."""
    if not returns:
        return holdings.book
    given = [returns.get(each, np.nan) for each in holdings.underlyings]
    return replace(holdings.book, given_returns=np.array(given, dtype=np.float64))


def not_held(holdings: Holdings, returns: Mapping[str, float]) -> tuple[Caveat, ...]:
    """Names what is given a return although nothing of it is held."""
    names = sorted(set(returns) - set(holdings.underlyings))
    message = "no position has this underlying: its shock changes nothing"
    return (Caveat.naming("not_held", message, names),) if names else ()


def settled_by(contracts: Contracts, days: int) -> tuple[str, ...]:
    """The contracts that live today and expire once so many days have passed, by symbol."""
    passed = np.full(len(contracts.symbols), float(days))
    gone = ~contracts.expired & (years_left(contracts.years_to_expiry, passed) <= 0.0)
    return tuple(sorted(contracts.symbols[gone].tolist()))


def dividends_by(holdings: Holdings, days: int) -> dict[str, float]:
    """USD per share by underlying that go ex while so many days pass, as its options expect."""
    contracts = holdings.book.contracts
    if contracts.dividends is None:
        return {}
    passed = np.full(len(contracts.symbols), days / CALENDAR_DAYS_PER_YEAR)
    amounts = contracts.dividends.gone_by(contracts, passed)
    holder = holdings.book.holder_of()
    found: dict[str, float] = {}
    for place in np.flatnonzero(amounts > 0.0).tolist():
        name = holdings.underlyings[int(holder[place])]
        found[name] = max(found.get(name, 0.0), round(float(amounts[place]), 6))
    return found
