"""What is known of the symbols of a portfolio, and which calculations that is enough for."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict

YEAR_OF_PRICES = 253  # 252 returns
RECENT_PRICES = 91  # the 90 returns of position correlations
COMPLETE = "complete"
STALE = "stale"
MISSING = "missing"
PRIVATE = "private"
_ENOUGH_PRICES = 61
_CORRELATION_PRICES = 21
_VOLATILITY_PRICES = 21
_YIELDS = 61


@dataclass(frozen=True)
class Known:
    """A symbol's prices in the window that ends with the session."""

    symbol: str
    status: str
    last_session: date | None
    prices: int
    recent: int
    missing: int
    quarantined: int
    first_session: date | None = None  # with a price in the window
    sources: tuple[str, ...] = ()


class Feasibility(TypedDict):
    """What a calculation needs, and the symbols without it."""

    calculation: str
    needs: str
    feasible: bool
    lacking: list[str]


def known_symbols(
    symbols: Iterable[str],
    histories: Mapping[str, Mapping[str, Any]],
    private: Collection[str],
    window: Sequence[date],
) -> list[Known]:
    """What is known of each symbol by its stored history; private holdings have none."""
    return [
        Known(symbol, PRIVATE, None, 0, 0, 0, 0)
        if symbol in private
        else _known(symbol, histories.get(symbol), window)
        for symbol in sorted(symbols)
    ]


def _known(symbol: str, history: Mapping[str, Any] | None, window: Sequence[date]) -> Known:
    if history is None:
        return Known(symbol, MISSING, None, 0, 0, len(window), 0)
    last = history["last_session"]
    found = history["prices"]
    status = COMPLETE if last == window[-1] else STALE
    missing = max(len(window) - found, 0)
    more = (history["first_session"], history["sources"])
    return Known(
        symbol, status, last, found, history["recent"], missing, history["quarantined"], *more
    )


def age_sessions(known: Known, window: Sequence[date]) -> int | None:
    """How many sessions of the window are after the last close; None without any close."""
    if known.last_session is None:
        return None
    return len(window) - bisect_right(window, known.last_session)


def feasible_calculations(
    known: Sequence[Known], optioned: Collection[str], proxies: Collection[str], yields: int
) -> list[Feasibility]:
    """Each calculation with what it needs and the symbols whose data are missing.

    `optioned`: underlyings of options; `proxies`: the factors' funds; `yields`: observations in the
    window.
    """
    prices = {each.symbol: each.prices for each in known}
    priced = {each.symbol for each in known if each.last_session is not None}
    held = {each.symbol for each in known if each.status != PRIVATE} - set(proxies)
    everything = {each.symbol for each in known if each.status != PRIVATE}
    return [
        _feasible("valuation", "one price on or before the session", held - priced),
        _feasible(
            "greeks",
            f"{_VOLATILITY_PRICES} prices of the underlying in the window, "
            "or a quote of the option",
            _short_of(_VOLATILITY_PRICES, set(optioned) & held, prices),
        ),
        _feasible(
            "factors",
            f"{_ENOUGH_PRICES} prices of the holding and of every factor's fund in the window",
            _short_of(_ENOUGH_PRICES, everything, prices),
        ),
        _feasible(
            "rate_sensitivity",
            f"{_ENOUGH_PRICES} prices of the holding and {_YIELDS} Treasury yields in the window",
            held if yields < _YIELDS else _short_of(_ENOUGH_PRICES, held, prices),
        ),
        _feasible(
            "correlations",
            f"{_CORRELATION_PRICES} prices in the last {RECENT_PRICES} sessions",
            _short_of(_CORRELATION_PRICES, held, {each.symbol: each.recent for each in known}),
        ),
        _feasible(
            "historical_risk",
            f"{_ENOUGH_PRICES} prices in the window",
            _short_of(_ENOUGH_PRICES, held, prices),
        ),
    ]


def _short_of(enough: int, symbols: Collection[str], prices: Mapping[str, int]) -> set[str]:
    return {symbol for symbol in symbols if prices.get(symbol, 0) < enough}


def _feasible(calculation: str, needs: str, short: Collection[str]) -> Feasibility:
    return {
        "calculation": calculation,
        "needs": needs,
        "feasible": not short,
        "lacking": sorted(short),
    }
