"""What snapshots reads: the only thing that its repository and its calculations share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Self
from uuid import UUID

from shared.arrays import FloatArray

RATIO_TOLERANCE = 1e-4
MARKET_EXPOSURE = "market_exposure"  # the metric that is measured once, and read by later runs

PortfolioDay = tuple[int, date]  # a portfolio's place in its shard, and a session


# --- which snapshots a run takes ---


@dataclass(frozen=True)
class Anchors:
    """The sessions that a portfolio's NAV is anchored on: the first, and those without a snapshot.

    `missing` ascend; `first` is None without any anchor.
    """

    first: date | None = None
    missing: tuple[date, ...] = ()


@dataclass(frozen=True)
class History:
    """What is stored of a shard's portfolios around the session of the run.

    `stored`: per portfolio, ascending, the sessions with a snapshot: the last one before the first
    that the run may take, and all from it on. `outdated`: later sessions with a valuation that is
    based on a price carried forward over the run's session, where another price is now the last one
    known. `anchors`: per portfolio. `market_until`: the last session with market data, None without
    any.
    """

    portfolios: tuple[UUID, ...]
    stored: tuple[tuple[date, ...], ...]
    outdated: frozenset[date] = frozenset()
    anchors: tuple[Anchors, ...] = ()
    market_until: date | None = None

    @classmethod
    def of(
        cls,
        portfolios: Sequence[UUID],
        snapshots: Iterable[tuple[UUID, date]],
        outdated: Iterable[date],
        anchors: Mapping[UUID, Anchors] | None = None,
        market_until: date | None = None,
    ) -> Self:
        """Group the stored (portfolio, session) pairs by portfolio, in the order given."""
        known = anchors or {}
        return cls(
            tuple(portfolios),
            _by_portfolio(portfolios, snapshots),
            frozenset(outdated),
            tuple(known.get(portfolio, Anchors()) for portfolio in portfolios),
            market_until,
        )


def _by_portfolio(
    portfolios: Sequence[UUID], pairs: Iterable[tuple[UUID, date]]
) -> tuple[tuple[date, ...], ...]:
    found: dict[UUID, set[date]] = {portfolio: set() for portfolio in portfolios}
    for portfolio, session_date in pairs:
        found[portfolio].add(session_date)
    return tuple(tuple(sorted(dates)) for dates in found.values())


@dataclass(frozen=True)
class DueSnapshot:
    """One snapshot to take: the portfolio's place, its session, and the one its P&L starts at."""

    portfolio: int
    session_date: date
    previous: date | None


@dataclass(frozen=True)
class Plan:
    """The snapshots that a run takes, ordered by session and portfolio.

    `measured_from`: the first session whose NAV they may move; None: that of every one stored,
    because NAV is carried backward from the first anchor.
    """

    portfolios: tuple[UUID, ...]
    due: tuple[DueSnapshot, ...]
    measured_from: date | None = None

    @property
    def session_dates(self) -> list[date]:
        """Every session with a snapshot to take, ascending."""
        return sorted({due.session_date for due in self.due})

    @property
    def days(self) -> list[date]:
        """Every session taken or measured from, ascending."""
        measured_from = {due.previous for due in self.due if due.previous is not None}
        return sorted(measured_from.union(self.session_dates))


# --- what the snapshots are computed from ---


@dataclass(frozen=True)
class HeldPosition:
    """A position over days of the same quantity, some of the plan's, in the shares of the last one.

    A lot closed in parts has several. Held at the end of each day from `held_from` to before
    `held_until`, None while it lasts. Its P&L is that of so much bought at `from_price` and sold at
    `until_price`, None where unknown; `entry_price` is the lot's cost. `option_type`: "C", "P", or
    None for stock. `multiplier` is 100 for options, 1 otherwise. Prices are USD per share (per
    share of contract); `quantity` is signed.
    """

    position_id: UUID
    portfolio_id: UUID
    symbol: str
    underlying: str
    option_type: str | None
    multiplier: float
    strike: float | None
    quantity: float
    entry_price: float
    held_from: date
    from_price: float | None
    held_until: date | None
    until_price: float | None
    sector: str | None


@dataclass(frozen=True)
class Split:
    """One old share becomes `ratio` new ones on `ex_date`; an option's strike is divided by it."""

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
class PositionOnDay:
    """A position in the shares of `day`; `factor`: shares of the day for one as it was entered.

    `held_from` says which of its spans it is.
    """

    position_id: UUID
    held_from: date
    day: date
    symbol: str
    quantity: float
    factor: float


@dataclass(frozen=True)
class Quote:
    """The last price of a symbol known at the end of `day`, USD per share, and its session.

    `source`: "close", "adjusted_close", "quote_mid", "model" or "intrinsic". `delta`: per share, of
    contracts with Greeks on that very day only.
    """

    symbol: str
    day: date
    price: float | None
    price_day: date | None
    source: str
    delta: float | None = None


@dataclass(frozen=True)
class CashFlow:
    """What came into a portfolio (positive) or left it, USD: capital, income or a cost."""

    portfolio: int
    day: date
    amount: float
    symbol: str = ""


@dataclass(frozen=True)
class Dividend:
    """What the holder of a position receives (or, short, pays: negative) for its ex-date, USD."""

    position_id: UUID
    portfolio: int
    ex_date: date
    amount: float


