"""Several portfolios added up: what adds up over portfolios, and what does not."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Amounts = Mapping[str, float]
MEASURES = ("dollar", "notional", "delta_adjusted")
SIDES = ("long", "short", "gross", "net")


@dataclass(frozen=True)
class ScenarioSum:
    """What a scenario makes of all portfolios by each method, and how many have a result."""

    scenario_id: str
    name: str
    direct: Decimal | None
    correlated: Decimal | None
    portfolios: int


def same_day(days: Iterable[date]) -> date | None:
    """The session that is added up: the last that any portfolio was valued on."""
    return max(days, default=None)


def amount_sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of those that are known; None where none is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def float_sum(values: Iterable[float | None]) -> float | None:
    """The same of floats."""
    known = [value for value in values if value is not None]
    return math.fsum(known) if known else None


def exposure_sums(exposures: Sequence[Mapping[str, Amounts]]) -> dict[str, dict[str, float]] | None:
    """Each side of each measure over all portfolios: a long and a short of two stay gross."""
    if not exposures:
        return None
    return {
        measure: {side: math.fsum(each[measure][side] for each in exposures) for side in SIDES}
        for measure in MEASURES
    }


def scenario_sums(
    results: Iterable[tuple[object, str, str, str, Decimal]],
) -> list[ScenarioSum]:
    """Every scenario over all portfolios, the largest loss first.

    A result: portfolio, scenario, its name, method and P&L. A portfolio without a result of the
    scenario counts nothing in it.
    """
    found: dict[str, dict[str, list[Decimal]]] = {}
    names: dict[str, str] = {}
    held: dict[str, set[object]] = {}
    for portfolio, scenario, name, method, pnl in results:
        names[scenario] = name
        found.setdefault(scenario, {}).setdefault(method, []).append(pnl)
        held.setdefault(scenario, set()).add(portfolio)
    sums = [
        ScenarioSum(
            scenario_id=scenario,
            name=names[scenario],
            direct=amount_sum(by_method.get("direct", ())),
            correlated=amount_sum(by_method.get("correlated", ())),
            portfolios=len(held[scenario]),
        )
        for scenario, by_method in found.items()
    ]
    return sorted(sums, key=_lowest_first)


def _lowest_first(each: ScenarioSum) -> tuple[Decimal, str]:
    pnl = each.correlated if each.correlated is not None else each.direct
    return (Decimal(0) if pnl is None else pnl), each.scenario_id
