"""Market data as providers answer with them and as they are stored, and what calculations read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from shared.arrays import BoolArray


@dataclass(frozen=True)
class Bar:
    """One daily close, USD per share. `close_basis`: "raw" or "adjusted" (no raw close known)."""

    symbol: str
    session_date: date
    close: Decimal
    adjusted_close: float
    close_basis: str
    source: str


MATURITY_YEARS: Mapping[str, float] = {
    "1M": 1 / 12, "3M": 0.25, "6M": 0.5, "1Y": 1.0, "2Y": 2.0,
    "5Y": 5.0, "7Y": 7.0, "10Y": 10.0, "20Y": 20.0, "30Y": 30.0,
}  # fmt: skip


@dataclass(frozen=True)
class YieldObservation:
    """One constant-maturity Treasury yield: `maturity` is "10Y", say; `yield_percent` is 4.25."""

    maturity: str
    observation_date: date
    yield_percent: float
    source: str


@dataclass(frozen=True)
class SecurityFacts:
    """What a symbol is. `kind`: stock, etf, fund or index; unknown facts are None."""

    symbol: str
    kind: str
    name: str | None
    sector: str | None
    industry: str | None
    dividend_yield: float | None
    source: str


@dataclass(frozen=True)
class CorporateAction:
    """A split or a cash dividend, before the open of `ex_date`.

    `kind`: "split" or "dividend"; `value`: new shares per old one (4 for 4:1), or USD per share.
    """

    symbol: str
    ex_date: date
    kind: str
    value: Decimal
    source: str


@dataclass(frozen=True)
class OptionQuote:
    """One contract's bid and ask at a session's close, USD per share of contract.

    `contract` is the OCC symbol.
    """

    contract: str
    session_date: date
    bid: Decimal
    ask: Decimal
    last: Decimal | None
    underlying_price: Decimal | None
    source: str


@dataclass(frozen=True)
class Coverage:
    """The sessions that a provider has, first and last included."""

    first: date
    last: date

    def includes(self, session_date: date) -> bool:
        """Whether the provider has the session."""
        return self.first <= session_date <= self.last

    def joined(self, other: "Coverage") -> "Coverage":
        """From the earlier first session to the later last one."""
        return Coverage(min(self.first, other.first), max(self.last, other.last))


@dataclass(frozen=True)
class Range:
    """The days between two dates, both included, that a provider was queried for."""

    first: date
    last: date

    def covers(self, day: date) -> bool:
        """Whether the provider was queried for the day; what is not stored, it does not have."""
        return self.first <= day <= self.last

    def joined(self, earlier: "Range | None") -> "Range":
        """Both ranges as one where they touch; this one alone where they do not."""
        if earlier is None or self.last < earlier.first or self.first > earlier.last:
            return self
        return Range(min(self.first, earlier.first), max(self.last, earlier.last))


EVER = Range(date.min, date.max)  # for data without a date


@dataclass(frozen=True)
class Channel:
    """One kind of data from one provider, as the fetch log names it.

    `kind`: "prices", "corporate_actions", "securities", "yields" or "option_quotes".
    """

    provider: str
    kind: str


@dataclass(frozen=True)
class ConfiguredProvider:
    """A provider by name; `live`: queried over the network, not read from files.

    `coverage`: the sessions that a provider of prices has files of; None for others.
    """

    name: str
    live: bool
    coverage: Coverage | None = None


@dataclass(frozen=True)
class Recheck:
    """How long an answer is valid: about symbols the provider knows, and about unknown ones."""

    known: timedelta
    unknown: timedelta


@dataclass(frozen=True)
class StoredClose:
    """A stored close, USD per share."""

    session_date: date
    close: float


@dataclass(frozen=True)
class StoredCloses:
    """What new closes are compared with.

    `closes`: stored closes by symbol, among the new ones, the last before and the first after them;
    `actions`: splits and dividends by symbol, ascending; `quarantined`: closes that other sources
    sent and that were rejected, by symbol and session; `suspected`: closes that the provider sent
    before and that were rejected, by symbol.
    """

    closes: Mapping[str, Sequence[StoredClose]]
    actions: Mapping[str, Sequence[CorporateAction]]
    quarantined: Mapping[tuple[str, date], float]
    suspected: Mapping[str, Sequence[Bar]] = field(default_factory=dict)


@dataclass(frozen=True)
class Rejected:
    """A close that is implausible, and why."""

    bar: Bar
    reason: str


@dataclass(frozen=True)
class History:
    """Every stored close of one symbol, ascending; all fields have one entry per session."""

    symbol: str
    session_dates: Sequence[date]
    closes: Sequence[Decimal]
    adjusted_closes: Sequence[float]
    close_bases: Sequence[str]
    sources: Sequence[str]

    @property
    def already_adjusted(self) -> BoolArray:
        """Where the stored close is an adjusted one."""
        adjusted: BoolArray = np.array(self.close_bases) == "adjusted"
        return adjusted
