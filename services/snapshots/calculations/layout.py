"""What is held and what it costs, as columns: the inputs of valuation."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.snapshots.calculations.schedule import Take

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]
Days = NDArray[np.datetime64]
Objects = NDArray[np.object_]

RATIO_TOLERANCE = 1e-4
NO_DAY = np.datetime64("NaT", "D")


def days(values: Sequence[date | None]) -> Days:
    """Dates as `datetime64[D]`, None as NaT."""
    return np.array(values, dtype="datetime64[D]")


@dataclass(frozen=True)
class Book:
    """The positions of several portfolios, one entry per position, ordered by portfolio and
    position.

    In terms of the last day needed, as are all entries; `Terms` says what splits made them on the
    days before. `portfolio` is the portfolio's index; `quantity` is signed; `multiplier` 100 for
    options, 1 otherwise; prices are USD per share (per share of contract). `strike` is NaN for
    stock, `exit_day` NaT while open, `exit_price` NaN when there is none.
    """

    position_id: Objects
    portfolio: Indices
    symbol: Objects
    underlying: Objects
    position_type: Objects
    is_option: Mask
    multiplier: Floats
    strike: Floats
    quantity: Floats
    entry_price: Floats
    entry_day: Days
    exit_price: Floats
    exit_day: Days
    sector: Objects

    @classmethod
    def of(cls, portfolios: Sequence[Hashable], positions: Sequence[tuple[Any, ...]]) -> "Book":
        """Lay out position tuples, one value per field in the fields' order, as columns.

        They name their portfolio by its id among `portfolios`, and dates, strike and exit price may
        be None.
        """
        index = {portfolio: place for place, portfolio in enumerate(portfolios)}
        ordered = sorted(positions, key=lambda position: (index[position[1]], position[0]))
        columns = zip(*ordered, strict=True) if ordered else ((),) * len(cls.__dataclass_fields__)
        named = dict(zip(cls.__dataclass_fields__, columns, strict=True))
        named["portfolio"] = tuple(index[portfolio] for portfolio in named["portfolio"])
        return cls(**{name: _laid_out(name, values) for name, values in named.items()})

    def tickers(self) -> list[str]:
        """Every distinct stock held and every underlying of an option."""
        return sorted({*self.symbol[~self.is_option].tolist(), *self.underlying.tolist()})


def _floats(values: Sequence[Any]) -> Floats:
    return np.array(values, dtype=np.float64)


def objects(values: Sequence[Any]) -> Objects:
    """Anything as a column."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _indices(values: Sequence[Any]) -> Indices:
    return np.array(values, dtype=np.int64)


def _mask(values: Sequence[Any]) -> Mask:
    return np.array(values, dtype=np.bool_)


_LAYOUTS: Mapping[str, Callable[[Sequence[Any]], NDArray[Any]]] = {
    "portfolio": _indices,
    "is_option": _mask,
    "entry_day": days,
    "exit_day": days,
    **dict.fromkeys(("position_id", "symbol", "underlying", "position_type", "sector"), objects),
}


def _laid_out(field: str, values: Sequence[Any]) -> NDArray[Any]:
    layout: Callable[[Sequence[Any]], NDArray[Any]] = _LAYOUTS.get(field, _floats)
    return layout(values)