@dataclass(frozen=True)
class SnapshotInputs:
    """Everything that the snapshots of a plan are computed from.

    `splits`: by ex-date, those after the first of the plan's days, and on an option's underlying
    those since it is held; `restated`: the positions that they changed, on every one of the days
    and on the splits' eves, on which the options are quoted too. `greeks`: by (contract, session),
    per share of contract in the order of `GREEKS`, NaN where unknown. `flows`: capital that came in
    or left; those up to the first of the days are summed on it. `income` and `fees`: what was
    entered of dividends (but those `in_price`: adjusted closes hold them), interest and fees,
    signed as it changes cash; `dividends`: those of ex-dates. `sessions`: the exchange's, between.
    """

    plan: Plan
    positions: Sequence[HeldPosition] = ()
    quotes: Sequence[Quote] = ()
    splits: Sequence[Split] = ()
    restated: Sequence[PositionOnDay] = ()
    greeks: Mapping[tuple[str, date], FloatArray] = field(default_factory=dict)
    flows: Sequence[CashFlow] = ()
    income: Sequence[CashFlow] = ()
    fees: Sequence[CashFlow] = ()
    in_price: Sequence[CashFlow] = ()
    dividends: Sequence[Dividend] = ()
    sessions: Sequence[date] = ()


# --- what follows from the chain of snapshots ---


@dataclass(frozen=True)
class ChainLink:
    """One snapshot: `nav` and `pnl` in USD, `daily_return` a decimal; NaN where unknown.

    `income`, `fees` (a cost is negative) and `trades_pnl` are parts of the P&L, USD.
    """

    session_date: date
    previous: date | None
    nav: float
    pnl: float
    daily_return: float
    income: float = 0.0
    fees: float = 0.0
    trades_pnl: float = 0.0


@dataclass(frozen=True)
class ObservedYield:
    """The 3-month Treasury yield of a day, decimal per year."""

    day: date
    value: float


@dataclass(frozen=True)
class MarketHistory:
    """The exchange's sessions, ascending, from the oldest snapshot to the newest, and their market.

    `factor_returns`: sessions x `factors`, NaN where unknown. `yields` ascend by day and begin
    before the first session where one is known.
    """

    sessions: Sequence[date]
    factors: Sequence[str]
    factor_returns: FloatArray
    yields: Sequence[ObservedYield]


@dataclass(frozen=True)
class MarketSide:
    """The positions bought, or those sold, of a portfolio: `dollars` per 1.00 of market return.

    `known_weight` of `weight` (gross USD) and `known` of `positions` have a market beta.
    """

    dollars: float = 0.0
    known_weight: float = 0.0
    weight: float = 0.0
    known: int = 0
    positions: int = 0

    def __add__(self, other: "MarketSide") -> "MarketSide":
        return MarketSide(
            self.dollars + other.dollars,
            self.known_weight + other.known_weight,
            self.weight + other.weight,
            self.known + other.known,
            self.positions + other.positions,
        )


@dataclass(frozen=True)
class MarketSides:
    """What a portfolio bought and what it sold."""

    bought: MarketSide = MarketSide()
    sold: MarketSide = MarketSide()


@dataclass(frozen=True)
class StoredExposure:
    """The market exposure (USD) of one view as an earlier run stored it; None with the `reason`."""

    view: str
    value: float | None
    coverage: float | None
    reason: str | None


@dataclass(frozen=True)
class ChainInputs:
    """What the metrics and attributions of `as_of` and of all sessions it moved follow from.

    `chains`: every snapshot of each portfolio, ascending. `market_sides`: of each portfolio on
    `as_of`; `stored_exposures`: by portfolio and other session, one per view. `factor_exposures`:
    by portfolio and snapshot, USD per factor, NaN where unknown.
    """

    portfolios: tuple[UUID, ...]
    as_of: date
    chains: Sequence[Sequence[ChainLink]]
    market: MarketHistory
    market_sides: Sequence[MarketSides]
    stored_exposures: Mapping[PortfolioDay, Sequence[StoredExposure]]
    factor_exposures: Mapping[PortfolioDay, FloatArray]


# --- what risk is measured from ---


@dataclass(frozen=True)
class RiskPosition:
    """A position open on the session, in the shares of that day.

    `weight`: gross delta-adjusted USD, the cost where that is unknown. `exposure`: signed
    delta-adjusted USD. `dollar_gamma`: what a rise of the underlying of 1 % adds to it; `theta` a
    day, `vega` a volatility point, `rho` a percentage point, USD; 0 for stock. `pnl`: what it would
    have earned on each of the past days, USD, None with the `reason`.
    """

    position_id: UUID
    portfolio_id: UUID
    symbol: str
    underlying: str
    quantity: float
    weight: float
    exposure: float | None
    dollar_gamma: float | None
    theta: float | None
    vega: float | None
    rho: float | None
    pnl: FloatArray | None
    reason: str | None


@dataclass(frozen=True)
class Estimates:
    """The factor model of the session: betas (U x K) of U underlyings, factor covariance (K x K).

    `closes` ((T + 1) x U, adjusted) and `factor_returns` (T x K) end with the session; what the
    betas do not explain of the returns is weighted with `decay`^age over `lookback` days, like the
    covariance, which is based on `observations` days. `market_betas` (U): those to the market. NaN
    where unknown.
    """

    betas: FloatArray
    market_betas: FloatArray
    covariance: FloatArray
    closes: FloatArray
    factor_returns: FloatArray
    decay: float
    lookback: int
    observations: int


@dataclass(frozen=True)
class RiskInputs:
    """A shard's positions, by portfolio and position, and the estimates for their `underlyings`.

    `session_dates`: the past days that every position's `pnl` is of, ascending.
    """

    portfolios: tuple[UUID, ...]
    as_of: date
    positions: Sequence[RiskPosition]
    underlyings: Sequence[str]
    estimates: Estimates
    session_dates: Sequence[date]
