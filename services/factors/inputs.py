"""What factors reads: the only thing that its repository and its calculations share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.conventions import FloatArray, IntArray


@dataclass(frozen=True)
class Factors:
    """The active factors and their proxies, in display order."""

    ids: tuple[str, ...]
    proxies: tuple[str, ...]


@dataclass(frozen=True)
class Edition:
    """What symbol-level rows must agree with to be current: session, market data, models and
    maturities.
    """

    as_of: date
    price_run: str
    factors: Factors
    models: tuple[str, ...]
    maturities: tuple[str, ...]
    decay: float
    lookback: int


@dataclass(frozen=True)
class Outdated:
    """What this transaction must estimate: the symbols, and what belongs to the factors alone or
    not.
    """

    symbols: tuple[str, ...]
    factors: bool


@dataclass(frozen=True)
class Position:
    """An active position. `delta` or `underlying_price` (USD) is null when unknown, and `reason`
    says why.
    """

    position_id: UUID
    portfolio_id: UUID
    symbol: str
    underlying: str
    quantity: float
    multiplier: int
    delta: float | None
    underlying_price: float | None
    reason: str | None


@dataclass(frozen=True)
class Book:
    """The shard's portfolios that exist, and their active positions."""

    portfolio_ids: tuple[UUID, ...]
    positions: tuple[Position, ...]

    @property
    def underlyings(self) -> tuple[str, ...]:
        """Distinct symbols that need betas: the underlying of an option, the symbol itself for
        stock.
        """
        return tuple(sorted({position.underlying for position in self.positions}))


@dataclass(frozen=True)
class History:
    """Adjusted closes (sessions x symbols, NaN for gaps), and the yields observed by maturity:
    days, percents.

    Days are day numbers, ascending.
    """

    session_days: IntArray
    closes: FloatArray
    yields: Mapping[str, tuple[IntArray, FloatArray]]


@dataclass(frozen=True)
class Betas:
    """Stored betas (symbols x factors, NaN where unknown), with quality, reason and capping per
    symbol.
    """

    values: FloatArray
    qualities: tuple[str, ...]
    reasons: tuple[str | None, ...]
    capped: tuple[bool, ...]


@dataclass(frozen=True)
class HeldUnderlying:
    """What a portfolio holds on one underlying: signed delta-adjusted USD, null when none of it is
    known.
    """

    portfolio_id: UUID
    symbol: str
    value: float | None
    positions: int
    positions_unmeasured: int
    tags: tuple[str, ...]
    sector: str | None
