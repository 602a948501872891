"""The stress tests of one shard: the house's for every portfolio, custom ones for their owner's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from services.stress.calculations.valuation import StressTest, stress_test
from services.stress.inputs import Indices, Scenario, ShardBook
from shared.arrays import FloatArray

Owner = UUID | None


@dataclass(frozen=True)
class Plan:
    """Scenarios to evaluate on some of the shard's portfolios (their places in it)."""

    portfolios: Indices
    scenarios: tuple[Scenario, ...]


@dataclass(frozen=True)
class Run:
    """The results of a plan; `portfolios` and `positions` are the places in the shard.

    `book` is the plan's part of the shard.
    """

    portfolios: Indices
    positions: Indices
    book: ShardBook
    test: StressTest

    def position_pnl(self) -> FloatArray:
        """(positions, methods x scenarios) dollars, in the order of `elements`."""
        return np.concatenate([each.positions for each in self.test.methods.values()], axis=1)

    def elements(self) -> list[tuple[str, str]]:
        """(scenario id, method) of each column of `position_pnl`."""
        return [
            (each.scenario_id, method)
            for method in self.test.methods
            for each in self.test.scenarios
        ]


def plans(
    house: Sequence[Scenario], owners: Sequence[Owner], custom: Mapping[UUID, tuple[Scenario, ...]]
) -> list[Plan]:
    """One plan for all portfolios, and one per user with custom scenarios.

    `owners`: of each portfolio, None when unknown; `custom`: scenarios by user.
    """
    for_all = Plan(np.arange(len(owners)), tuple(house))
    for_owners = [
        Plan(_owned_by(user, owners), scenarios) for user, scenarios in custom.items() if scenarios
    ]
    return [for_all, *for_owners]


def _owned_by(user: Owner, owners: Sequence[Owner]) -> Indices:
    return np.array([place for place, owner in enumerate(owners) if owner == user], dtype=np.intp)


def runs(
    book: ShardBook,
    every: Sequence[Plan],
    factor_ids: Sequence[str],
    covariance: FloatArray | None,
    correlated: bool = True,
    days: int = 0,
) -> tuple[Run, ...]:
    """Every plan carried out, by `stress_test`, while so many calendar days pass."""
    found = []
    for plan in every:
        part = book.of_portfolios(plan.portfolios)
        test = stress_test(part, plan.scenarios, factor_ids, covariance, correlated, days)
        found.append(Run(plan.portfolios, book.positions_of(plan.portfolios), part, test))
    return tuple(found)
