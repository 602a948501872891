"""What each position is worth on a session, and what it earned since the snapshot before."""

from dataclasses import dataclass

import numpy as np

from services.snapshots.calculations.earnings import Earnings, Prices, earnings
from services.snapshots.calculations.layout import Days, Layout, Objects
from services.snapshots.calculations.lines import Lines
from services.snapshots.calculations.metrics import cents
from shared.arrays import BoolArray, Columns, FloatArray, IntArray


@dataclass(frozen=True)
class Valuations:
    """One line per snapshot due and position, or part of one, held after the one before it.

    `due` and `position` are places in the plan and in the layout's positions. Lines with `active`
    false were closed since the previous snapshot: they no longer own anything (value, cost and
    exposures are 0), and only what they `earned` counts, which is with what is left of the same lot
    while some is held, on its `home` line. `last_price`: the last one known, of closed lines too,
    whose `price` is what they were closed at. Money is signed USD; NaN is "not known" and `reason`
    gives the first cause. `rebased`: the close is adjusted for dividends and the one of the
    previous snapshot is as traded, or the reverse.
    Unrealised P&L is value less cost. `notional` is q·m·S for options and q·P for stock; `delta` is
    per share (1 for stock) and `delta_adjusted` q·m·S·delta. A price of an earlier day is carried
    forward (`stale`). All of it, `symbol` and `quantity` too, is in the shares of the session.
    """

    layout: Layout
    due: IntArray
    position: IntArray
    active: BoolArray
    home: IntArray
    symbol: Objects
    quantity: FloatArray
    price: FloatArray
    price_day: Days
    source: Objects
    stale: BoolArray
    rebased: BoolArray
    last_price: FloatArray
    last_price_day: Days
    underlying_price: FloatArray
    underlying_price_day: Days
    market_value: FloatArray
    cost: FloatArray
    unrealised_pnl: FloatArray
    earned: Earnings
    notional: FloatArray
    delta: FloatArray
    delta_adjusted: FloatArray
    reason: Objects

    @property
    def daily_pnl(self) -> FloatArray:
        """What each line earned since the previous snapshot, USD; NaN where unknown."""
        return self.earned.pnl

    def columns(self) -> Columns:
        """Of `position_valuations`: one row per open position and session."""
        kept = self.active
        held = self.position[kept]
        plan = self.layout.inputs.plan
        positions = self.layout.positions
        due = [plan.due[place] for place in self.due[kept].tolist()]
        return {
            "position_id": positions.position_id[held],
            "as_of": [each.session_date for each in due],
            "portfolio_id": [plan.portfolios[each.portfolio] for each in due],
            "symbol": self.symbol[kept],
            "underlying": positions.underlying[held],
            "position_type": positions.position_type[held],
            "sector": positions.sector[held],
            "quantity": self.quantity[kept],
            "price": self.price[kept],
            "price_date": self.price_day[kept],
            "price_source": self.source[kept],
            "stale": self.stale[kept],
            "underlying_price": self.underlying_price[kept],
            "underlying_price_date": self.underlying_price_day[kept],
            "market_value": self.market_value[kept],
            "cost": self.cost[kept],
            "unrealised_pnl": self.unrealised_pnl[kept],
            "daily_pnl": self.daily_pnl[kept],
            "income": self.earned.income[kept],
            "notional_exposure": self.notional[kept],
            "delta": self.delta[kept],
            "delta_adjusted_exposure": self.delta_adjusted[kept],
            "reason": self.reason[kept],
        }


