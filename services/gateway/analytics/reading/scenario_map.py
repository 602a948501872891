"""Every portfolio of a user in every scenario, each on its last session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from services.gateway.analytics.queries import scenario_map as queries
from services.gateway.analytics.queries.stress import load_scenarios
from services.gateway.analytics.reading.stress import NO_STRESS
from services.gateway.analytics.reading.summary import MOST_PORTFOLIOS
from services.gateway.analytics.schemas.scenario_map import ScenarioMap
from services.gateway.analytics.shapes.scenario_map import Cell, Total, cells, total
from services.gateway.analytics.shapes.summary import amount_sum, same_day
from services.gateway.books.queries import portfolios
from shared.database import Session


@dataclass(frozen=True)
class Mapped:
    """What is stored of several portfolios: their days, NAVs and results."""

    days: Mapping[UUID, date] = field(default_factory=dict)
    navs: Mapping[UUID, Decimal] = field(default_factory=dict)
    cells: Mapping[tuple[UUID, str], Cell] = field(default_factory=dict)

    @cached_property
    def day(self) -> date | None:
        """The session that is added up."""
        return same_day(self.days.values())

    @cached_property
    def added(self) -> frozenset[UUID]:
        """The portfolios in the sums."""
        return frozenset(each for each, day in self.days.items() if day == self.day)

    def cell(self, portfolio_id: UUID, scenario_id: str) -> Cell:
        """What the scenario makes of the portfolio; an empty cell where it has no result."""
        return self.cells.get((portfolio_id, scenario_id)) or Cell(scenario_id)

    def total(self, scenario_id: str) -> Total:
        """A scenario over the portfolios in the sums."""
        held = {each: self.cells.get((each, scenario_id)) for each in self.added}
        known = {each: cell for each, cell in held.items() if cell is not None}
        navs = [self.navs.get(each) for each in known]
        return total(list(known.values()), None if None in navs else amount_sum(navs))


async def scenario_map(session: Session, user_id: UUID, as_of: date | None) -> ScenarioMap:
    """The map at or before `as_of`; portfolios last evaluated earlier are shown, not summed."""
    rows, _ = await portfolios.load_portfolios(
        session, user_id, portfolios.Listing(sort="name"), MOST_PORTFOLIOS, 0
    )
    names = {row["portfolio_id"]: row["name"] for row in rows}
    scenarios = {row["scenario_id"]: row for row in await load_scenarios(session, user_id)}
    days = await queries.load_days(session, list(names), as_of)
    if not days:
        return _laid_out(names, scenarios, Mapped())
    navs = await queries.load_navs(session, days)
    found = cells(await queries.load_cells(session, days), navs)
    return _laid_out(names, scenarios, Mapped(days, navs, found))


def _laid_out(
    names: Mapping[UUID, str], scenarios: Mapping[str, Mapping[str, object]], found: Mapped
) -> ScenarioMap:
    totals = {each: found.total(each) for each in scenarios}
    ordered = sorted(scenarios, key=lambda each: totals[each].rank)
    return ScenarioMap.model_validate(
        {
            "as_of": found.day,
            "nav": amount_sum(found.navs.get(each) for each in found.added),
            "scenarios": [{**scenarios[each], **vars(totals[each])} for each in ordered],
            "portfolios": [
                {
                    "portfolio_id": portfolio_id,
                    "name": name,
                    "as_of": found.days.get(portfolio_id),
                    "nav": found.navs.get(portfolio_id),
                    "cells": [vars(found.cell(portfolio_id, each)) for each in ordered],
                }
                for portfolio_id, name in names.items()
            ],
            "left_out": [
                {"portfolio_id": each, "name": name, "reason": _reason(found.days.get(each))}
                for each, name in names.items()
                if each not in found.added
            ],
            "reason": None if found.days else NO_STRESS,
        }
    )


def _reason(day: date | None) -> str:
    return NO_STRESS if day is None else f"last evaluated on {day}"
