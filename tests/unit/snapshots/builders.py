"""Portfolios, markets and runs for the tests of snapshots: plain functions with defaults."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np

from services.snapshots.calculations.layout import Layout
from services.snapshots.calculations.snapshot import Snapshots, portfolio_snapshots
from services.snapshots.inputs import (
    CashFlow,
    DueSnapshot,
    HeldPosition,
    Plan,
    Quote,
    SnapshotInputs,
)

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
    """A position; `option_type` "C" or "P" makes it an option on `underlying`.

    A part of one when `lot`, the number of the position it is a part of, is given: held since
    `held_from` at `from_price` until its exit.
    """

    symbol: str = "AAPL"
    quantity: float = 100.0
    entry_price: float = 90.0
    entry_date: date = LONG_AGO
    exit_price: float | None = None
    exit_date: date | None = None
    lot: int | None = None
    held_from: date | None = None
    from_price: float | None = None
    option_type: str | None = None
    underlying: str | None = None
    strike: float = 100.0
    portfolio: int = 0

    @property
    def priced_on(self) -> str:
        return self.underlying or self.symbol


@dataclass(frozen=True)
class Contract:
    """The value of a contract on a day, per share; `delta` None when it could not be computed."""

    price: float | None
    delta: float | None = None
    source: str = "model"


@dataclass(frozen=True)
class Market:
    """Closes by symbol and session, contract values likewise, and Greeks per share.

    `adjusted`: the days whose closes are adjusted for dividends.
    """

    closes: Closes = field(default_factory=dict)
    contracts: Mapping[str, Mapping[date, Contract]] = field(default_factory=dict)
    greeks: Mapping[tuple[str, date], tuple[float | None, ...]] = field(default_factory=dict)
    adjusted: Sequence[date] = ()


def an_option(symbol: str = "AAPL230120C00100000", quantity: float = 1.0, **terms: Any) -> Holding:
    """A call on AAPL, unless other terms are given."""
    defaults: dict[str, Any] = {"option_type": "C", "underlying": "AAPL", "entry_price": 5.0}
    return Holding(symbol, quantity, **{**defaults, **terms})


def an_id(place: int) -> UUID:
    """Of the portfolio or position at a place."""
    return UUID(int=place)


def positions(holdings: Sequence[Holding]) -> list[HeldPosition]:
    """The holdings as they are read; a position's id is that of its place."""
    return [_position(place, holding) for place, holding in enumerate(holdings)]


def _position(place: int, holding: Holding) -> HeldPosition:
    is_option = holding.option_type is not None
    return HeldPosition(
        position_id=an_id(place if holding.lot is None else holding.lot),
        portfolio_id=an_id(holding.portfolio),
        symbol=holding.symbol,
        underlying=holding.priced_on,
        option_type=holding.option_type,
        multiplier=100.0 if is_option else 1.0,
        strike=holding.strike if is_option else None,
        quantity=holding.quantity,
        entry_price=holding.entry_price,
        held_from=holding.held_from or holding.entry_date,
        from_price=holding.entry_price if holding.held_from is None else holding.from_price,
        held_until=holding.exit_date,
        until_price=holding.exit_price,
        sector=None,
    )


def quotes(market: Market, holdings: Sequence[Holding], on: Sequence[date]) -> list[Quote]:
    """What the market knew of each symbol on each day: the latest price at or before it."""
    tickers = {held.priced_on for held in holdings}
    contracts = {held.symbol for held in holdings if held.option_type}
    closes = (latest_close(market, symbol, day) for symbol in tickers for day in on)
    values = (latest_value(market, symbol, day) for symbol in contracts for day in on)
    return [quote for quote in (*closes, *values) if quote is not None]


def latest_close(market: Market, symbol: str, day: date) -> Quote | None:
    """The last close on or before the day; None when there is none yet."""
    dated = [known for known in market.closes.get(symbol, {}) if known <= day]
    if not dated:
        return None
    last = max(dated)
    basis = "adjusted_close" if last in market.adjusted else "close"
    return Quote(symbol, day, market.closes[symbol][last], last, basis)


def latest_value(market: Market, symbol: str, day: date) -> Quote | None:
    """The last value on or before the day, with its delta if of that day; None without any."""
    rows = market.contracts.get(symbol, {})
    dated = [known for known in rows if known <= day and rows[known].price is not None]
    if not dated:
        return None
    row = rows[max(dated)]
    delta = row.delta if max(dated) == day else None
    return Quote(symbol, day, row.price, max(dated), row.source, delta)


def inputs(
    holdings: Sequence[Holding],
    market: Market,
    due: Iterable[DueSnapshot],
    flows: Sequence[CashFlow] = (),
    **more: Any,
) -> SnapshotInputs:
    """What the snapshots due are computed from."""
    chosen = tuple(due)
    places = [*(each.portfolio for each in chosen), *(held.portfolio for held in holdings)]
    plan = Plan(tuple(an_id(place) for place in range(max(places, default=0) + 1)), chosen)
    greeks = {key: np.array(values, dtype=np.float64) for key, values in market.greeks.items()}
    return SnapshotInputs(
        plan=plan,
        positions=positions(holdings),
        quotes=quotes(market, holdings, plan.days),
        greeks=greeks,
        flows=flows,
        sessions=SESSIONS,
        **more,
    )


def layout(*given: Any) -> Layout:
    """The same, laid out."""
    return Layout.of(inputs(*given))


def snapshot(
    holdings: Sequence[Holding],
    market: Market,
    session: date = WEDNESDAY,
    previous: date | None = TUESDAY,
    flows: Sequence[CashFlow] = (),
    **more: Any,
) -> Snapshots:
    """One portfolio's snapshot of `session`, measured from `previous`."""
    due = [DueSnapshot(0, session, previous)]
    return portfolio_snapshots(inputs(holdings, market, due, flows, **more))


def closes(symbol: str = "AAPL", **prices: float) -> dict[str, dict[date, float]]:
    """`closes(tuesday=100, wednesday=103)`: one symbol's closes by the days' names."""
    named = {"friday": FRIDAY, "tuesday": TUESDAY, "wednesday": WEDNESDAY, "thursday": THURSDAY}
    return {symbol: {named[name]: price for name, price in prices.items()}}
