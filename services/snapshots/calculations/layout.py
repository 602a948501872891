"""What is held and what it is worth, laid out as columns: where every valuation starts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
import numpy.typing as npt

from services.snapshots.calculations.renamed import carried_over_splits
from services.snapshots.inputs import (
    CashFlow,
    Dividend,
    HeldPosition,
    PositionOnDay,
    Quote,
    SnapshotInputs,
    Split,
)
from shared.arrays import BoolArray, FloatArray, IntArray
from shared.instruments import position_type

Days = npt.NDArray[np.datetime64]
Objects = npt.NDArray[np.object_]

NO_DAY = np.datetime64("NaT", "D")


def days(values: Sequence[date | None]) -> Days:
    """Dates as `datetime64[D]`, None as NaT."""
    return np.array(values, dtype="datetime64[D]")


def floats(values: Sequence[float | None]) -> FloatArray:
    """Numbers as a column, None as NaN."""
    return np.array(values, dtype=np.float64)


def objects(values: Sequence[object]) -> Objects:
    """Anything as a column."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


@dataclass(frozen=True)
class PositionColumns:
    """The positions of several portfolios, an entry per span, by portfolio, position and day.

    In the shares of the last day needed; `DailyTerms` has those of the days before. `portfolio` is
    the portfolio's place, `lot` the same number for all spans of one position; `quantity` is
    signed; `multiplier` 100 for options, 1 otherwise; prices are USD per share (per share of
    contract). `strike` is NaN for stock, `until_day` NaT while the span lasts, `from_price` and
    `until_price` NaN where there is none.
    """

    position_id: Objects
    lot: IntArray
    portfolio: IntArray
    symbol: Objects
    underlying: Objects
    position_type: Objects
    is_option: BoolArray
    multiplier: FloatArray
    strike: FloatArray
    quantity: FloatArray
    entry_price: FloatArray
    from_price: FloatArray
    from_day: Days
    until_price: FloatArray
    until_day: Days
    sector: Objects

    @classmethod
    def of(cls, portfolios: Sequence[UUID], positions: Sequence[HeldPosition]) -> "PositionColumns":
        """Lay out positions of the portfolios."""
        place = {portfolio: index for index, portfolio in enumerate(portfolios)}
        held = sorted(
            positions,
            key=lambda each: (place[each.portfolio_id], each.position_id, each.held_from),
        )
        lots = {each.position_id: None for each in held}
        lot = dict(zip(lots, range(len(lots)), strict=True))
        return cls(
            position_id=objects([each.position_id for each in held]),
            lot=np.array([lot[each.position_id] for each in held], dtype=np.int64),
            portfolio=np.array([place[each.portfolio_id] for each in held], dtype=np.int64),
            symbol=objects([each.symbol for each in held]),
            underlying=objects([each.underlying for each in held]),
            position_type=objects(
                [position_type(each.option_type, each.quantity).value for each in held]
            ),
            is_option=np.array([each.option_type is not None for each in held], dtype=np.bool_),
            multiplier=floats([each.multiplier for each in held]),
            strike=floats([each.strike for each in held]),
            quantity=floats([each.quantity for each in held]),
            entry_price=floats([each.entry_price for each in held]),
            from_price=floats([each.from_price for each in held]),
            from_day=days([each.held_from for each in held]),
            until_price=floats([each.until_price for each in held]),
            until_day=days([each.held_until for each in held]),
            sector=objects([each.sector for each in held]),
        )


@dataclass(frozen=True)
class QuoteGrid:
    """What was known of each symbol at the end of each day; arrays have shape (symbols, days).

    `price` USD per share, NaN when nothing was ever known; `price_day` the session it belongs to,
    earlier than the column's day when carried forward; `source` as in `Quote`; `delta` per share,
    NaN for everything but contracts with Greeks on that very day.
    """

    row_of: Mapping[str, int]
    day: Days
    price: FloatArray
    price_day: Days
    source: Objects
    delta: FloatArray

    @classmethod
    def of(cls, symbols: Iterable[str], on: Sequence[date], known: Sequence[Quote]) -> "QuoteGrid":
        """Lay out the quotes of the symbols; all symbols have a row, quoted or not."""
        row_of = {symbol: row for row, symbol in enumerate(sorted(set(symbols)))}
        day = np.unique(days(on))
        shape = (len(row_of), len(day))
        price = np.full(shape, np.nan)
        delta = np.full(shape, np.nan)
        price_day = np.full(shape, NO_DAY)
        source = np.full(shape, None, dtype=object)
        if known:
            row = np.array([row_of[quote.symbol] for quote in known])
            column = np.searchsorted(day, days([quote.day for quote in known]))
            price[row, column] = floats([quote.price for quote in known])
            delta[row, column] = floats([quote.delta for quote in known])
            price_day[row, column] = days([quote.price_day for quote in known])
            source[row, column] = objects([quote.source for quote in known])
        return cls(row_of, day, price, price_day, source, delta)

    def rows(self, symbols: Objects) -> IntArray:
        """The row of each symbol."""
        return np.array([self.row_of[symbol] for symbol in symbols.tolist()], dtype=np.int64)

    def columns(self, wanted: Days) -> IntArray:
        """The column of each day; of no meaning for NaT, which callers mask."""
        return np.minimum(np.searchsorted(self.day, wanted), len(self.day) - 1).astype(np.int64)


