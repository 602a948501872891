"""Books, markets and runs for the tests of snapshots: plain functions with sensible defaults."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from services.snapshots.calculations import Book, Quotes, Snapshots, Take, Work, portfolio_snapshots
from services.snapshots.calculations.book import days
from shared.instruments import position_type

# Friday before a long weekend, then Tuesday to Friday: 2022-07-04 was a holiday.
FRIDAY, TUESDAY, WEDNESDAY, THURSDAY = date(2022, 7, 1), date(2022, 7, 5), date(2022, 7, 6), date(2022, 7, 7)
SESSIONS = [date(2022, 6, 30), FRIDAY, TUESDAY, WEDNESDAY, THURSDAY, date(2022, 7, 8), date(2022, 7, 11)]
LONG_AGO = date(2022, 1, 3)
Closes = Mapping[str, Mapping[date, float]]


@dataclass(frozen=True)
class Holding:
    """A position; `option_type` "C" or "P" makes it an option on `underlying`."""

    symbol: str = "AAPL"
    quantity: float = 100.0
    entry_price: float = 90.0
    entry_date: date = LONG_AGO
    exit_price: float | None = None
    exit_date: date | None = None
    option_type: str | None = None
    underlying: str | None = None
    strike: float = 100.0
    portfolio: int = 0
    sector: str | None = None

    @property
    def priced_on(self) -> str:
        return self.underlying or self.symbol


@dataclass(frozen=True)
class Contract:
    """What Greeks knows of a contract on a day, per share; `delta` None when it could not be computed."""

    price: float | None
    delta: float | None = None
    source: str = "model"


@dataclass(frozen=True)
class Market:
    """Closes by symbol and session, contract values likewise, position Greeks by position index and session."""

    closes: Closes = field(default_factory=dict)
    contracts: Mapping[str, Mapping[date, Contract]] = field(default_factory=dict)
    greeks: Mapping[tuple[int, date], tuple[float | None, ...]] = field(default_factory=dict)


def an_option(symbol: str = "AAPL230120C00100000", quantity: float = 1.0, **terms: Any) -> Holding:
    """A call on AAPL unless told otherwise."""
    defaults: dict[str, Any] = {"option_type": "C", "underlying": "AAPL", "entry_price": 5.0}
    return Holding(symbol, quantity, **{**defaults, **terms})


def a_book(holdings: Sequence[Holding]) -> Book:
    """The holdings as columns, ordered by portfolio; a position's id is its place in `holdings`."""
    order = sorted(range(len(holdings)), key=lambda place: (holdings[place].portfolio, place))
    held = [holdings[place] for place in order]
    is_option = [holding.option_type is not None for holding in held]
    return Book(
        position_id=_objects(order),
        portfolio=np.array([holding.portfolio for holding in held], dtype=np.int64),
        symbol=_objects([holding.symbol for holding in held]),
        underlying=_objects([holding.priced_on for holding in held]),
        position_type=_objects([position_type(item.option_type, item.quantity).value for item in held]),
        is_option=np.array(is_option, dtype=bool),
        multiplier=np.where(is_option, 100.0, 1.0),
        strike=np.where(is_option, [holding.strike for holding in held], np.nan),
        quantity=np.array([holding.quantity for holding in held], dtype=float),
        entry_price=np.array([holding.entry_price for holding in held], dtype=float),
        entry_day=days([holding.entry_date for holding in held]),
        exit_price=np.array([holding.exit_price for holding in held], dtype=float),
        exit_day=days([holding.exit_date for holding in held]),
        sector=_objects([holding.sector for holding in held]),
    )


def _objects(values: Sequence[Any]) -> Any:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def quotes(market: Market, holdings: Sequence[Holding], on: Sequence[date]) -> Quotes:
    """What the market knew of each symbol on each day: the latest price at or before it."""
    symbols = sorted({holding.symbol for holding in holdings} | {holding.priced_on for holding in holdings})
    closes = (_latest_close(market, symbol, day) for symbol in symbols for day in on)
    values = (_latest_value(market, symbol, day) for symbol in symbols for day in on)
    known = [quote for quote in (*closes, *values) if quote is not None]
    return Quotes.of(symbols, on, known)


def _latest_close(market: Market, symbol: str, day: date) -> tuple[Any, ...] | None:
    dated = [known for known in market.closes.get(symbol, {}) if known <= day]
    return (symbol, day, market.closes[symbol][max(dated)], max(dated), "close", None) if dated else None


def _latest_value(market: Market, symbol: str, day: date) -> tuple[Any, ...] | None:
    rows = market.contracts.get(symbol, {})
    dated = [known for known in rows if known <= day and rows[known].price is not None]
    if not dated:
        return None
    row = rows[max(dated)]
    return symbol, day, row.price, max(dated), row.source, row.delta if max(dated) == day else None


def work(
    holdings: Sequence[Holding],
    market: Market,
    takes: Iterable[Take],
    flows: Sequence[tuple[int, date, float]] = (),
) -> Work:
    """The inputs of `takes`."""
    taken = tuple(takes)
    needed = sorted({day for take in taken for day in (take.previous, take.session) if day is not None})
    priced = quotes(market, holdings, needed)
    return Work(taken, a_book(holdings), priced, market.greeks, flows, SESSIONS)


def snapshot(
    holdings: Sequence[Holding],
    market: Market,
    session: date = WEDNESDAY,
    previous: date | None = TUESDAY,
    flows: Sequence[tuple[int, date, float]] = (),
) -> Snapshots:
    """One portfolio's snapshot of `session`, measured from `previous`."""
    return portfolio_snapshots(work(holdings, market, [Take(0, session, previous)], flows))


def closes(symbol: str = "AAPL", **prices: float) -> dict[str, dict[date, float]]:
    """`closes(tuesday=100, wednesday=103)`: one symbol's closes by the days' names."""
    named = {"friday": FRIDAY, "tuesday": TUESDAY, "wednesday": WEDNESDAY, "thursday": THURSDAY}
    return {symbol: {named[name]: price for name, price in prices.items()}}
