"""Profit and loss of many books in many scenarios at once.

    stock   sum over factors of exposure x beta x shock + exposure x rate beta x rate shock
    option  quantity x multiplier x (value in the scenario - value now), the underlying moved by
            the same sum of beta x shock, rate and volatility by the scenario's; `volatility` is
            what the move of volatility makes, the rest of the difference to the sum `nonlinear`

An underlying whose return a request gives (`ShardBook.given`) moves by that instead, in every
scenario: its part is `single_names`. Where days pass, what that makes of the options, after all
else moved, is the part `time`.

No price falls below zero: a fall of more than 100 % is one of 100 %, `nonlinear` holds the
difference and `floored` names it. A loss is negative. Amounts are US dollars, rounded to whole
cents at the level of a position's part; a portfolio's amounts are sums of those, so they add up to
the cent. Nothing else is clipped: a portfolio may lose more than it is worth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Literal, Self

import numpy as np

from services.stress.calculations.gaps import Gaps, Kind, caveat_of
from services.stress.calculations.repricing import States, price_changes
from services.stress.calculations.shocks import (
    Shocks,
    correlated_shocks,
    direct_shocks,
    plausibility,
)
from services.stress.inputs import Indices, Scenario, ShardBook
from shared.arrays import BoolArray, FloatArray
from shared.caveats import Caveat
from shared.quant.cents import whole_cents
from shared.quant.columnwise import columnwise_product

Method = Literal["direct", "correlated"]
OPTION_VALUATION = "full"
SINGLE_NAMES = "single_names"
TIME = "time"
AT_ZERO: Kind = (
    "price_at_zero",
    "the shocks take the price below zero: it stops there, and `floored` is what that takes away",
)


@dataclass(frozen=True)
class Impacts:
    """P&L in whole cents; by portfolio and scenario parts and positions add up to `total`.

    `positions`: (positions, scenarios), NaN where nothing was measured. `factors`: (portfolios,
    scenarios, factors); everything else: (portfolios, scenarios). `volatility`: what the move of
    implied volatility makes. `requested`: by name, the parts that only requests have (given returns
    of single names, days that pass). `nonlinear`: full repricing, and prices that stop at zero,
    less delta and less `volatility` and what is requested. `delta_gamma`: the total that options by
    delta and gamma would give. `coverage`: share (0..1) of gross exposure that had every input the
    scenario needs, NaN without gross exposure. `measured`: False where positions exist but none had
    its inputs, so that the amounts mean nothing. `floored`: (positions, scenarios) dollars that the
    linear sum is changed by where the shocks take the price of the stock or the underlying below
    zero, 0 elsewhere.
    """

    shocks: Shocks
    positions: FloatArray
    factors: FloatArray
    rates: FloatArray
    volatility: FloatArray
    nonlinear: FloatArray
    delta_gamma: FloatArray
    coverage: FloatArray
    measured: BoolArray
    floored: FloatArray
    requested: Mapping[str, FloatArray]

    @cached_property
    def total(self) -> FloatArray:
        """Profit and loss: the impacts of factors, rate, volatility and request + non-linear."""
        parts = (self.rates, self.volatility, *self.requested.values(), self.nonlinear)
        return whole_cents(self.factors.sum(axis=2) + sum(parts))

    def of_scenarios(self, chosen: slice) -> Self:
        """The impacts of some of the scenarios."""
        names = [each.name for each in fields(self) if each.name not in ("shocks", "requested")]
        parts = {name: getattr(self, name)[:, chosen] for name in names}
        requested = {name: each[:, chosen] for name, each in self.requested.items()}
        return replace(self, shocks=self.shocks.of_scenarios(chosen), requested=requested, **parts)


@dataclass(frozen=True)
class StressTest:
    """Both methods for every scenario, and what they leave out.

    A scenario whose window was measured is valued by what was measured; `as_specified` values the
    same ones by the shocks they specify, by method, in the order of `specified` (their ids).
    `correlated` is None when no covariance was measured. `plausibility`: (scenarios,) and, of those
    as specified, `specified_plausibility`. `caveats[portfolio][scenario]`, with a symbol for each
    position left out.
    """

    scenarios: tuple[Scenario, ...]
    direct: Impacts
    correlated: Impacts | None
    plausibility: FloatArray
    specified: tuple[str, ...]
    as_specified: Mapping[Method, Impacts]
    specified_plausibility: FloatArray
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
    factor_ids: Sequence[str],
    covariance: FloatArray | None,
    correlated: bool = True,
    days: int = 0,
) -> StressTest:
    """Every scenario on every portfolio of `book`, whose beta columns are `factor_ids`.

    `covariance`: (factors, factors) of the market-relative factor returns, None when it was not
    measured. `correlated`: whether by that method, too. `days`: calendar days that pass. Each
    distinct contract is repriced once per distinct shock of all methods.
    """
    specified = [each for each in every if each.measured]
    valued = [*(each.headline for each in every), *specified]
    shocks: dict[Method, Shocks] = {"direct": direct_shocks(valued, factor_ids)}
    if correlated and covariance is not None:
        shocks["correlated"] = correlated_shocks(valued, factor_ids, covariance)
    impacts = dict(zip(shocks, _all_impacts(book, list(shocks.values()), days), strict=True))
    distances = plausibility(valued, factor_ids, covariance)
    headline = slice(len(every))
    beside = slice(len(every), None)
    methods = {method: each.of_scenarios(headline) for method, each in impacts.items()}
    return StressTest(
        scenarios=tuple(every),
        direct=methods["direct"],
        correlated=methods.get("correlated"),
        plausibility=distances[headline],
        specified=tuple(each.scenario_id for each in specified),
        as_specified={method: each.of_scenarios(beside) for method, each in impacts.items()},
        specified_plausibility=distances[beside],
        caveats=_caveats(book, [each.headline for each in every], list(methods.values())),
    )


def stressed_impacts(book: ShardBook, shocks: Shocks, days: int = 0) -> Impacts:
    """What each shock does to each position and portfolio, while so many days pass."""
    [impacts] = _all_impacts(book, [shocks], days)
    return impacts


@dataclass(frozen=True)
class _Changes:
    """Changes of value of the contracts, (contracts, scenarios) dollars per share.

    `still`: volatilities stay; `today`: they move; `later`: and days pass, None where none do.
    """

    still: FloatArray
    today: FloatArray
    later: FloatArray | None


def _all_impacts(book: ShardBook, methods: Sequence[Shocks], days: int) -> list[Impacts]:
    """The impacts by each method; options are priced with and without the move of volatility."""
    still = [each.at_still_volatility() for each in methods]
    count = len(methods)
    today = np.split(contract_changes(book, Shocks.joined([*methods, *still])), 2 * count, axis=1)
    later: Sequence[FloatArray | None] = [None] * count
    if days:
        later = np.split(contract_changes(book, Shocks.joined(methods), days), count, axis=1)
    changes = zip(today[count:], today[:count], later, strict=True)
    return [
        _impacts(book, shocks, _Changes(*each))
        for shocks, each in zip(methods, changes, strict=True)
    ]


def contract_changes(book: ShardBook, shocks: Shocks, days: int = 0) -> FloatArray:
    """Change of value of each distinct contract: (contracts, scenarios) dollars per share."""
    distinct, place = shocks.distinct()
    returns = _position_returns(book, distinct)[book.holder_of()]
    passed = np.full(len(distinct.rates), float(days))
    states = States(distinct.rates, distinct.volatilities, passed)
    return price_changes(book.contracts, returns, states)[:, place]


def _position_returns(book: ShardBook, shocks: Shocks) -> FloatArray:
    """(positions, scenarios) of the underlyings: given ones, else by their sensitivities."""
    returns = stressed_underlying_returns(book.betas, book.rate_beta, shocks)
    given = book.given[:, None]
    return np.where(np.isnan(given), returns, given)


def stressed_underlying_returns(
    betas: FloatArray, rate_beta: FloatArray, shocks: Shocks
) -> FloatArray:
    """Return of each position's underlying in each scenario: (positions, scenarios) decimals.

    r = sum over factors of beta x shock + rate beta x rate shock, over what is known of it: an
    unknown sensitivity adds nothing here, and the result names the position.
    """
    by_factor = columnwise_product(shocks.factors, np.nan_to_num(betas).T).T
    returns = by_factor + np.nan_to_num(rate_beta)[:, None] * shocks.rates
    return np.ascontiguousarray(returns)


def _impacts(book: ShardBook, shocks: Shocks, changes: _Changes) -> Impacts:
    parts = _linear_parts(book, shocks)
    linear = whole_cents(parts.sum(axis=2))
    returns = _position_returns(book, shocks)
    floored = _floored(book, linear)
    unpriced = whole_cents(linear + floored)
    today = _repriced(book, changes.today, unpriced)
    volatility = today - _repriced(book, changes.still, unpriced)
    positions = today if changes.later is None else _repriced(book, changes.later, unpriced)
    time = positions - today
    complete, some = _inputs(book, shocks)
    positions = np.where(some, positions, np.nan)
    by_part = whole_cents(book.by_portfolio(parts))
    requested: dict[str, FloatArray] = {}
    if book.given_returns is not None:
        requested[SINGLE_NAMES] = by_part[:, :, -1]
    if changes.later is not None:
        requested[TIME] = whole_cents(book.by_portfolio(time))
    coverage, measured = _coverage(book, complete, some)
    return Impacts(
        shocks=shocks,
        positions=positions,
        factors=by_part[:, :, :-2],
        rates=by_part[:, :, -2],
        volatility=whole_cents(book.by_portfolio(volatility)),
        nonlinear=whole_cents(book.by_portfolio(positions - linear - volatility - time)),
        delta_gamma=whole_cents(book.by_portfolio(linear + _curvature(book, returns))),
        coverage=coverage,
        measured=measured,
        floored=floored,
        requested=requested,
    )


def _repriced(book: ShardBook, changes: FloatArray, otherwise: FloatArray) -> FloatArray:
    """(positions, scenarios) whole cents: options by `changes`, what is not repriced otherwise."""
    amounts = otherwise.copy()
    repriced = book.repriced
    by_position = book.units[repriced, None] * changes[book.contract[repriced]]
    amounts[repriced] = whole_cents(by_position)
    return amounts


def _floored(book: ShardBook, linear: FloatArray) -> FloatArray:
    """(positions, scenarios) whole cents that bring `linear` to a return of -100 % at the least."""
    exposure = np.nan_to_num(book.exposure)[:, None]
    all_lost = whole_cents(-exposure)
    beyond = (linear - all_lost) * np.sign(exposure) < 0.0
    return whole_cents(np.where(beyond, all_lost - linear, 0.0))


def _linear_parts(book: ShardBook, shocks: Shocks) -> FloatArray:
    """(positions, scenarios, factors + rate + given) whole cents, 0 where an input is unknown."""
    by_factors = np.isnan(book.given)[:, None]
    sensitivities = np.column_stack([book.betas, book.rate_beta])
    returns = np.column_stack([np.where(by_factors, sensitivities, 0.0), book.given])
    exposed = np.nan_to_num(book.exposure[:, None] * returns)
    moves = np.column_stack([shocks.factors, shocks.rates, np.ones(len(shocks.rates))])
    return whole_cents(exposed[:, None, :] * moves[None, :, :])


def _curvature(book: ShardBook, returns: FloatArray) -> FloatArray:
    """The second-order part of options, 1/2 gamma (S r)^2: (positions, scenarios) dollars."""
    moves = np.nan_to_num(book.underlying_price)[:, None] * returns
    return whole_cents(0.5 * np.nan_to_num(book.gamma)[:, None] * moves**2)


def _inputs(book: ShardBook, shocks: Shocks) -> tuple[BoolArray, BoolArray]:
    """(every input the scenario needs, at least one of them) by position and scenario."""
    known = ~np.isnan(np.column_stack([book.betas, book.rate_beta]))
    known |= ~np.isnan(book.given)[:, None]
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
    at_zero = np.any([each.floored != 0.0 for each in impacts], axis=0)
    found = []
    for portfolio in range(book.portfolios):
        by_kind = {kind: gaps.caveats(book, portfolio, *kind) for kind in set(kinds)}
        mine = np.flatnonzero((book.portfolio == portfolio) & at_zero.any(axis=1))
        found.append(
            tuple(
                by_kind[kind] + _at_zero(book, mine[at_zero[mine, s]])
                for s, kind in enumerate(kinds)
            )
        )
    return tuple(found)


def _at_zero(book: ShardBook, places: Indices) -> tuple[Caveat, ...]:
    return (caveat_of(AT_ZERO, book, places),) if places.size else ()