@dataclass(frozen=True)
class Quotes:
    """What was known of each symbol at the end of each day; arrays have shape (symbols, days).

    `price` USD per share, NaN when nothing was ever known; `price_day` the session it belongs to,
    earlier than the column's day when carried forward; `source` "close", "adjusted_close",
    "quote_mid", "model" or "intrinsic"; `delta` per share, NaN for everything but contracts with
    Greeks on that very day.
    """

    row_of: Mapping[str, int]
    day: Days
    price: Floats
    price_day: Days
    source: Objects
    delta: Floats

    @classmethod
    def of(
        cls, symbols: Sequence[str], on: Sequence[date], known: Sequence[tuple[Any, ...]]
    ) -> "Quotes":
        """Lay out `known` tuples (symbol, day, price, price day, source, delta) of the symbols."""
        row_of = {symbol: row for row, symbol in enumerate(symbols)}
        day = np.unique(days(on))
        shape = (len(symbols), len(day))
        price, delta = np.full(shape, np.nan), np.full(shape, np.nan)
        price_day, source = np.full(shape, NO_DAY), np.full(shape, None, dtype=object)
        if known:
            names, on_days, prices, dated, sources, deltas = zip(*known, strict=True)
            cells = np.array([row_of[name] for name in names]), np.searchsorted(day, days(on_days))
            price[cells], delta[cells] = _floats(prices), _floats(deltas)
            price_day[cells], source[cells] = days(dated), objects(sources)
        return cls(row_of, day, price, price_day, source, delta)

    def rows(self, symbols: Objects) -> Indices:
        """The row of each symbol."""
        return np.array([self.row_of[symbol] for symbol in symbols.tolist()], dtype=np.int64)

    def columns(self, wanted: Days) -> Indices:
        """The column of each day; of no meaning for NaT, which callers mask."""
        return np.minimum(np.searchsorted(self.day, wanted), len(self.day) - 1).astype(np.int64)


@dataclass(frozen=True)
class Split:
    """One old share is `ratio` new ones from `ex_date` on; an option on it is as many, of a strike
    so much lower.
    """

    symbol: str
    ex_date: date
    ratio: float

    def __str__(self) -> str:
        """Such as "AAPL split 4:1 on 2020-08-31"."""
        old = next((old for old in range(1, 1_000) if _is_whole(self.ratio * old)), 1)
        new = round(self.ratio * old) if _is_whole(self.ratio * old) else self.ratio
        return f"{self.symbol} split {new}:{old} on {self.ex_date}"


def _is_whole(number: float) -> bool:
    return abs(number - round(number)) < RATIO_TOLERANCE


@dataclass(frozen=True)
class Terms:
    """What a book's positions were on each day; arrays have shape (positions, days).

    `factor`: shares of the day for one of the book's. `splits`: those that came after the first of
    the days.
    """

    day: Days
    symbol: Objects
    quantity: Floats
    factor: Floats
    splits: tuple[Split, ...]

    @classmethod
    def of(
        cls,
        book: Book,
        on: Sequence[date],
        splits: Sequence[Split] = (),
        restated: Sequence[tuple[Any, ...]] = (),
    ) -> "Terms":
        """Lay out `restated` tuples (position id, day, symbol, quantity, shares for one stated),
        all days of each.
        """
        day = np.unique(days(on))
        shape = (len(book.position_id), len(day))
        symbol: Objects = np.broadcast_to(book.symbol[:, None], shape)
        quantity: Floats = np.broadcast_to(book.quantity[:, None], shape)
        factor: Floats = np.broadcast_to(1.0, shape)
        if restated:
            symbol, quantity, factor = symbol.copy(), quantity.copy(), factor.copy()
            place = {position: row for row, position in enumerate(book.position_id.tolist())}
            known = [row for row in restated if row[0] in place]
            for position, on_day, *terms in known:
                cell = place[position], np.searchsorted(day, np.datetime64(on_day))
                symbol[cell], quantity[cell], factor[cell] = terms
            split = sorted({place[position] for position, *_ in known})
            factor[split] /= factor[split, -1:]
        return cls(day, symbol, quantity, factor, tuple(splits))

    def contracts(self, book: Book) -> list[str]:
        """Every distinct option held, by each of its symbols."""
        held = self.symbol[book.is_option] if self.splits else book.symbol[book.is_option]
        return sorted(set(held.ravel().tolist()))


@dataclass(frozen=True)
class Work:
    """Everything a set of snapshots is computed from.

    `takes` ordered by session and portfolio. `terms`: the book's on every day needed. `greeks`:
    (contract, session) to (delta, gamma, theta, vega, rho) per share of contract, None where
    unknown. `flows`: (portfolio index, day, signed USD). `sessions`: the exchange's sessions,
    ascending, over the whole span of the takes.
    """

    takes: tuple[Take, ...]
    book: Book
    terms: Terms
    quotes: Quotes
    greeks: Mapping[tuple[str, date], tuple[float | None, ...]]
    flows: Sequence[tuple[int, date, float]]
    sessions: Sequence[date]
