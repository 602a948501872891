"""Scenarios on one portfolio, as a user asks for them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from services.stress.calculations.requested import Applied, not_held, with_given_returns
from services.stress.calculations.results import (
    Amounts,
    Moves,
    as_specified,
    every_floored,
    factor_impacts,
    moves_of,
)
from services.stress.calculations.runs import Plan, Run, runs
from services.stress.calculations.scenarios import valuable
from services.stress.calculations.shard import left_out, uncorrelated, unvalued
from services.stress.calculations.valuation import Method
from services.stress.inputs import Holdings, Indices, Scenario
from shared.arrays import FloatArray
from shared.caveats import Caveat

# Of all outcomes together: an answer stays well below the bus's limit of a megabyte.
LISTED_POSITIONS = 8_000
METHODS: dict[str, Sequence[Method]] = {
    "direct": ("direct",),
    "correlated": ("correlated",),
    "comprehensive": ("direct", "correlated"),
}
WHAT_IF = "what_if"  # the id of a scenario that only the request describes
STILL = Scenario(WHAT_IF, "What if", "Given in the request.", "custom", "moderate", {})


@dataclass(frozen=True)
class Impact:
    """What a scenario does to one position, in dollars; NaN when the position was left out."""

    position_id: UUID
    symbol: str
    pnl: float


@dataclass(frozen=True)
class Outcome:
    """One scenario by one method in dollars; NaN where nothing was measured.

    `coverage`: share (0..1) of gross exposure that had every input. `positions`: the largest
    impacts first; `pnl_not_shown` is the sum of the others.
    """

    scenario: Scenario
    method: Method
    total_pnl: float
    volatility_pnl: float
    nonlinear: float
    delta_gamma_pnl: float
    correlation_effect: float
    coverage: float
    factor_impacts: dict[str, float]
    moves: Moves
    floored: dict[str, float]
    specified: dict[str, object] | None
    caveats: tuple[Caveat, ...]
    positions: tuple[Impact, ...]
    positions_not_shown: int
    pnl_not_shown: float


@dataclass(frozen=True)
class Request:
    """What a user requests beside the scenarios.

    `shown`: positions in each outcome at most. `underlyings`: decimal returns by symbol, in place
    of what the factors make of them. `days`: calendar days that pass.
    """

    methods: Sequence[Method]
    shown: int
    underlyings: Mapping[str, float] = field(default_factory=dict)
    days: int = 0


@dataclass(frozen=True)
class WhatIf:
    """Scenario by scenario, direct before correlated."""

    outcomes: tuple[Outcome, ...]
    caveats: tuple[Caveat, ...]
    applied: Applied


def what_if(holdings: Holdings, every: Sequence[Scenario], request: Request) -> WhatIf:
    """The outcomes by the chosen methods.

    Without a covariance there are no correlated outcomes, and a caveat says so. `holdings` are of
    one portfolio.
    """
    methods = request.methods
    correlated = "correlated" in methods
    ids = holdings.factors.ids
    scenarios, set_aside = valuable(every, ids)
    plan = Plan(np.arange(1), scenarios)
    book = with_given_returns(holdings, request.underlyings)
    [run] = runs(book, [plan], ids, holdings.covariance, correlated, request.days)
    missing = uncorrelated(holdings.covariance) if correlated else ()
    unknown = not_held(holdings, request.underlyings)
    return WhatIf(
        outcomes=tuple(_outcomes(holdings, run, methods, request.shown)),
        caveats=(*left_out([run]), *missing, *unvalued(set_aside), *unknown),
        applied=Applied.of(holdings, request.underlyings, request.days),
    )


def _outcomes(
    holdings: Holdings, run: Run, methods: Sequence[Method], shown: int
) -> Iterator[Outcome]:
    ids = holdings.factors.ids
    measured = [method for method in run.test.methods if method in methods]
    listed = min(shown, LISTED_POSITIONS // max(len(measured) * len(run.test.scenarios), 1))
    amounts = {method: Amounts.of(run.test, method) for method in measured}
    moves = {method: moves_of(run.test, method, ids) for method in measured}
    floored = {method: every_floored(run.book, run.test.methods[method]) for method in measured}
    for place, scenario in enumerate(run.test.scenarios):
        for method in measured:
            impacts = run.test.methods[method]
            pnl = impacts.positions[:, place]
            order = np.argsort(-np.abs(np.nan_to_num(pnl)), kind="stable")
            yield Outcome(
                scenario=scenario,
                method=method,
                **amounts[method].at(0, place),
                factor_impacts=factor_impacts(impacts, 0, place, ids),
                moves=moves[method][place],
                floored=floored[method][place],
                specified=as_specified(run.test, method, 0, place, ids),
                caveats=run.test.caveats[0][place],
                positions=_impacts(holdings, pnl, order[:listed]),
                positions_not_shown=len(order[listed:]),
                pnl_not_shown=float(np.nansum(pnl[order[listed:]])),
            )


def _impacts(holdings: Holdings, pnl: FloatArray, places: Indices) -> tuple[Impact, ...]:
    return tuple(
        Impact(holdings.position_ids[place], holdings.book.symbols[place], float(pnl[place]))
        for place in places
    )
