"""Profit and loss of many books in many scenarios at once.

    stock   sum over factors of exposure x beta x shock + exposure x rate beta x rate shock
    option  quantity x multiplier x (value in the scenario - value now), the underlying moved by the
            same sum of beta x shock, rate and volatility by the scenario's; the difference to the
            sum is `nonlinear`

A loss is negative. Amounts are US dollars, rounded to whole cents at the level of a position's
part; a portfolio's amounts are sums of those, so they add up to the cent. Nothing is clipped: a
book may lose more than it is worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from services.stress.calculations.gaps import Gaps, caveat_of
from services.stress.calculations.money import whole_cents
from services.stress.calculations.repricing import beyond_zero, price_changes
from services.stress.calculations.shocks import Shocks, correlated_shocks, direct_shocks
from services.stress.inputs import Indices, Scenario, ShardBook
from shared.arrays import BoolArray, FloatArray
from shared.caveats import Caveat

Method = Literal["direct", "correlated"]
OPTION_VALUATION = "full"
BEYOND_ZERO = (
    "underlying_at_zero",
    "the shocks take the underlying to zero or below: options valued just above zero",
)


@dataclass(frozen=True)
class Impacts:
    """P&L in whole cents; by portfolio and scenario parts and positions add up to `total`.

    `positions`: (positions, scenarios), NaN where nothing was measured. `factors`: (portfolios,
    scenarios, factors); everything else: (portfolios, scenarios). `nonlinear`: full repricing less
    delta. `delta_gamma`: the total that options by delta and gamma would give. `coverage`: share
    (0..1) of gross exposure that had every input the scenario needs, NaN without gross exposure.
    `measured`: False where positions exist but none had its inputs, so that the amounts mean
    nothing. `beyond_zero`: (positions, scenarios) options whose underlying the shocks take to zero
    or below.
    """

    shocks: Shocks
    positions: FloatArray
    factors: FloatArray
    rates: FloatArray
    nonlinear: FloatArray
    delta_gamma: FloatArray
    coverage: FloatArray
    measured: BoolArray
    beyond_zero: BoolArray

    @cached_property
    def total(self) -> FloatArray:
        """Profit and loss: factor impacts + rate impact + non-linear part."""
        return whole_cents(self.factors.sum(axis=2) + self.rates + self.nonlinear)


@dataclass(frozen=True)
class StressTest:
    """Both methods for every scenario, and what they leave out.

    `correlated` is None when no covariance was measured. `caveats[portfolio][scenario]`, with a
    symbol for each position left out.
    """

    scenarios: tuple[Scenario, ...]
    direct: Impacts
    correlated: Impacts | None
    caveats: tuple[tuple[tuple[Caveat, ...], ...], ...]

    @property
    def methods(self) -> dict[Method, Impacts]:
        """What was measured, by method."""
        if self.correlated is None:
            return {"direct": self.direct}
        return {"direct": self.direct, "correlated": self.correlated}

    @cached_property
    def correlation_effect(self) -> FloatArray | None:
        """Correlated total - direct total: (portfolios, scenarios) dollars."""
        return (
            None
            if self.correlated is None
            else whole_cents(self.correlated.total - self.direct.total)
        )


def stress_test(
    book: ShardBook,
    every: Sequence[Scenario],
    factor_names: Sequence[str],
    covariance: FloatArray | None,
) -> StressTest:
    """Every scenario on every portfolio of `book`, whose beta columns are `factor_names`.

    `covariance`: (factors, factors) of the market-relative factor returns, None when it was not
    measured. Each distinct contract is repriced once per distinct shock of both methods.
    """
    methods = [direct_shocks(every, factor_names)]
    if covariance is not None:
        methods.append(correlated_shocks(every, factor_names, covariance))
    changes = np.split(contract_changes(book, Shocks.joined(methods)), len(methods), axis=1)
    impacts = [
        _impacts(book, shocks, change) for shocks, change in zip(methods, changes, strict=True)
    ]
    correlated = impacts[1] if covariance is not None else None
    return StressTest(tuple(every), impacts[0], correlated, _caveats(book, every, impacts))


def stressed_impacts(book: ShardBook, shocks: Shocks) -> Impacts:
    """What each shock does to each position and portfolio."""
    return _impacts(book, shocks, contract_changes(book, shocks))


def contract_changes(book: ShardBook, shocks: Shocks) -> FloatArray:
    """Change of value of each distinct contract: (contracts, scenarios) dollars per share."""
    distinct, place = shocks.distinct()
    holder = book.holder_of()
    returns = stressed_underlying_returns(book.betas[holder], book.rate_beta[holder], distinct)
    return price_changes(book.contracts, returns, distinct.rates, distinct.volatilities)[:, place]


def stressed_underlying_returns(
    betas: FloatArray, rate_beta: FloatArray, shocks: Shocks
) -> FloatArray:
    """Return of each position's underlying in each scenario: (positions, scenarios) decimals.

    r = sum over factors of beta x shock + rate beta x rate shock, over what is known of it: an
    unknown sensitivity adds nothing here, and the result names the position.
    """
    by_factor = np.nan_to_num(betas) @ shocks.factors.T
    returns: FloatArray = by_factor + np.nan_to_num(rate_beta)[:, None] * shocks.rates
    return returns


def _impacts(book: ShardBook, shocks: Shocks, changes: FloatArray) -> Impacts:
    """`changes`: (contracts, scenarios) dollars per share."""
    parts = _linear_parts(book, shocks)
    linear = whole_cents(parts.sum(axis=2))
    positions = linear.copy()
    repriced = book.repriced
    positions[repriced] = whole_cents(book.units[repriced, None] * changes[book.contract[repriced]])
    complete, some = _inputs(book, shocks)
    positions[~some] = np.nan
    by_part = whole_cents(book.by_portfolio(parts))
    coverage, measured = _coverage(book, complete, some)
    returns = stressed_underlying_returns(book.betas, book.rate_beta, shocks)
    return Impacts(
        shocks=shocks,
        positions=positions,
        factors=by_part[:, :, :-1],
        rates=by_part[:, :, -1],
        nonlinear=whole_cents(book.by_portfolio(positions - linear)),
        delta_gamma=whole_cents(book.by_portfolio(linear + _curvature(book, returns))),
        coverage=coverage,
        measured=measured,
        beyond_zero=beyond_zero(returns) & book.options[:, None],
    )


def _linear_parts(book: ShardBook, shocks: Shocks) -> FloatArray:
    """(positions, scenarios, factors + rate) whole cents, 0 where an input is unknown."""
    sensitivities = np.nan_to_num(
        book.exposure[:, None] * np.column_stack([book.betas, book.rate_beta])
    )
    moves = np.column_stack([shocks.factors, shocks.rates])
    return whole_cents(sensitivities[:, None, :] * moves[None, :, :])


def _curvature(book: ShardBook, returns: FloatArray) -> FloatArray:
    """The second-order part of options, 1/2 gamma (S r)^2: (positions, scenarios) dollars."""
    moves = np.nan_to_num(book.underlying_price)[:, None] * returns
    return whole_cents(0.5 * np.nan_to_num(book.gamma)[:, None] * moves**2)


def _inputs(book: ShardBook, shocks: Shocks) -> tuple[BoolArray, BoolArray]:
    """(every input the scenario needs, at least one of them) by position and scenario."""
    known = ~np.isnan(np.column_stack([book.betas, book.rate_beta]))
    needed = np.column_stack([shocks.factors, shocks.rates]) != 0.0
    missing = (~known).astype(np.intp) @ needed.T.astype(np.intp)
    wanted = needed.sum(axis=1)
    exposed = ~np.isnan(book.exposure)[:, None]
    return exposed & (missing == 0), exposed & ((missing < wanted) | (wanted == 0))


def _coverage(
    book: ShardBook, complete: BoolArray, some: BoolArray
) -> tuple[FloatArray, BoolArray]:
    """By portfolio and scenario (share of gross exposure with every input, anything measured)."""
    gross = book.by_portfolio(np.abs(book.exposure))[:, None]
    covered = book.by_portfolio(np.abs(book.exposure)[:, None] * complete)
    with np.errstate(invalid="ignore"):
        share = covered / gross
    positions = book.by_portfolio(np.ones(len(book.exposure)))[:, None]
    return share, (positions == 0) | (book.by_portfolio(some.astype(np.float64)) > 0)


def _caveats(
    book: ShardBook, every: Sequence[Scenario], impacts: Sequence[Impacts]
) -> tuple[tuple[tuple[Caveat, ...], ...], ...]:
    gaps = Gaps.of(book)
    kinds = [(bool(each.shocks), each.rate_shock is not None) for each in every]
    extreme = np.any([each.beyond_zero for each in impacts], axis=0)
    found = []
    for portfolio in range(book.portfolios):
        by_kind = {kind: gaps.caveats(book, portfolio, *kind) for kind in set(kinds)}
        mine = np.flatnonzero((book.portfolio == portfolio) & extreme.any(axis=1))
        found.append(
            tuple(
                by_kind[kind] + _extremes(book, mine[extreme[mine, s]])
                for s, kind in enumerate(kinds)
            )
        )
    return tuple(found)


def _extremes(book: ShardBook, places: Indices) -> tuple[Caveat, ...]:
    return (caveat_of(BEYOND_ZERO, book, places),) if places.size else ()
