"""Profit and loss of many books in many scenarios at once.

    total = sum over factors of dollar exposure x shock
            + sum over positions of exposure x rate beta x rate shock
            + the options' non-linear part

A loss is negative. Amounts are US dollars. Nothing is clipped: a book may lose more than it is worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.stress.calculations.books import Book, Floats, Gaps, Omission
from services.stress.calculations.scenarios import Scenario
from services.stress.calculations.shocks import Shocks, correlated_shocks, direct_shocks

OPTION_VALUATION = "delta_gamma"


@dataclass(frozen=True)
class Impacts:
    """Dollars by portfolio and scenario; the parts add up to `total`.

    `factors`: (portfolios, scenarios, factors); everything else: (portfolios, scenarios). `coverage`: share
    (0..1) of gross exposure that had every input the scenario needs, NaN without gross exposure. `measured`:
    False where positions exist but none had its inputs, so that the amounts mean nothing.
    """

    shocks: Shocks
    factors: Floats
    rates: Floats
    nonlinear: Floats
    coverage: Floats
    measured: NDArray[np.bool_]

    @cached_property
    def total(self) -> Floats:
        """Profit and loss: factor impacts + rate impact + non-linear part."""
        summed: Floats = self.factors.sum(axis=2) + self.rates + self.nonlinear
        return summed


@dataclass(frozen=True)
class StressTest:
    """Both methods for every scenario, and what they leave out.

    `correlated` is None when no covariance was measured. `omissions[portfolio][scenario]`.
    """

    scenarios: tuple[Scenario, ...]
    direct: Impacts
    correlated: Impacts | None
    omissions: tuple[tuple[tuple[Omission, ...], ...], ...]

    @property
    def methods(self) -> dict[str, Impacts]:
        """What was measured, by method."""
        return {"direct": self.direct} | ({"correlated": self.correlated} if self.correlated else {})

    @cached_property
    def correlation_effect(self) -> Floats | None:
        """Correlated total - direct total: (portfolios, scenarios) dollars."""
        return None if self.correlated is None else self.correlated.total - self.direct.total


def stress_test(
    book: Book, every: Sequence[Scenario], factor_names: Sequence[str], covariance: Floats | None
) -> StressTest:
    """Every scenario on every portfolio of `book`, whose beta columns are `factor_names`.

    `covariance`: (factors, factors) of the market-relative factor returns, None when it was not measured.
    """
    direct = stressed_impacts(book, direct_shocks(every, factor_names))
    correlated = (
        None
        if covariance is None
        else stressed_impacts(book, correlated_shocks(every, factor_names, covariance))
    )
    return StressTest(tuple(every), direct, correlated, _omissions(book, every))


def stressed_impacts(book: Book, shocks: Shocks) -> Impacts:
    """What each shock does to each portfolio."""
    dollar_exposures = book.by_portfolio(book.exposure[:, None] * book.betas)
    rate_exposures = book.by_portfolio(book.exposure * book.rate_beta)
    coverage, measured = _coverage(book, shocks)
    return Impacts(
        shocks,
        dollar_exposures[:, None, :] * shocks.factors[None, :, :],
        rate_exposures[:, None] * shocks.rates[None, :],
        _nonlinear(book, shocks),
        coverage,
        measured,
    )


def stressed_underlying_returns(betas: Floats, rate_beta: Floats, shocks: Shocks) -> Floats:
    """Return of each position's underlying in each scenario: (positions, scenarios) decimals.

    r = sum over factors of beta x shock + rate beta x rate shock; NaN where an input that the scenario needs
    is missing. Full repricing of options starts here.
    """
    by_factor = _product(betas[:, None, :], shocks.factors[None, :, :]).sum(axis=2)
    returns: Floats = by_factor + _product(rate_beta[:, None], shocks.rates[None, :])
    return returns


def _nonlinear(book: Book, shocks: Shocks) -> Floats:
    """The options' second-order part, 1/2 gamma (S r)^2: (portfolios, scenarios) dollars."""
    options = book.options()
    moves = book.underlying_price[options, None] * stressed_underlying_returns(
        book.betas[options], book.rate_beta[options], shocks
    )
    curvature = np.zeros((book.portfolios, len(shocks.rates)))
    np.add.at(curvature, book.portfolio[options], np.nan_to_num(0.5 * book.gamma[options, None] * moves**2))
    return curvature


def _product(sensitivity: Floats, shock: Floats) -> Floats:
    """Sensitivity x shock, where no shock means no effect even if the sensitivity is unknown."""
    return np.where(shock == 0, 0.0, sensitivity * shock)


def _coverage(book: Book, shocks: Shocks) -> tuple[Floats, NDArray[np.bool_]]:
    """(share of gross exposure with every input, whether anything was measured) by portfolio, scenario."""
    has_inputs = ~np.isnan(
        book.exposure[:, None] * stressed_underlying_returns(book.betas, book.rate_beta, shocks)
    )
    gross = book.by_portfolio(np.abs(book.exposure))[:, None]
    covered = book.by_portfolio(np.abs(book.exposure)[:, None] * has_inputs)
    with np.errstate(invalid="ignore"):
        share = covered / gross
    positions = book.by_portfolio(np.ones(len(book.exposure)))[:, None]
    return share, (positions == 0) | (book.by_portfolio(has_inputs.astype(np.float64)) > 0)


def _omissions(book: Book, every: Sequence[Scenario]) -> tuple[tuple[tuple[Omission, ...], ...], ...]:
    gaps = Gaps.of(book)
    kinds = [(bool(each.shocks), each.rate_shock is not None) for each in every]
    found = [
        {kind: gaps.omissions(book, index, *kind) for kind in set(kinds)} for index in range(book.portfolios)
    ]
    return tuple(tuple(by_kind[kind] for kind in kinds) for by_kind in found)
