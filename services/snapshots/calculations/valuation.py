"""What each position is worth on each session taken, and what it earned since the snapshot
before.
"""

from dataclasses import dataclass

import numpy as np

from services.snapshots.calculations.layout import Days, Floats, Indices, Mask, Objects, Work, days


@dataclass(frozen=True)
class Valuations:
    """One line per snapshot taken and position that was open at some time after the snapshot before
    it.

    `take` and `position` are indices into the work's takes and book. Lines with `active` false are
    positions closed since the previous snapshot: they own nothing any more (value, cost and
    exposures are 0) and only their `daily_pnl` counts. Money is signed USD; NaN is "not known" and
    `reason` gives the first cause. Unrealised P&L is value less cost. `notional` is q·m·S for
    options and q·P for stock; `delta` is per share (1 for stock) and `delta_adjusted` q·m·S·delta.
    A price of an earlier day is carried forward (`stale`). All of it, `symbol` and `quantity` too,
    is in terms of the session's own shares.
    """

    take: Indices
    position: Indices
    active: Mask
    symbol: Objects
    quantity: Floats
    price: Floats
    price_day: Days
    source: Objects
    stale: Mask
    underlying_price: Floats
    underlying_price_day: Days
    market_value: Floats
    cost: Floats
    unrealised_pnl: Floats
    daily_pnl: Floats
    notional: Floats
    delta: Floats
    delta_adjusted: Floats
    reason: Objects


@dataclass(frozen=True)
class _Lines:
    """Which positions count for which takes; `session` and `previous` are the take's, repeated per
    line.
    """

    take: Indices
    position: Indices
    session: Days
    previous: Days
    active: Mask


def position_valuations(work: Work) -> Valuations:
    """Value every open position on every session taken, and what it earned since the previous
    snapshot.

    Daily P&L of a position held since the previous snapshot p: q·m·(P_t - P_p); entered after p:
    q·m·(P_t - E); closed after p: the exit price stands for P_t. NaN where there is no previous
    snapshot or a price is unknown. After a split P_p is that of as much as has become one share
    since.
    """
    lines, quotes = _lines(work), work.quotes
    on, before = quotes.columns(lines.session), quotes.columns(lines.previous)
    book = _picked(work, lines.position, on)
    own, under = quotes.rows(book.symbol), quotes.rows(book.underlying)
    price = np.where(lines.active, quotes.price[own, on], book.exit_price)
    price_day = np.where(lines.active, quotes.price_day[own, on], book.exit_day)
    size = book.quantity * book.multiplier
    held = np.where(lines.active, size, 0.0)
    market_value, cost = _owned(held, price), held * book.entry_price
    underlying_price = quotes.price[under, on]
    notional = _owned(held, underlying_price)
    delta = np.where(book.is_option, quotes.delta[own, on], 1.0)
    base = _base_price(book, lines, _previous_price(work, lines, own, before) / book.factor)
    daily_pnl = np.where(np.isnat(lines.previous), np.nan, size * (price - base))
    return Valuations(
        take=lines.take,
        position=lines.position,
        active=lines.active,
        symbol=book.symbol,
        quantity=book.quantity,
        price=price,
        price_day=price_day,
        source=np.where(lines.active, quotes.source[own, on], "exit"),
        stale=lines.active & (price_day < lines.session),
        underlying_price=underlying_price,
        underlying_price_day=quotes.price_day[under, on],
        market_value=market_value,
        cost=cost,
        unrealised_pnl=market_value - cost,
        daily_pnl=daily_pnl,
        notional=notional,
        delta=delta,
        delta_adjusted=_owned(held, underlying_price * delta),
        reason=_reasons(lines, price, underlying_price, delta, base),
    )


def _lines(work: Work) -> _Lines:
    """Every take with its portfolio's positions that are open, or closed since the snapshot
    before.
    """
    take, position = _pairs(work)
    session = days([item.session for item in work.takes])[take]
    previous = days([item.previous for item in work.takes])[take]
    entry, exit_ = work.book.entry_day[position], work.book.exit_day[position]
    active = (entry <= session) & (np.isnat(exit_) | (exit_ > session))
    kept = active | ((exit_ > previous) & (exit_ <= session))
    return _Lines(take[kept], position[kept], session[kept], previous[kept], active[kept])


def _pairs(work: Work) -> tuple[Indices, Indices]:
    portfolio = np.array([item.portfolio for item in work.takes], dtype=np.int64)
    first = np.searchsorted(work.book.portfolio, portfolio, side="left")
    count = np.searchsorted(work.book.portfolio, portfolio, side="right") - first
    take = np.repeat(np.arange(len(portfolio)), count)
    within = np.arange(len(take)) - np.repeat(np.cumsum(count) - count, count)
    return take, np.repeat(first, count) + within


@dataclass(frozen=True)
class _Picked:
    """The book's columns, one entry per line, in terms of the line's session; `factor` as in the
    work's terms.
    """

    symbol: Objects
    underlying: Objects
    is_option: Mask
    multiplier: Floats
    quantity: Floats
    entry_price: Floats
    entry_day: Days
    exit_price: Floats
    exit_day: Days
    factor: Floats


def _picked(work: Work, position: Indices, on: Indices) -> _Picked:
    book, terms = work.book, work.terms
    factor = terms.factor[position, on]
    return _Picked(
        symbol=terms.symbol[position, on],
        underlying=book.underlying[position],
        is_option=book.is_option[position],
        multiplier=book.multiplier[position],
        quantity=terms.quantity[position, on],
        entry_price=book.entry_price[position] / factor,
        entry_day=book.entry_day[position],
        exit_price=book.exit_price[position] / factor,
        exit_day=book.exit_day[position],
        factor=factor,
    )


def _previous_price(work: Work, lines: _Lines, own: Indices, before: Indices) -> Floats:
    """The price at the previous snapshot, per share of the book's; an option may have had another
    symbol then.
    """
    terms, position = work.terms, lines.position
    rows = work.quotes.rows(terms.symbol[position, before]) if terms.splits else own
    return np.asarray(work.quotes.price[rows, before] * terms.factor[position, before])


def _owned(held: Floats, price: Floats) -> Floats:
    """held·price, and exactly 0 where nothing is held, whatever is known of the price."""
    return np.where(held == 0.0, 0.0, held * price)


def _base_price(book: _Picked, lines: _Lines, previous_price: Floats) -> Floats:
    """The price daily P&L starts from: the previous snapshot's, or the entry price of what came
    since.
    """
    return np.where(book.entry_day <= lines.previous, previous_price, book.entry_price)


def _reasons(
    lines: _Lines, price: Floats, underlying_price: Floats, delta: Floats, base: Floats
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
