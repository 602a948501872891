"""What stress reads: the only thing that its repository and its calculations share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from hashlib import sha256
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from shared.arrays import BoolArray, FloatArray
from shared.quant.black_scholes import PricingInputs
from shared.quant.dividends import CashDividends

MARKET = "market"  # the id of the market factor
STOCK = -1  # in place of a contract's index
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Scenario:
    """One hypothetical day.

    `shocks`: decimal return by factor id (-0.35 is a fall of 35 %). `basis` "absolute": the return
    of the factor's proxy itself; "over_market": a style's return over the market. `rate_shock`:
    change of the Treasury yield in decimals (0.01 is +100 bp), None when rates stay.
    `volatility_shock`: relative change of one-month implied volatility (1.50: it rises to 2.5 times
    what it was), less at longer tenors, None when volatilities stay.

    A historical scenario may name its window, from the close of `window_start` to the close of
    `window_end`, and what was measured in it: `measured_returns` of the proxies (their own in any
    basis), `measured_rate_change` of the 10-year yield in decimals, and the source of both.
    """

    scenario_id: str
    name: str
    description: str
    category: str
    severity: str
    shocks: Mapping[str, float]
    rate_shock: float | None = None
    basis: str = "absolute"
    volatility_shock: float | None = None
    window_start: date | None = None
    window_end: date | None = None
    measured_returns: Mapping[str, float] | None = None
    measured_rate_change: float | None = None
    measured_source: str | None = None

    @property
    def measured(self) -> bool:
        """Whether the moves of its window are known."""
        return self.measured_returns is not None

    @property
    def measured_shocks(self) -> dict[str, float] | None:
        """The measured returns in the scenario's basis."""
        returns = self.measured_returns
        if returns is None or self.basis == "absolute":
            return None if returns is None else dict(returns)
        market = returns.get(MARKET, 0.0)
        return {name: each if name == MARKET else each - market for name, each in returns.items()}

    @property
    def at_still_volatility(self) -> "Scenario":
        """The scenario without its move of implied volatility."""
        return replace(self, volatility_shock=None)

    @property
    def headline(self) -> "Scenario":
        """The scenario by what was measured in its window, else as specified.

        The volatility shock is the specified one in both: no window measures it.
        """
        if self.measured_returns is None:
            return self
        return replace(
            self,
            shocks=self.measured_returns,
            rate_shock=self.measured_rate_change,
            basis="absolute",
        )


@dataclass(frozen=True)
class Move:
    """A close or a yield on the first and on the last session of a window."""

    first: float
    last: float


@dataclass(frozen=True)
class Window:
    """What is stored about the window of a historical scenario.

    `closes`: adjusted closes of the factors' proxies by factor id; absent where one of the two is
    missing. `yields_percent`: None where one of the two is missing.
    """

    closes: Mapping[str, Move]
    yields_percent: Move | None


@dataclass(frozen=True)
class Catalogue:
    """The scenarios that apply to some portfolios, or that a user may run on one.

    `house`: for every portfolio, in display order. `owners`: user by portfolio; a portfolio that
    does not exist is absent. `custom`: scenarios by the user who saved them.
    """

    house: tuple[Scenario, ...]
    owners: Mapping[UUID, UUID]
    custom: Mapping[UUID, tuple[Scenario, ...]]


@dataclass(frozen=True)
class ScenarioIds:
    """The ids of the house's scenarios, and the names by id of those that one user has saved."""

    house: frozenset[str]
    saved: Mapping[str, str]


@dataclass(frozen=True)
class Factors:
    """The stable ids of the active factors in display order."""

    ids: tuple[str, ...]


