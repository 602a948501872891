"""The stress tests of one shard: the house's scenarios for everybody, users' own for their owners'
portfolios.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from services.stress.calculations.books import Book, Floats, Places
from services.stress.calculations.scenarios import Scenario
from services.stress.calculations.valuation import StressTest, stress_test

Owner = UUID | None


@dataclass(frozen=True)
class Plan:
    """Scenarios to evaluate on some of the shard's portfolios (their places in it)."""

    portfolios: Places
    scenarios: tuple[Scenario, ...]


@dataclass(frozen=True)
class Run:
    """What a plan gave; `portfolios` and `positions`: the places in the shard of those in
    `test`.
    """

    portfolios: Places
    positions: Places
    test: StressTest

    def position_pnl(self) -> Floats:
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
    house: Sequence[Scenario], owners: Sequence[Owner], own: Mapping[UUID, tuple[Scenario, ...]]
) -> list[Plan]:
    """One plan for all, and one per owner with scenarios of the owner's.

    `owners`: of each portfolio, None when unknown; `own`: scenarios by owner.
    """
    everybody = Plan(np.arange(len(owners)), tuple(house))
    return [
        everybody,
        *(Plan(_owned_by(user, owners), scenarios) for user, scenarios in own.items() if scenarios),
    ]


def _owned_by(user: Owner, owners: Sequence[Owner]) -> Places:
    return np.array([place for place, owner in enumerate(owners) if owner == user], dtype=np.intp)


def runs(
    book: Book, every: Sequence[Plan], factor_names: Sequence[str], covariance: Floats | None
) -> tuple[Run, ...]:
    """Every plan carried out, by `stress_test`."""
    found = []
    for plan in every:
        part, positions = book.of_portfolios(plan.portfolios)
        test = stress_test(part, plan.scenarios, factor_names, covariance)
        found.append(Run(plan.portfolios, positions, test))
    return tuple(found)
