"""The books of a shard as columns, and what could not be measured about them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class Book:
    """Every position of the shard's portfolios, one entry per position; NaN says "not measured".

    `portfolio`: (positions,) index into the shard's portfolios. `exposure`: delta-adjusted dollars, signed.
    `betas`: (positions, factors) market-relative betas of the underlying. `rate_beta`: return per 1.00 of
    yield. `gamma`: unit gamma x quantity x multiplier of options, 0 for stock. `underlying_price`: dollars,
    used with gamma only. `portfolios`: how many portfolios the shard has, empty ones included.
    """

    portfolios: int
    portfolio: NDArray[np.intp]
    symbols: Sequence[str]
    exposure: Floats
    betas: Floats
    rate_beta: Floats
    gamma: Floats
    underlying_price: Floats

    def options(self) -> NDArray[np.intp]:
        """Positions with curvature: the only ones whose value is not linear in their underlying."""
        return np.flatnonzero(self.gamma * self.underlying_price)

    def by_portfolio(self, values: Floats) -> Floats:
        """(portfolios, ...) sums of `values` (positions, ...) within each portfolio; NaN adds nothing."""
        totals = np.zeros((self.portfolios, *values.shape[1:]))
        np.add.at(totals, self.portfolio, np.nan_to_num(values))
        return totals


@dataclass(frozen=True)
class Omission:
    """Positions of one portfolio that a number leaves out, and why (`code`, stable; `reason`, a sentence)."""

    code: str
    reason: str
    symbols: tuple[str, ...]


NO_EXPOSURE = ("no_exposure", "no price or no delta, so no exposure: left out")
NO_BETAS = ("no_betas", "no factor betas: left out of the factor shocks")
NO_RATE_SENSITIVITY = ("no_rate_sensitivity", "no rate sensitivity: left out of the rate shock")
NO_GAMMA = ("no_gamma", "no gamma or no underlying price: valued by delta alone")


@dataclass(frozen=True)
class Gaps:
    """Who lacks what: (positions,) flags."""

    exposure: Booleans
    betas: Booleans
    rate_beta: Booleans
    gamma: Booleans

    @classmethod
    def of(cls, book: Book) -> "Gaps":
        """The gaps of `book`; a position without exposure is counted under that alone."""
        unknown = np.isnan(book.exposure)
        return cls(
            unknown,
            np.isnan(book.betas).any(axis=1) & ~unknown,
            np.isnan(book.rate_beta) & ~unknown,
            np.isnan(book.gamma * book.underlying_price) & ~unknown,
        )

    def omissions(
        self, book: Book, portfolio: int, needs_betas: bool, needs_rates: bool
    ) -> tuple[Omission, ...]:
        """What one portfolio's result leaves out when it needs betas, rate sensitivities, or both."""
        flags = (
            (NO_EXPOSURE, self.exposure),
            (NO_BETAS, self.betas & needs_betas),
            (NO_RATE_SENSITIVITY, self.rate_beta & needs_rates),
            (NO_GAMMA, self.gamma),
        )
        mine = book.portfolio == portfolio
        named = ((kind, np.flatnonzero(flag & mine)) for kind, flag in flags)
        return tuple(
            Omission(*kind, tuple(book.symbols[int(i)] for i in places))
            for kind, places in named
            if places.size
        )
