"""What factors reads: the only thing that its repository and its calculations share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.arrays import FloatArray, IntArray
from shared.conventions import DEFAULT_MODEL

MODELS = (DEFAULT_MODEL, "joint", "univariate")
SPACES = (DEFAULT_MODEL, "absolute")  # of factor returns
MATURITIES = ("3M", "2Y", "10Y", "30Y")  # of the Treasury yields that returns are regressed on
RETURN_SESSIONS = 260  # whose factor returns a run renews


@dataclass(frozen=True)
class Factors:
    """The active factors, "market" among them, and their proxies, in display order."""

    ids: tuple[str, ...]
    proxies: tuple[str, ...]


@dataclass(frozen=True)
class FactorCloses:
    """The proxies' adjusted closes (sessions x factors, oldest first), NaN where missing."""

    factors: Factors
    closes: FloatArray


@dataclass(frozen=True)
class Weighting:
    """How factor covariances weigh days: `decay` per day of age, over `lookback` daily returns."""

    decay: float
    lookback: int


@dataclass(frozen=True)
class Basis:
    """What the estimates of a session must be based on to be current, besides the factors.

    `price_run` names the version of the session's market data.
    """

    as_of: date
    price_run: str
    weighting: Weighting


@dataclass(frozen=True)
class Position:
    """An active position in the shares of the session; `quantity` is signed.

    `delta` or `underlying_price` (USD per share) is None when unknown, and `reason` says why.
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
    """The shard's portfolios that exist, and their active positions by position id."""

    portfolio_ids: tuple[UUID, ...]
    positions: tuple[Position, ...]

    @property
    def underlyings(self) -> tuple[str, ...]:
        """What needs betas: the underlying of an option, the symbol itself for stock. Sorted."""
        return tuple(sorted({position.underlying for position in self.positions}))


@dataclass(frozen=True)
class KnownBetas:
    """One symbol's betas in one model, by factor; NaN with a reason where unknown.

    `capped`: at least one of them is.
    """

    values: FloatArray
    quality: str
    reason: str | None
    capped: bool


@dataclass(frozen=True)
class Known:
    """Current estimates: betas by model and symbol, and the maturities without a sensitivity.

    `rate_gaps` is by symbol; a symbol with every sensitivity is absent.
    """

    betas: Mapping[str, Mapping[str, KnownBetas]]
    rate_gaps: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Outdated:
    """What this transaction must estimate: symbols, and what belongs to the factors alone or not.

    `factors` covers the session's factor covariances and the renewal of factor returns.
    """

    symbols: tuple[str, ...]
    factors: bool

    def __bool__(self) -> bool:
        return bool(self.symbols) or self.factors


@dataclass(frozen=True)
class ObservedYields:
    """A maturity's yields in percent on ascending day numbers."""

    days: IntArray
    percents: FloatArray


@dataclass(frozen=True)
class History:
    """What outdated symbols are estimated from, on ascending sessions given as day numbers.

    Adjusted closes (sessions x symbols, and sessions x factors for the proxies), NaN where one is
    missing; the yields observed over the same time, by maturity.
    """

    session_days: IntArray
    closes: FloatArray
    proxy_closes: FloatArray
    yields: Mapping[str, ObservedYields]


@dataclass(frozen=True)
class Work:
    """A shard's positions, the estimates of their underlyings that are current, and the rest.

    `history` is None when nothing is outdated.
    """

    factors: Factors
    book: Book
    known: Known
    outdated: Outdated
    history: History | None


@dataclass(frozen=True)
class ReturnHistory:
    """The last sessions with their stored factor returns and what these should be now.

    `closes` are the proxies' adjusted closes, one session more than there are returns; `stored` is
    spaces x sessions x factors, NaN where no return is stored. Without sessions, nothing is due.
    """

    factors: Factors
    session_dates: Sequence[date]
    closes: FloatArray
    stored: FloatArray


@dataclass(frozen=True)
class HeldUnderlying:
    """An underlying and what a portfolio holds on it.

    `value`: signed delta-adjusted USD, None when no position could be measured;
    `positions_unmeasured` counts those without a price or delta.
    """

    symbol: str
    value: float | None
    positions: int
    positions_unmeasured: int
    tags: tuple[str, ...]
    sector: str | None

    @property
    def size(self) -> float:
        """|value| in USD, 0 when unknown."""
        return abs(self.value or 0.0)


@dataclass(frozen=True)
class HeldPortfolio:
    """What a portfolio was exposed to on a session, by underlying."""

    portfolio_id: UUID
    underlyings: Sequence[HeldUnderlying]


@dataclass(frozen=True)
class Closes:
    """Adjusted closes (sessions x symbols, oldest first), NaN where one is missing."""

    symbols: Sequence[str]
    values: FloatArray

    def of(self, symbols: Sequence[str]) -> FloatArray:
        """The columns of these symbols, in their order."""
        column = {symbol: index for index, symbol in enumerate(self.symbols)}
        return self.values[:, [column[symbol] for symbol in symbols]]


@dataclass(frozen=True)
class BetaInForce:
    """A symbol's beta to one factor as stored; `raw_beta` and its statistics are least squares.

    None with a `reason` where it could not be estimated. `price_run` is None for one that is not
    stored.
    """

    factor: str
    beta: float | None
    raw_beta: float | None
    standard_error: float | None
    capped: bool
    r_squared: float | None
    observations: int
    condition_number: float | None
    quality: str
    reason: str | None
    price_run: str | None = None


@dataclass(frozen=True)
class SymbolHistory:
    """What one symbol's regressions in one model are made from.

    Adjusted closes on ascending `session_dates` (T + 1) and those of the proxies (T + 1 x factors),
    NaN where one is missing. `stored`: the session's betas by factor, empty when none are.
    """

    model: str
    factors: Factors
    session_dates: Sequence[date]
    closes: FloatArray
    proxy_closes: FloatArray
    stored: Mapping[str, BetaInForce]
