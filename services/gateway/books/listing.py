"""Portfolios with how each stands: NAV, P&L, VaR, its worst scenario, its last run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from services.gateway.books.queries import standings
from services.gateway.books.queries.standings import ScenarioResult, Standing
from services.gateway.books.schemas.portfolios import ListedPortfolio, WorstScenario
from services.gateway.books.shapes import NO_SNAPSHOT
from services.gateway.runs.schemas import PortfolioRun
from services.gateway.runs.shapes import LastRun
from services.gateway.runs.tracking import last_runs_of
from shared.database import Session

Fields = Mapping[str, object]


@dataclass(frozen=True)
class Standings:
    """How several portfolios stand, each on its last session; what is unknown of one is missing."""

    snapshots: Mapping[UUID, Standing] = field(default_factory=dict)
    value_at_risk: Mapping[UUID, float] = field(default_factory=dict)
    scenarios: Sequence[ScenarioResult] = ()


async def standings_of(session: Session, user_id: UUID, portfolio_ids: Sequence[UUID]) -> Standings:
    """The last snapshots of the portfolios, and VaR and scenarios of the same sessions."""
    found = await standings.load_standings(session, portfolio_ids)
    days = {portfolio_id: standing.as_of for portfolio_id, standing in found.items()}
    if not days:
        return Standings()
    return Standings(
        found,
        await standings.load_headline_var(session, days),
        await standings.load_scenario_results(session, user_id, days),
    )


async def listed(session: Session, user_id: UUID, rows: Sequence[Fields]) -> list[ListedPortfolio]:
    """The portfolios of the rows, in their order."""
    portfolio_ids = [cast(UUID, row["portfolio_id"]) for row in rows]
    known = await standings_of(session, user_id, portfolio_ids)
    last = await last_runs_of(session, portfolio_ids)
    worst = worst_scenarios(known.scenarios)
    return [
        ListedPortfolio.model_validate(
            {
                **row,
                **_standing(known, portfolio_id),
                "worst_scenario": worst.get(portfolio_id),
                "last_run": _run(last.get(portfolio_id)),
            }
        )
        for portfolio_id, row in zip(portfolio_ids, rows, strict=True)
    ]


def _standing(known: Standings, portfolio_id: UUID) -> dict[str, object]:
    found = known.snapshots.get(portfolio_id)
    return {
        "as_of": found and found.as_of,
        "nav": found and found.nav,
        "daily_pnl": found and found.daily_pnl,
        "daily_return": found and found.daily_return,
        standings.HEADLINE: known.value_at_risk.get(portfolio_id),
        "standing_reason": None if found else NO_SNAPSHOT,
    }


def _run(run: LastRun | None) -> PortfolioRun | None:
    return PortfolioRun.model_validate(run.as_answer()) if run else None


def worst_scenarios(results: Iterable[ScenarioResult]) -> dict[UUID, WorstScenario]:
    """Each portfolio's lowest result: correlated, or direct where none is correlated."""
    worst: dict[UUID, ScenarioResult] = {}
    for result in results:
        before = worst.get(result.portfolio_id)
        if before is None or _rank(result) < _rank(before):
            worst[result.portfolio_id] = result
    return {
        portfolio_id: WorstScenario(
            scenario_id=each.scenario_id,
            name=each.name,
            method=each.method,
            total_pnl=float(each.total_pnl),
        )
        for portfolio_id, each in worst.items()
    }


def _rank(result: ScenarioResult) -> tuple[bool, object, str]:
    return result.method != "correlated", result.total_pnl, result.scenario_id
