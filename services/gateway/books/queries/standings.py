"""How portfolios stand on their last session: one statement per kind of row for all of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Date, TableValuedAlias, Uuid, and_, cast, func, select

from services.gateway.tables import Portfolio
from shared.database import Session, among, sql_table
from shared.published import limits, snapshots, stress

portfolios = sql_table(Portfolio)
HEADLINE = "var_95_1d_historical"
Exposures = Mapping[str, Mapping[str, float]]
Days = Mapping[UUID, date]


@dataclass(frozen=True)
class Standing:
    """A portfolio's last snapshot: USD; `theta`, `vega` and `rho` as in its Greeks."""

    portfolio_id: UUID
    as_of: date
    nav: Decimal | None
    cash: Decimal | None
    market_value: Decimal
    daily_pnl: Decimal | None
    cumulative_pnl: Decimal | None
    daily_return: float | None
    unrealised_pnl: Decimal
    exposures: Exposures
    theta: float | None
    vega: float | None
    rho: float | None


async def load_standings(session: Session, portfolio_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """The last snapshot of each portfolio that has one."""
    row = snapshots.portfolio_snapshots.c
    last = (
        select(*(row[name] for name in Standing.__dataclass_fields__))
        .distinct(row.portfolio_id)
        .where(among(row.portfolio_id, portfolio_ids))
        .order_by(row.portfolio_id, row.as_of.desc())
    )
    found = (Standing(*values) for values in await session.execute(last))
    return {standing.portfolio_id: standing for standing in found}


async def load_headline_var(session: Session, days: Days) -> dict[UUID, float]:
    """Historical 95 % VaR of the portfolios on their days, where it was measured."""
    metric = snapshots.risk_metrics
    asked = asked_on(days)
    same = and_(
        metric.c.portfolio_id == asked.c.portfolio_id,
        metric.c.as_of == asked.c.as_of,
        metric.c.metric == HEADLINE,
        metric.c.view == "portfolio",
    )
    query = select(metric.c.portfolio_id, metric.c.value).select_from(asked.join(metric, same))
    found = await session.execute(query.where(metric.c.value.is_not(None)))
    return dict(found.tuples().all())


class ScenarioResult(NamedTuple):
    """What a scenario makes of a portfolio by one method, USD."""

    portfolio_id: UUID
    scenario_id: str
    name: str
    method: str
    total_pnl: Decimal


async def load_scenario_results(
    session: Session, user_id: UUID, days: Days
) -> list[ScenarioResult]:
    """The results of the portfolios on their days, of those scenarios that could be valued.

    A scenario of a user's is known in that user's portfolios alone.
    """
    result = stress.stress_results
    house = stress.stress_scenarios
    own = stress.custom_scenarios
    asked = asked_on(days)
    same = and_(result.c.portfolio_id == asked.c.portfolio_id, result.c.as_of == asked.c.as_of)
    of_user = select(portfolios.c.portfolio_id).where(portfolios.c.user_id == user_id)
    mine = and_(
        own.c.scenario_id == result.c.scenario_id,
        own.c.user_id == user_id,
        result.c.portfolio_id.in_(of_user),
    )
    joined = (
        asked.join(result, same)
        .outerjoin(house, house.c.scenario_id == result.c.scenario_id)
        .outerjoin(own, mine)
    )
    name = func.coalesce(house.c.name, own.c.name)
    query = select(
        result.c.portfolio_id, result.c.scenario_id, name, result.c.method, result.c.total_pnl
    ).select_from(joined)
    known = query.where(result.c.total_pnl.is_not(None), name.is_not(None))
    return [ScenarioResult(*row) for row in await session.execute(known)]


async def load_limit_states(session: Session, days: Days) -> dict[UUID, dict[str, int]]:
    """By portfolio that has limits on its day, how many are in each state."""
    row = limits.limit_states
    asked = asked_on(days)
    same = and_(row.c.portfolio_id == asked.c.portfolio_id, row.c.as_of == asked.c.as_of)
    key = (row.c.portfolio_id, row.c.state)
    query = select(*key, func.count()).select_from(asked.join(row, same)).group_by(*key)
    found: dict[UUID, dict[str, int]] = {}
    for portfolio_id, state, count in await session.execute(query):
        found.setdefault(portfolio_id, {})[state] = count
    return found


def asked_on(days: Days) -> TableValuedAlias:
    """The portfolios with their days as a table of two columns, to join with views."""
    named = cast(list(days), ARRAY(Uuid))
    asked = func.unnest(named, cast(list(days.values()), ARRAY(Date)))
    return asked.table_valued("portfolio_id", "as_of", name="asked").render_derived()
