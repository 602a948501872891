"""The books of a shard as columns, and what could not be measured about them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Places = NDArray[np.intp]

STOCK = -1


@dataclass(frozen=True)
class Contracts:
    """The distinct option contracts of the shard, one entry each; NaN says "not measured".

    Prices and strikes in dollars per share, years to expiry, `volatility`, `rate` and
    `dividend_yield` in decimals per year. `american`: exercised whenever it pays, else at expiry
    only.
    """

    symbols: NDArray[np.str_]
    call: Booleans
    american: Booleans
    underlying_price: Floats
    strike: Floats
    years_to_expiry: Floats
    volatility: Floats
    rate: Floats
    dividend_yield: Floats

    @property
    def expired(self) -> Booleans:
        """Settled at the close of the session: no later move reaches them."""
        return self.years_to_expiry <= 0.0

    @property
    def repriceable(self) -> Booleans:
        """With everything that a price needs, or settled."""
        inputs = np.array([self.years_to_expiry, self.rate, self.dividend_yield])
        sensible = (
            np.isfinite(inputs).all(axis=0)
            & (self.underlying_price > 0.0)
            & (self.volatility >= 0.0)
        )
        known: Booleans = sensible | self.expired
        return known

    def take(self, chosen: Places | Booleans) -> "Contracts":
        """The chosen contracts, in that order."""
        return Contracts(
            **{field.name: getattr(self, field.name)[chosen] for field in fields(self)}
        )


@dataclass(frozen=True)
class Book:
    """Every position of the shard's portfolios, one entry per position; NaN says "not measured".

    `portfolio`: (positions,) index into the shard's portfolios. `exposure`: delta-adjusted dollars,
    signed. `betas`: (positions, factors) market-relative betas of the underlying. `rate_beta`:
    return per 1.00 of yield. `gamma`: unit gamma x quantity x multiplier of options, 0 for stock.
    `underlying_price`: dollars, used with gamma only. `contract`: (positions,) index into
    `contracts`, `STOCK` for stock. `units`: quantity x multiplier of options, not looked at for
    stock. `portfolios`: how many portfolios the shard has, empty ones included.
    """

    portfolios: int
    portfolio: Places
    symbols: Sequence[str]
    exposure: Floats
    betas: Floats
    rate_beta: Floats
    gamma: Floats
    underlying_price: Floats
    contract: Places
    units: Floats
    contracts: Contracts

    @cached_property
    def options(self) -> Booleans:
        """(positions,) True for options."""
        options: Booleans = self.contract != STOCK
        return options

    @cached_property
    def repriced(self) -> Booleans:
        """(positions,) True for options with everything that a price needs."""
        known: Booleans = np.append(
            self.contracts.repriceable, False
        )  # the last entry is what STOCK points to
        repriced: Booleans = known[self.contract] & ~np.isnan(self.units)
        return repriced

    def holder_of(self) -> Places:
        """(contracts,) some position in each contract: what depends on the underlying is the same
        in all.
        """
        holder = np.zeros(len(self.contracts.symbols), dtype=np.intp)
        places = np.flatnonzero(self.options)
        holder[self.contract[places]] = places
        return holder

    def by_portfolio(self, values: Floats) -> Floats:
        """(portfolios, ...) sums of `values` (positions, ...) within each portfolio; NaN adds
        nothing.
        """
        totals = np.zeros((self.portfolios, *values.shape[1:]))
        order = np.argsort(self.portfolio, kind="stable")
        present, starts = np.unique(self.portfolio[order], return_index=True)
        if present.size:
            totals[present] = np.add.reduceat(np.nan_to_num(values)[order], starts, axis=0)
        return totals

    def of_portfolios(self, chosen: Places) -> tuple["Book", Places]:
        """(the book of the portfolios `chosen`, numbered in that order; the places of its positions
        in this).
        """
        number = np.full(self.portfolios, -1, dtype=np.intp)
        number[chosen] = np.arange(len(chosen))
        places = np.flatnonzero(number[self.portfolio] >= 0)
        held, contract = np.unique(self.contract[places], return_inverse=True)
        stocks = int(np.count_nonzero(held == STOCK))  # 1 or 0: STOCK sorts first
        book = Book(
            portfolios=len(chosen),
            portfolio=number[self.portfolio[places]],
            symbols=[self.symbols[int(place)] for place in places],
            exposure=self.exposure[places],
            betas=self.betas[places],
            rate_beta=self.rate_beta[places],
            gamma=self.gamma[places],
            underlying_price=self.underlying_price[places],
            contract=contract.astype(np.intp) - stocks,
            units=self.units[places],
            contracts=self.contracts.take(held[stocks:]),
        )
        return book, places


@dataclass(frozen=True)
class Omission:
    """Positions of one portfolio that a number leaves out, and why (`code`, stable; `reason`, a
    sentence).
    """

    code: str
    reason: str
    symbols: tuple[str, ...]


NO_EXPOSURE = ("no_exposure", "no price or no delta, so no exposure: left out")
NO_BETAS = ("no_betas", "no factor betas: left out of the factor shocks")
NO_RATE_SENSITIVITY = ("no_rate_sensitivity", "no rate sensitivity: left out of the rate shock")
NOT_REPRICED = (
    "not_repriced",
    "no volatility, rate or underlying price to reprice with: valued by delta alone",
)


@dataclass(frozen=True)
class Gaps:
    """Who lacks what: (positions,) flags."""

    exposure: Booleans
    betas: Booleans
    rate_beta: Booleans
    inputs: Booleans

    @classmethod
    def of(cls, book: Book) -> "Gaps":
        """The gaps of `book`; a position without exposure is counted under that alone."""
        unknown = np.isnan(book.exposure)
        return cls(
            unknown,
            np.isnan(book.betas).any(axis=1) & ~unknown,
            np.isnan(book.rate_beta) & ~unknown,
            book.options & ~book.repriced & ~unknown,
        )

    def omissions(
        self, book: Book, portfolio: int, needs_betas: bool, needs_rates: bool
    ) -> tuple[Omission, ...]:
        """What one portfolio's result leaves out when it needs betas, rate sensitivities, or
        both.
        """
        flags = (
            (NO_EXPOSURE, self.exposure),
            (NO_BETAS, self.betas & needs_betas),
            (NO_RATE_SENSITIVITY, self.rate_beta & needs_rates),
            (NOT_REPRICED, self.inputs),
        )
        mine = book.portfolio == portfolio
        named = ((kind, np.flatnonzero(flag & mine)) for kind, flag in flags)
        return tuple(
            Omission(*kind, tuple(book.symbols[int(i)] for i in places))
            for kind, places in named
            if places.size
        )
