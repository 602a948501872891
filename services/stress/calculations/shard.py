"""The work on one shard: every scenario by both methods, the ladders, and the past days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.stress.calculations.history import historical_pnl, history_reasons
from services.stress.calculations.market_risk import market_risk
from services.stress.calculations.results import LadderResults, ScenarioResults
from services.stress.calculations.runs import Plan, Run, plans, runs
from services.stress.calculations.scenarios import valuable
from services.stress.calculations.vectors import PnlAxes, PositionVectors
from services.stress.inputs import MARKET, Scenario, ShardBook, Work
from shared.arrays import FloatArray
from shared.caveats import Caveat, gathered


@dataclass(frozen=True)
class ShardResults:
    """The contents of the five tables, the number of scenarios of the house, and the caveats."""

    results: ScenarioResults
    ladders: LadderResults
    vectors: PositionVectors
    axes: PnlAxes
    scenarios: int
    caveats: tuple[Caveat, ...]


def shard_results(work: Work) -> ShardResults:
    """Every scenario on every position, direct and correlated, the ladders, and the past days."""
    held = work.holdings
    ids = held.factors.ids
    house, set_aside = valuable(work.catalogue.house, ids)
    every = runs(held.book, _plans(work, house), ids, held.covariance)
    historical = historical_pnl(held.book, work.past.returns, work.past.underlying)
    reasons = history_reasons(held.book, historical, held.underlyings)
    ladders = market_risk(held.book, ids.index(MARKET))
    return ShardResults(
        results=ScenarioResults.of(held.portfolio_ids, every, ids),
        ladders=LadderResults(held.portfolio_ids, ladders),
        vectors=PositionVectors.of(held, work.past, historical, reasons, every),
        axes=PnlAxes.of(held.portfolio_ids, work.past.session_dates, every),
        scenarios=len(house),
        caveats=(
            *left_out(every),
            *uncorrelated(held.covariance),
            *unvalued(set_aside),
            *_history_gaps(held.book, reasons),
        ),
    )


def _plans(work: Work, house: Sequence[Scenario]) -> list[Plan]:
    """The house's scenarios for all portfolios, and custom ones for those of the user."""
    catalogue = work.catalogue
    ids = work.holdings.factors.ids
    owners = [catalogue.owners.get(each) for each in work.holdings.portfolio_ids]
    custom = {user: valuable(every, ids)[0] for user, every in catalogue.custom.items()}
    return plans(house, owners, custom)


def left_out(every: Iterable[Run]) -> tuple[Caveat, ...]:
    """What the results leave out: one caveat per reason, each symbol once."""
    return gathered(
        caveat
        for run in every
        for portfolio in run.test.caveats
        for scenario in portfolio
        for caveat in scenario
    )


def uncorrelated(covariance: FloatArray | None) -> tuple[Caveat, ...]:
    """Says that correlated results are missing where there is no covariance."""
    message = "no factor covariance for the session: no correlated results"
    return (Caveat("no_covariance", message),) if covariance is None else ()


def unvalued(set_aside: Sequence[Scenario]) -> tuple[Caveat, ...]:
    """Names the scenarios that have no result."""
    message = "shocks a factor that is not active: no result"
    names = [each.scenario_id for each in set_aside]
    return (Caveat.naming("scenario_not_valued", message, names),) if names else ()


def _history_gaps(book: ShardBook, reasons: Sequence[str | None]) -> tuple[Caveat, ...]:
    """Names the positions whose past days are not all measured."""
    message = "past days missing: the vectors of profit and loss say why"
    names = [symbol for symbol, reason in zip(book.symbols, reasons, strict=True) if reason]
    return (Caveat.naming("history_incomplete", message, names),) if names else ()