@dataclass(frozen=True)
class DailyTerms:
    """What the positions were on each day; arrays have shape (positions, days).

    `factor`: shares of the day for one of the last day's. `splits`: those since positions are held.
    """

    day: Days
    symbol: Objects
    quantity: FloatArray
    factor: FloatArray
    splits: tuple[Split, ...]

    @classmethod
    def of(
        cls,
        positions: PositionColumns,
        on: Sequence[date],
        splits: Sequence[Split] = (),
        restated: Sequence[PositionOnDay] = (),
    ) -> "DailyTerms":
        """The positions as they are on the last day, but for what is `restated`."""
        day = np.unique(days(on))
        shape = (len(positions.position_id), len(day))
        symbol: Objects = np.broadcast_to(positions.symbol[:, None], shape)
        quantity: FloatArray = np.broadcast_to(positions.quantity[:, None], shape)
        factor: FloatArray = np.broadcast_to(1.0, shape)
        spans = zip(positions.position_id.tolist(), positions.from_day.tolist(), strict=True)
        place = {span: row for row, span in enumerate(spans)}
        known = [terms for terms in restated if (terms.position_id, terms.held_from) in place]
        if known:
            row = np.array([place[terms.position_id, terms.held_from] for terms in known])
            column = np.searchsorted(day, days([terms.day for terms in known]))
            symbol = symbol.copy()
            quantity = quantity.copy()
            factor = factor.copy()
            symbol[row, column] = objects([terms.symbol for terms in known])
            quantity[row, column] = [terms.quantity for terms in known]
            factor[row, column] = [terms.factor for terms in known]
            split = np.unique(row)
            factor[split] /= factor[split, -1:]
        return cls(day, symbol, quantity, factor, tuple(splits))


@dataclass(frozen=True)
class Layout:
    """The inputs of a plan's snapshots, laid out as columns."""

    inputs: SnapshotInputs
    positions: PositionColumns
    terms: DailyTerms
    quotes: QuoteGrid

    @classmethod
    def of(cls, inputs: SnapshotInputs) -> "Layout":
        """Lay out what was read."""
        on = inputs.plan.days
        positions = PositionColumns.of(inputs.plan.portfolios, inputs.positions)
        own = [terms for terms in inputs.restated if terms.day in on]
        terms = DailyTerms.of(positions, on, inputs.splits, own)
        symbols = {*terms.symbol.ravel().tolist(), *positions.underlying.tolist()}
        known = [each for each in inputs.quotes if each.day in on and each.symbol in symbols]
        carried = carried_over_splits(inputs)
        return cls(inputs, positions, terms, QuoteGrid.of(symbols, on, [*known, *carried]))

    @property
    def portfolio(self) -> IntArray:
        """The portfolio's place, per snapshot due."""
        return np.array([due.portfolio for due in self.inputs.plan.due], dtype=np.int64)

    @property
    def session(self) -> Days:
        """The session of each snapshot due."""
        return days([due.session_date for due in self.inputs.plan.due])

    @property
    def previous(self) -> Days:
        """The session that each snapshot is measured from, NaT on a portfolio's first."""
        return days([due.previous for due in self.inputs.plan.due])

    def within(self, entries: Sequence[CashFlow] | Sequence[Dividend]) -> BoolArray:
        """Which entries (columns) belong to which snapshots due (rows).

        Those of its portfolio, dated after the snapshot before and up to the session.
        """
        day = days([each.ex_date if isinstance(each, Dividend) else each.day for each in entries])
        same = self.portfolio[:, None] == np.array([each.portfolio for each in entries])
        since = (day > self.previous[:, None]) & (day <= self.session[:, None])
        return np.asarray(same & since)
