"""Books, markets and runs for the tests of snapshots: plain functions with sensible defaults."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.snapshots.calculations import (
    Book,
    Quotes,
    Snapshots,
    Take,
    Terms,
    Work,
    days_needed,
    portfolio_snapshots,
)
from shared.instruments import position_type

# Friday before a long weekend, then Tuesday to Friday: 2022-07-04 was a holiday.
FRIDAY, TUESDAY, WEDNESDAY, THURSDAY = (
    date(2022, 7, 1),
    date(2022, 7, 5),
    date(2022, 7, 6),
    date(2022, 7, 7),
)
SESSIONS = [
    date(2022, 6, 30),
    FRIDAY,
    TUESDAY,
    WEDNESDAY,
    THURSDAY,
    date(2022, 7, 8),
    date(2022, 7, 11),
]
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

    @property
    def priced_on(self) -> str:
        return self.underlying or self.symbol


@dataclass(frozen=True)
class Contract:
    """What Greeks knows of a contract on a day, per share; `delta` None when it could not be
    computed.
    """

    price: float | None
    delta: float | None = None
    source: str = "model"


@dataclass(frozen=True)
class Market:
    """Closes by symbol and session, contract values likewise, and Greeks per share."""

    closes: Closes = field(default_factory=dict)
    contracts: Mapping[str, Mapping[date, Contract]] = field(default_factory=dict)
    greeks: Mapping[tuple[str, date], tuple[float | None, ...]] = field(default_factory=dict)


def an_option(symbol: str = "AAPL230120C00100000", quantity: float = 1.0, **terms: Any) -> Holding:
    """A call on AAPL unless told otherwise."""
    defaults: dict[str, Any] = {"option_type": "C", "underlying": "AAPL", "entry_price": 5.0}
    return Holding(symbol, quantity, **{**defaults, **terms})


def a_book(holdings: Sequence[Holding]) -> Book:
    """The holdings as columns; a position's id is its place in `holdings`."""
    owners = range(max((holding.portfolio for holding in holdings), default=0) + 1)
    return Book.of(owners, [_position(place, holding) for place, holding in enumerate(holdings)])


def _position(place: int, holding: Holding) -> tuple[Any, ...]:
    is_option = holding.option_type is not None
    kind = position_type(holding.option_type, holding.quantity).value
    terms = kind, is_option, 100 if is_option else 1, holding.strike if is_option else None
    entry, exit_ = (
        (holding.entry_price, holding.entry_date),
        (holding.exit_price, holding.exit_date),
    )
    named = place, holding.portfolio, holding.symbol, holding.priced_on
    return *named, *terms, holding.quantity, *entry, *exit_, None


def quotes(market: Market, book: Book, on: Sequence[date]) -> Quotes:
    """What the market knew of each symbol on each day: the latest price at or before it."""
    closes = (latest_close(market, symbol, day) for symbol in book.tickers() for day in on)
    contracts = Terms.of(book, on).contracts(book)
    values = (latest_value(market, symbol, day) for symbol in contracts for day in on)
    known = [quote for quote in (*closes, *values) if quote is not None]
    return Quotes.of([*book.tickers(), *contracts], on, known)


def latest_close(market: Market, symbol: str, day: date) -> tuple[Any, ...] | None:
    """(symbol, day, close, its session, source, no delta), None when there is no close yet."""
    dated = [known for known in market.closes.get(symbol, {}) if known <= day]
    return (
        (symbol, day, market.closes[symbol][max(dated)], max(dated), "close", None)
        if dated
        else None
    )


def latest_value(market: Market, symbol: str, day: date) -> tuple[Any, ...] | None:
    """(contract, day, value, its session, source, delta on the very day), None when there is none
    yet.
    """
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
    book = a_book(holdings)
    needed = days_needed(taken)
    terms, priced = Terms.of(book, needed), quotes(market, book, needed)
    return Work(taken, book, terms, priced, market.greeks, flows, SESSIONS)


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