def position_valuations(layout: Layout) -> Valuations:
    """The value of every open position, and what it earned since the previous snapshot."""
    lines = Lines.of(layout)
    quotes = layout.quotes
    on = quotes.columns(lines.session)
    book = _picked(layout, lines.position, on)
    own = quotes.rows(book.symbol)
    under = quotes.rows(book.underlying)
    last_price_day = quotes.price_day[own, on]
    prices = _prices(layout, lines, book, own)
    price = np.where(lines.active, prices.now, prices.ended)
    price_day = np.where(lines.active, last_price_day, book.until_day)
    held = np.where(lines.active, book.size, 0.0)
    market_value = cents(_owned(held, price))
    cost = cents(held * book.entry_price)
    underlying_price = quotes.price[under, on]
    delta = np.where(book.is_option, quotes.delta[own, on], 1.0)
    earned = earnings(layout, lines, book.size, prices)
    return Valuations(
        layout=layout,
        due=lines.due,
        position=lines.position,
        active=lines.active,
        home=lines.home,
        symbol=book.symbol,
        quantity=book.quantity,
        price=price,
        price_day=price_day,
        source=np.where(lines.active, quotes.source[own, on], "exit"),
        stale=lines.active & (price_day < lines.session),
        rebased=_rebased(layout, lines, own),
        last_price=prices.now,
        last_price_day=last_price_day,
        underlying_price=underlying_price,
        underlying_price_day=quotes.price_day[under, on],
        market_value=market_value,
        cost=cost,
        unrealised_pnl=cents(market_value - cost),
        earned=earned,
        notional=cents(_owned(held, underlying_price)),
        delta=delta,
        delta_adjusted=cents(_owned(held, underlying_price * delta)),
        reason=_reasons(lines, price, underlying_price, delta, earned.base),
    )


@dataclass(frozen=True)
class _Picked:
    """The positions' columns, one entry per line, in the shares of the line's session."""

    symbol: Objects
    underlying: Objects
    is_option: BoolArray
    multiplier: FloatArray
    quantity: FloatArray
    entry_price: FloatArray
    from_price: FloatArray
    until_price: FloatArray
    until_day: Days
    factor: FloatArray

    @property
    def size(self) -> FloatArray:
        """Contracts times multiplier, or shares; signed."""
        return self.quantity * self.multiplier


def _picked(layout: Layout, position: IntArray, on: IntArray) -> _Picked:
    book = layout.positions
    terms = layout.terms
    factor = terms.factor[position, on]
    return _Picked(
        symbol=terms.symbol[position, on],
        underlying=book.underlying[position],
        is_option=book.is_option[position],
        multiplier=book.multiplier[position],
        quantity=terms.quantity[position, on],
        entry_price=book.entry_price[position] / factor,
        from_price=book.from_price[position] / factor,
        until_price=book.until_price[position] / factor,
        until_day=book.until_day[position],
        factor=factor,
    )


def _prices(layout: Layout, lines: Lines, book: _Picked, own: IntArray) -> Prices:
    """What P&L is measured between.

    At the previous snapshot an option may have had another symbol, and a line other shares.
    """
    terms = layout.terms
    position = lines.position
    quotes = layout.quotes
    before = quotes.columns(lines.previous)
    rows = quotes.rows(terms.symbol[position, before]) if terms.splits else own
    price = quotes.price[rows, before]
    return Prices(
        now=quotes.price[own, quotes.columns(lines.session)],
        before=price * terms.factor[position, before] / book.factor,
        begun=book.from_price,
        ended=book.until_price,
        value_before=cents(terms.quantity[position, before] * book.multiplier * price),
    )


def _rebased(layout: Layout, lines: Lines, own: IntArray) -> BoolArray:
    """Whether the last close and that at the previous snapshot are on two bases."""
    quotes = layout.quotes
    bases = [quotes.source[own, quotes.columns(days)] for days in (lines.session, lines.previous)]
    closes = [np.isin(basis.astype(str), ("close", "adjusted_close")) for basis in bases]
    differs: BoolArray = bases[0] != bases[1]
    return lines.active & lines.held_before & differs & closes[0] & closes[1]


def _owned(held: FloatArray, price: FloatArray) -> FloatArray:
    """held·price; exactly 0 where nothing is held, even when no price is known."""
    return np.where(held == 0.0, 0.0, held * price)


def _reasons(
    lines: Lines,
    price: FloatArray,
    underlying_price: FloatArray,
    delta: FloatArray,
    base: FloatArray,
) -> Objects:
    measured = ~np.isnat(lines.previous)
    causes = {
        "no price known on or before the session": lines.active & np.isnan(price),
        "closed without an exit price": ~lines.active & np.isnan(price),
        "no price of the underlying known": lines.active & np.isnan(underlying_price),
        "no delta on the session": lines.active & np.isnan(delta),
        "no price known at the previous snapshot": measured & np.isnan(base),
    }
    reason = np.full(len(price), None, dtype=object)
    for cause, where in reversed(causes.items()):
        reason[where] = cause
    return reason