@dataclass(frozen=True)
class Contracts(PricingInputs):
    """The distinct option contracts of the shard, one entry each; NaN where not measured.

    An expired one settled at the close of the session. `american`: exercised whenever it pays, else
    at expiry only. `dividends`: the cash dividends until expiry, in place of the yield; None when
    no contract has any. `quoted`: USD per share that it is worth by its own quote, NaN where its
    model says what it is worth; None when no contract is quoted.
    """

    symbols: NDArray[np.str_]
    american: BoolArray
    dividends: CashDividends | None = None
    quoted: FloatArray | None = None

    @property
    def repriceable(self) -> BoolArray:
        """With everything that a price needs, or settled."""
        inputs = np.array([self.years_to_expiry, self.rate, self.dividend_yield])
        sensible = (
            np.isfinite(inputs).all(axis=0)
            & (self.underlying_price > 0.0)
            & (self.volatility >= 0.0)
        )
        known: BoolArray = sensible | self.expired
        return known

    @property
    def living(self) -> BoolArray:
        """With everything that a price needs, and time left."""
        living: BoolArray = self.repriceable & ~self.expired
        return living

    def bounded(self, changes: FloatArray) -> FloatArray:
        """Changes of value in USD per share, (contracts, n): no contract loses more than its worth.

        The model may say that it is worth more than its quote does, which was made at another price
        of the underlying or implies no volatility.
        """
        if self.quoted is None:
            return changes
        lowest = np.where(np.isnan(self.quoted), -np.inf, -self.quoted)
        return np.maximum(changes, lowest[:, None])


@dataclass(frozen=True)
class ShardBook:
    """Every position of the shard's portfolios, one entry per position; NaN where not measured.

    `portfolio`: (positions,) index into the shard's portfolios. `exposure`: delta-adjusted dollars,
    signed. `betas`: (positions, factors) market-relative betas of the underlying. `rate_beta`:
    return per 1.00 of yield. `gamma`: unit gamma x quantity x multiplier of options, 0 for stock.
    `underlying_price`: dollars, used with gamma only. `contract`: (positions,) index into
    `contracts`, `STOCK` for stock. `units`: quantity x multiplier of options, ignored for stock.
    `portfolios`: how many portfolios the shard has, empty ones included. `given_returns`: decimal
    returns of the underlyings that a request gives, in place of what their sensitivities say; NaN
    where it gives none, None where it gives none at all.
    """

    portfolios: int
    portfolio: Indices
    symbols: Sequence[str]
    exposure: FloatArray
    betas: FloatArray
    rate_beta: FloatArray
    gamma: FloatArray
    underlying_price: FloatArray
    contract: Indices
    units: FloatArray
    contracts: Contracts
    given_returns: FloatArray | None = None

    @cached_property
    def given(self) -> FloatArray:
        """(positions,) the given returns, NaN where the sensitivities decide."""
        if self.given_returns is None:
            return np.full(len(self.exposure), np.nan)
        return self.given_returns

    @cached_property
    def options(self) -> BoolArray:
        """(positions,) True for options."""
        options: BoolArray = self.contract != STOCK
        return options

    @cached_property
    def repriced(self) -> BoolArray:
        """(positions,) True for options with everything that a price needs."""
        # The last entry is what STOCK points to.
        known: BoolArray = np.append(self.contracts.repriceable, False)
        repriced: BoolArray = known[self.contract] & ~np.isnan(self.units)
        return repriced

    def holder_of(self) -> Indices:
        """(contracts,) some position in each: what the underlying decides is the same in all."""
        holder = np.zeros(len(self.contracts.symbols), dtype=np.intp)
        places = np.flatnonzero(self.options)
        holder[self.contract[places]] = places
        return holder

    def by_portfolio(self, values: FloatArray) -> FloatArray:
        """(portfolios, ...) sums of `values` (positions, ...) by portfolio; NaN adds nothing."""
        totals = np.zeros((self.portfolios, *values.shape[1:]))
        order = np.argsort(self.portfolio, kind="stable")
        present, starts = np.unique(self.portfolio[order], return_index=True)
        if present.size:
            totals[present] = np.add.reduceat(np.nan_to_num(values)[order], starts, axis=0)
        return totals

    def positions_of(self, portfolios: Indices) -> Indices:
        """The places of the positions of these portfolios, ascending."""
        return np.flatnonzero(np.isin(self.portfolio, portfolios))

    def of_portfolios(self, chosen: Indices) -> "ShardBook":
        """The positions of the portfolios `chosen`, which are numbered in that order."""
        number = np.full(self.portfolios, -1, dtype=np.intp)
        number[chosen] = np.arange(len(chosen))
        part = self.of_positions(self.positions_of(chosen))
        return replace(part, portfolios=len(chosen), portfolio=number[part.portfolio])

    def of_positions(self, places: Indices) -> "ShardBook":
        """The positions at `places`, with the contracts they hold."""
        held, contract = np.unique(self.contract[places], return_inverse=True)
        stocks = int(np.count_nonzero(held == STOCK))  # 1 or 0: STOCK sorts first
        return ShardBook(
            portfolios=self.portfolios,
            portfolio=self.portfolio[places],
            symbols=[self.symbols[int(place)] for place in places],
            exposure=self.exposure[places],
            betas=self.betas[places],
            rate_beta=self.rate_beta[places],
            gamma=self.gamma[places],
            underlying_price=self.underlying_price[places],
            contract=contract.astype(np.intp) - stocks,
            units=self.units[places],
            contracts=self.contracts.take(held[stocks:]),
            given_returns=None if self.given_returns is None else self.given_returns[places],
        )


