"""Portfolios by scenario: one cell each with both methods, and sums over portfolios."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from services.gateway.analytics.shapes.summary import amount_sum
from services.gateway.edge.shapes import share_of

Cells = Mapping[tuple[UUID, str], "Cell"]


@dataclass(frozen=True)
class Result:
    """A scenario's result for a portfolio by one method, USD."""

    portfolio_id: UUID
    scenario_id: str
    method: str
    total_pnl: Decimal | None
    stated: float | None
    headline: str
    plausibility: float | None


@dataclass(frozen=True)
class Cell:
    """Both methods of one scenario for one portfolio; None where there is no result."""

    scenario_id: str
    direct: Decimal | None = None
    correlated: Decimal | None = None
    share_of_nav: float | None = None
    stated: float | None = None
    headline: str | None = None
    plausibility: float | None = None


@dataclass(frozen=True)
class Total:
    """What a scenario makes of several portfolios, and how many have a result in it."""

    direct: Decimal | None
    correlated: Decimal | None
    share_of_nav: float | None
    portfolios: int

    @property
    def rank(self) -> tuple[bool, Decimal]:
        """The largest loss first, scenarios without a result last."""
        pnl = first_known(self.correlated, self.direct)
        return pnl is None, pnl or Decimal(0)


def first_known(correlated: Decimal | None, direct: Decimal | None) -> Decimal | None:
    """The headline: the correlated result, else the direct one."""
    return direct if correlated is None else correlated


def cells(results: Iterable[Result], navs: Mapping[UUID, Decimal]) -> dict[tuple[UUID, str], Cell]:
    """By portfolio and scenario; what the correlated result says of itself comes first."""
    by_method: dict[tuple[UUID, str], dict[str, Result]] = {}
    for each in results:
        by_method.setdefault((each.portfolio_id, each.scenario_id), {})[each.method] = each
    return {key: _cell(key[1], found, navs.get(key[0])) for key, found in by_method.items()}


def _cell(scenario_id: str, found: Mapping[str, Result], nav: Decimal | None) -> Cell:
    direct = _pnl(found.get("direct"))
    correlated = _pnl(found.get("correlated"))
    main = found["correlated"] if "correlated" in found else found["direct"]
    return Cell(
        scenario_id=scenario_id,
        direct=direct,
        correlated=correlated,
        share_of_nav=share_of(first_known(correlated, direct), nav),
        stated=main.stated,
        headline=main.headline,
        plausibility=main.plausibility,
    )


def _pnl(result: Result | None) -> Decimal | None:
    return None if result is None else result.total_pnl


def total(held: Sequence[Cell], nav: Decimal | None) -> Total:
    """The sum over the portfolios' cells of one scenario; `nav`: of those portfolios."""
    direct = amount_sum(each.direct for each in held)
    correlated = amount_sum(each.correlated for each in held)
    known = [each for each in held if first_known(each.correlated, each.direct) is not None]
    return Total(direct, correlated, share_of(first_known(correlated, direct), nav), len(known))
