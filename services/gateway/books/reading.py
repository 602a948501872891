"""Positions with what was measured of them: by the page, in groups, by strategy.

Portfolios with how each stands: NAV, P&L, VaR, its worst scenario, its last run.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, cast
from uuid import UUID

from services.gateway.books import shapes
from services.gateway.books.queries import positions, standings
from services.gateway.books.queries.positions import PositionFilter, Valuation
from services.gateway.books.queries.standings import ScenarioResult, Standing
from services.gateway.books.schemas.portfolios import ListedPortfolio, WorstScenario
from services.gateway.books.schemas.positions import GroupedPositions, PositionPage
from services.gateway.books.schemas.tags import StrategyPage
from services.gateway.books.shapes import GroupBy, valued
from services.gateway.edge.dependencies import Paging
from services.gateway.edge.queries import Row
from services.gateway.edge.scopes import NO_RISK
from services.gateway.runs.schemas import PortfolioRun
from services.gateway.runs.shapes import LastRun
from services.gateway.runs.tracking import last_runs_of, standing_of
from shared.database import Session


@dataclass(frozen=True)
class Book:
    """A portfolio on its last session valued at or before a date.

    `standing`: how its last run stands, where that did not end well. `wanted`: that date.
    """

    portfolio_id: UUID
    valuation: Valuation
    standing: str | None = None
    wanted: date | None = None

    @property
    def day(self) -> date | None:
        """The day in whose shares it is: the date itself where nothing is valued by then."""
        return self.valuation.day or self.wanted

    def described(self) -> dict[str, Any]:
        """What every answer gives about itself."""
        day = self.valuation.day
        return {
            "portfolio_id": self.portfolio_id,
            "valued_on": day,
            "reason": None if day else shapes.explained(shapes.NO_SNAPSHOT, self.standing),
        }

    def measured(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Positions with weights, P&L, Greeks and reasons."""
        valuation = self.valuation
        return [valued(row, valuation.day, valuation.gross_value, self.standing) for row in rows]


async def book_on(session: Session, portfolio_id: UUID, as_of: date | None) -> Book:
    """The portfolio as it was last valued at or before `as_of`."""
    valuation = await positions.latest_valuation(session, portfolio_id, as_of)
    return Book(portfolio_id, valuation, await standing_of(session, portfolio_id), as_of)


async def position_page(
    session: Session, book: Book, wanted: PositionFilter, sort: str, page: Paging
) -> PositionPage:
    """A page of the positions that meet the conditions."""
    rows = await positions.load_positions(
        session, book.portfolio_id, wanted, book.day, sort, page.limit, page.offset
    )
    whole = page.offset == 0 and len(rows) < page.limit
    total = len(rows) if whole else await _total(session, book, wanted)
    found = page.page(book.measured(rows), total)
    return PositionPage.model_validate({**book.described(), **found})


async def _total(session: Session, book: Book, wanted: PositionFilter) -> int:
    return await positions.count_positions(session, book.portfolio_id, wanted, book.day)


async def position_on(
    session: Session, portfolio_id: UUID, position_id: UUID, as_of: date | None
) -> dict[str, Any]:
    """One of the portfolio's positions as it was last valued at or before `as_of`."""
    book = await book_on(session, portfolio_id, as_of)
    row = await positions.load_position(session, position_id, book.day)
    assert row is not None, "its portfolio was found by it, in the same transaction"
    return book.measured([row])[0]


async def grouped_positions(
    session: Session, book: Book, wanted: PositionFilter, by: GroupBy, page: Paging
) -> GroupedPositions:
    """A page of the groups of all matching positions, and the sums over those positions."""
    rows = await positions.load_positions(session, book.portfolio_id, wanted, book.day)
    return await asyncio.to_thread(_grouped, book, rows, by, page)


def _grouped(book: Book, rows: Sequence[Row], by: GroupBy, page: Paging) -> GroupedPositions:
    held = book.measured(rows)
    whole = {"key": None, "name": "everything", "position_ids": shapes.ids_of(held)}
    everything = {**whole, **shapes.sums(held)}
    found = page.of(shapes.grouped(held, by, shapes.sums))
    return GroupedPositions.model_validate(
        {**book.described(), "by": by, "everything": everything, **found}
    )


async def strategy_page(
    session: Session, book: Book, tags: Sequence[Row], wanted: PositionFilter, page: Paging
) -> StrategyPage:
    """A page of the strategies that tags name, each with the sums over its positions."""
    tagged = replace(wanted, tags=[tag["name"] for tag in tags])
    day = book.day
    rows = await positions.load_positions(session, book.portfolio_id, tagged, day) if tags else []
    return await asyncio.to_thread(_strategies, book, rows, tags, page)


def _strategies(book: Book, rows: Sequence[Row], tags: Sequence[Row], page: Paging) -> StrategyPage:
    found = page.of(shapes.by_tag(book.measured(rows), tags))
    return StrategyPage.model_validate({**book.described(), **found})


# --- portfolios in a list ---

Fields = Mapping[str, object]


@dataclass(frozen=True)
class Standings:
    """How several portfolios stand, each on its last session; what is unknown of one is missing."""

    snapshots: Mapping[UUID, Standing] = field(default_factory=dict)
    value_at_risk: Mapping[UUID, float] = field(default_factory=dict)
    scenarios: Sequence[ScenarioResult] = ()
    limits: Mapping[UUID, Mapping[str, int]] = field(default_factory=dict)


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
        await standings.load_limit_states(session, days),
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


def without_risk(portfolio: ListedPortfolio) -> ListedPortfolio:
    """The same for a personal token that may not read risk."""
    left_out: dict[str, object] = {standings.HEADLINE: None, "worst_scenario": None, "limits": {}}
    return portfolio.model_copy(update={**left_out, "risk_reason": NO_RISK})


def _standing(known: Standings, portfolio_id: UUID) -> dict[str, object]:
    found = known.snapshots.get(portfolio_id)
    return {
        "as_of": found and found.as_of,
        "nav": found and found.nav,
        "daily_pnl": found and found.daily_pnl,
        "daily_return": found and found.daily_return,
        standings.HEADLINE: known.value_at_risk.get(portfolio_id),
        "limits": known.limits.get(portfolio_id, {}),
        "standing_reason": None if found else shapes.NO_SNAPSHOT,
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