@dataclass(frozen=True)
class Holdings:
    """The positions of some portfolios on one session, and the factors they depend on.

    `position_ids` and `underlyings` (ticker) have one entry per position of `book`. `covariance`:
    (factors, factors) of market-relative daily returns, None unless every pair is stored.
    """

    as_of: date
    portfolio_ids: Sequence[UUID]
    position_ids: Sequence[UUID]
    underlyings: Sequence[str]
    book: ShardBook
    factors: Factors
    covariance: FloatArray | None

    def of_underlying(self, symbol: str) -> "Holdings":
        """The positions in this underlying and in options on it."""
        places = np.flatnonzero(np.array(self.underlyings, dtype=np.str_) == symbol)
        return replace(
            self,
            position_ids=[self.position_ids[int(place)] for place in places],
            underlyings=[symbol] * len(places),
            book=self.book.of_positions(places),
        )


@dataclass(frozen=True)
class Past:
    """Daily returns of the underlyings up to the session.

    `returns`: (symbols, sessions) simple returns, NaN where missing. `underlying`: (positions,)
    index into the symbols.
    """

    session_dates: Sequence[date]
    symbols: Sequence[str]
    returns: FloatArray
    underlying: Indices

    @cached_property
    def ids(self) -> list[UUID]:
        """What the returns of each symbol are stored under: the same returns, the same id."""
        digests = (sha256(row.tobytes()).digest() for row in self.returns)
        return [UUID(bytes=digest[:16]) for digest in digests]


@dataclass(frozen=True)
class Work:
    """Everything that a shard's stress tests need."""

    holdings: Holdings
    catalogue: Catalogue
    past: Past


@dataclass(frozen=True)
class PricedContract:
    """An option per share of contract, as greeks priced it; NaN where not measured.

    Greeks in their published units. `dividends`: USD per share and years to the ex-date. `quoted`:
    half way between bid and ask, USD per share.
    """

    symbol: str
    call: bool
    american: bool
    underlying_price: float
    strike: float
    years_to_expiry: float
    volatility: float
    rate: float
    dividend_yield: float
    dividends: tuple[tuple[float, float], ...]
    delta: float
    gamma: float
    theta: float
    vega: float
    rho: float
    quoted: float = np.nan


@dataclass(frozen=True)
class Candidate:
    """A share, or a contract (`option`), that may be bought and sold: from `lowest` to `highest`.

    `price`: USD per share, of contract too. `betas`: of the underlying, in the order of the
    factors; `rate_beta`: return per 1.00 of yield; NaN where not known.
    """

    symbol: str
    underlying: str
    price: float
    lowest: int
    highest: int
    betas: tuple[float, ...]
    rate_beta: float
    option: PricedContract | None


@dataclass(frozen=True)
class Surroundings:
    """What candidates are valued with: factors, their covariance, and the underlyings' returns.

    `returns`: (candidates, days), NaN where missing. `catalogue`: the scenarios of the portfolio.
    """

    factors: Factors
    covariance: FloatArray | None
    returns: FloatArray
    catalogue: Catalogue
