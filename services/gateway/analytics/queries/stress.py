"""What stress publishes: scenarios, results, and every position's part in them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Executable, Subquery, Uuid, literal, null, select, union_all

from services.gateway.edge.queries import Row, all_rows, one_row
from shared.database import Session, fetched, prepared
from shared.published import stress

LAST = 1_000_000  # custom scenarios come after the shared ones
_TERMS = (*stress.SCENARIO_TERMS, "active")
_MEASURED = (
    "window_start",
    "window_end",
    "measured_shocks",
    "measured_returns",
    "measured_rate_change",
    "measured_source",
)


def _scenarios(user_id: UUID) -> Subquery:
    """The shared scenarios and the user's, with specified and measured values."""
    house = stress.stress_scenarios.c
    own = stress.custom_scenarios.c
    shared = select(
        *(house[name] for name in _TERMS + _MEASURED),
        house.display_order,
        literal(False).label("custom"),
    )
    custom = select(
        *(own[name] for name in _TERMS),
        *(null().label(name) for name in _MEASURED),
        literal(LAST).label("display_order"),
        literal(True).label("custom"),
    ).where(own.user_id == user_id)
    return union_all(shared, custom).subquery("scenarios")


async def load_scenarios(session: Session, user_id: UUID) -> list[Row]:
    """Every active scenario in display order, then the user's own by name."""
    found = _scenarios(user_id)
    active = select(found).where(found.c.active)
    return await all_rows(
        session, active.order_by(found.c.display_order, found.c.name, found.c.scenario_id)
    )


async def load_own_scenario(session: Session, user_id: UUID, scenario_id: str) -> Row | None:
    """The user's own active scenario of this id."""
    found = _scenarios(user_id)
    mine = select(found).where(found.c.custom, found.c.active, found.c.scenario_id == scenario_id)
    return await one_row(session, mine)


async def load_stress_results(
    session: Session, user_id: UUID, portfolio_id: UUID, as_of: date
) -> list[Row]:
    """The portfolio's results with their scenarios, in display order, direct before correlated."""
    return await fetched(session, *results_on(user_id, portfolio_id, as_of))


@prepared(user_id=Uuid(), portfolio_id=Uuid(), as_of=Date())
def results_on(user_id: UUID, portfolio_id: UUID, as_of: date) -> Executable:
    """What `load_stress_results` returns."""
    view = stress.stress_results
    scenarios = _scenarios(user_id)
    names = ("name", "category", "severity", "shocks", "rate_shock", "volatility_shock", "custom")
    joined = view.join(scenarios, scenarios.c.scenario_id == view.c.scenario_id)
    columns: list[Any] = [view, *(scenarios.c[name] for name in names)]
    mine = select(*columns).select_from(joined)
    mine = mine.where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)
    order = (
        scenarios.c.display_order,
        scenarios.c.name,
        scenarios.c.scenario_id,
        view.c.method.desc(),
    )
    return mine.order_by(*order)


async def load_position_impacts(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """Every position's P&L in every scenario by both methods."""
    view = stress.position_scenario_pnl
    mine = select(view).where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)
    return await all_rows(
        session, mine.order_by(view.c.scenario_id, view.c.method, view.c.position_id)
    )


async def load_market_scenarios(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """The portfolio's market and rates scenarios."""
    return await fetched(session, *market_scenarios_on(portfolio_id, as_of))


@prepared(portfolio_id=Uuid(), as_of=Date())
def market_scenarios_on(portfolio_id: UUID, as_of: date) -> Executable:
    """The portfolio's market and rates scenarios."""
    view = stress.market_risk_scenarios
    mine = select(view).where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)
    return mine.order_by(view.c.kind, view.c.shock)
