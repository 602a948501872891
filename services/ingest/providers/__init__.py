"""Where market data come from: one small protocol, and the providers that speak it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True)
class Bar:
    """One daily close, USD per share. `close_basis`: "raw" or "adjusted" (no raw close known)."""

    symbol: str
    session_date: date
    close: Decimal
    adjusted_close: float
    close_basis: str
    source: str


@dataclass(frozen=True)
class YieldObservation:
    """One constant-maturity Treasury yield: `maturity` such as "10Y", `yield_percent` 4.25 for 4.25 %."""

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
class Coverage:
    """The sessions a provider can serve, first and last included."""

    first: date
    last: date

    def includes(self, session_date: date) -> bool:
        """Whether the session can be served."""
        return self.first <= session_date <= self.last


class MarketDataProvider(Protocol):
    """Prices, yields and facts from one source. A symbol it does not know is simply absent from the answer."""

    name: str

    async def coverage(self) -> Coverage:
        """The sessions this provider can serve now."""
        ...

    async def securities(self) -> Sequence[SecurityFacts]:
        """Facts about every symbol the provider can list."""
        ...

    async def prices(self, symbols: Collection[str], first: date, last: date) -> Sequence[Bar]:
        """Daily closes of the symbols between two dates, both included."""
        ...

    async def yields(self, first: date, last: date) -> Sequence[YieldObservation]:
        """Treasury yields between two dates, both included."""
        ...
