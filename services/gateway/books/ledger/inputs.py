"""What a ledger is derived from: trades, and what the market did to what they traded."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from operator import mul
from uuid import UUID

from shared.instruments import INDEX_ROOTS, LARGEST_STRIKE, occ_symbol, split_strike

_RATIO_TOLERANCE = Fraction(1, 10**8)  # ratios are stored with eight decimals


class Kind(StrEnum):
    """What a transaction is. The last five are derived by the system, and never entered."""

    OPENING = "opening"
    BUY = "buy"
    SELL = "sell"
    SELL_SHORT = "sell_short"
    BUY_TO_COVER = "buy_to_cover"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"
    DIVIDEND = "dividend"
    INTEREST = "interest"
    BORROW_FEE = "borrow_fee"
    FEE = "fee"
    EQUITY = "equity"
    SPLIT = "split"
    EXPIRY = "expiry"
    EXERCISE = "exercise"
    ASSIGNMENT = "assignment"
    SYMBOL_CHANGE = "symbol_change"


class LotMethod(StrEnum):
    """Which lots a sale closes first."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIGHEST_COST = "highest_cost"


@dataclass(frozen=True)
class Instrument:
    """What is traded, in the shares of the day its trade is given for.

    `underlying` is the symbol itself for stock. `strike` (USD per share), `expiry` and
    `option_type` ("C" or "P"): options only. `multiplier`: 100 for options, 1 otherwise. All are
    named as the columns of the tables.
    """

    symbol: str
    underlying: str
    multiplier: int = 1
    option_type: str | None = None
    strike: Decimal | None = None
    expiry: date | None = None
    investment_class: str = "PUBLIC"
    investment_subtype: str | None = None

    @property
    def root(self) -> str:
        """The option's root: its symbol without date, type and strike (15 characters)."""
        return self.symbol[:-15] if self.expiry else self.symbol


@dataclass  # not frozen: docs/performance.md says why
class Trade:
    """A transaction that opens or closes lots.

    `quantity` is signed: bought positive, sold negative. `price`: USD per share (per share of
    contract); None where an exit's price is not known. `stated_on`: the day in whose shares both
    are. `lot_id`: the lot that it opens, or the only one that it may close.
    """

    transaction_id: UUID
    kind: Kind
    trade_date: date
    instrument: Instrument
    quantity: Decimal
    price: Decimal | None
    stated_on: date
    lot_id: UUID | None = None
    lot_method: LotMethod | None = None


@dataclass(frozen=True)
class Split:
    """One old share becomes `ratio` new ones on `ex_date`."""

    ex_date: date
    ratio: Decimal


@dataclass(frozen=True)
class Market:
    """What is known of the market up to the session `as_of`.

    `splits`: by underlying, ascending. `settlements`: the close of an underlying on the last
    session of an option, USD per share of that day, by (underlying, session). `last_sessions`: the
    session on which an expiry's options trade last. `indexes`: symbols known to be an index, whose
    options are settled in cash.
    """

    as_of: date
    splits: Mapping[str, Sequence[Split]] = field(default_factory=dict)
    settlements: Mapping[tuple[str, date], Decimal] = field(default_factory=dict)
    last_sessions: Mapping[date, date] = field(default_factory=dict)
    indexes: Collection[str] = frozenset()

    def shares(self, underlying: str, day: date) -> Fraction:
        """How many shares of `day` one share of long ago is: the product of the ratios since."""
        known = self._shares.get(underlying)
        if known is None:
            return Fraction(1)
        ex_dates, products = known
        return products[bisect_right(ex_dates, day)]

    @cached_property
    def _shares(self) -> dict[str, tuple[list[date], list[Fraction]]]:
        return {name: _products(splits) for name, splits in self.splits.items() if splits}

    def listed(self, instrument: Instrument, stated_on: date, day: date) -> Instrument:
        """What an instrument given in the shares of a day is listed as on a later one.

        A contract that was split since has a strike rounded to the cent, and the symbol of that.
        """
        strike = instrument.strike
        expiry = instrument.expiry
        if strike is None or expiry is None or instrument.option_type is None:
            return instrument
        before = self.shares(instrument.underlying, min(stated_on, expiry))
        ratio = self.shares(instrument.underlying, min(day, expiry)) / before
        if ratio == 1:
            return instrument
        listed = split_strike(strike * ratio.denominator / ratio.numerator)
        named = min(listed, LARGEST_STRIKE)
        symbol = occ_symbol(instrument.root, expiry, instrument.option_type, named)
        return replace(instrument, symbol=symbol, strike=listed)

    def last_session(self, expiry: date) -> date:
        """The last session of the options that expire on `expiry`."""
        return self.last_sessions.get(expiry, expiry)

    def is_settled_in_cash(self, instrument: Instrument) -> bool:
        """Whether an option's exercise moves cash and no shares: options on an index."""
        return instrument.root in INDEX_ROOTS or instrument.underlying in self.indexes


def _products(splits: Sequence[Split]) -> tuple[list[date], list[Fraction]]:
    """The ex-dates, and the shares before the first and since each of them."""
    ratios = (exact(split.ratio) for split in splits)
    return [split.ex_date for split in splits], list(accumulate(ratios, mul, initial=Fraction(1)))


def exact(ratio: Decimal) -> Fraction:
    """A ratio as it was meant: a third is stored as 0.33333333."""
    given = Fraction(ratio)
    simple = given.limit_denominator(1000)
    return simple if abs(simple - given) <= _RATIO_TOLERANCE else given
