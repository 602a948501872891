"""What suggestions start from: the measures of a portfolio as they are, and funds by purpose."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Double, cast, func, select, union_all

from services.gateway.edge.shapes import View
from shared.conventions import DEFAULT_MODEL
from shared.database import Session, among
from shared.published import factors, limits, snapshots, stress


@dataclass(frozen=True)
class Standing:
    """A portfolio on a session, USD; None where it is not known.

    `measures`: by name, such as `dollar_delta`, `factor.value` and `scenario.<id>.<method>`.
    """

    nav: float | None
    gross: float | None
    measures: dict[str, float | None]


async def load_standing(session: Session, owner: tuple[UUID, UUID], day: date) -> Standing:
    """The measures of a portfolio as they are stored; `owner`: its user, and the portfolio.

    Custom scenarios of a portfolio that is shared with the user are its owner's: none is among
    them, as row-level security shows the user's own alone.
    """
    user_id, portfolio_id = owner
    taken = snapshots.portfolio_snapshots.c
    gross = cast(taken.exposures["notional"]["gross"].astext, Double)
    one = select(taken.nav, gross).where(taken.portfolio_id == portfolio_id, taken.as_of == day)
    nav, notional = (await session.execute(one)).tuples().one_or_none() or (None, None)
    row = snapshots.risk_metrics.c
    mine = (row.portfolio_id == portfolio_id, row.as_of == day, row.view == View.PORTFOLIO.value)
    metrics = await session.execute(select(row.metric, row.value).where(*mine))
    exposed = factors.factor_exposures.c
    of_model = (exposed.portfolio_id == portfolio_id, exposed.model == DEFAULT_MODEL)
    dollars = await session.execute(
        select(exposed.factor, exposed.dollar_exposure).where(*of_model, exposed.as_of == day)
    )
    result = stress.stress_results.c
    custom = stress.custom_scenarios.c
    known = union_all(
        select(stress.stress_scenarios.c.scenario_id),
        select(custom.scenario_id).where(custom.user_id == user_id),
    )
    impacts = await session.execute(
        select(result.scenario_id, result.method, result.total_pnl).where(
            result.portfolio_id == portfolio_id,
            result.as_of == day,
            result.scenario_id.in_(known),
        )
    )
    measures: dict[str, float | None] = dict(metrics.tuples().all())
    measures |= {f"factor.{factor}": value for factor, value in dollars.tuples()}
    measures |= {
        f"scenario.{scenario}.{method}": None if pnl is None else float(pnl)
        for scenario, method, pnl in impacts.tuples()
    }
    return Standing(None if nav is None else float(nav), notional, measures)


async def load_proxies(session: Session) -> list[str]:
    """The ETFs of the active factors, the market's first."""
    return [row.proxy for row in await session.execute(factors.active_factors())]


@dataclass(frozen=True)
class Limit:
    """What a user allows a measure of a portfolio to be; `levels` by name, in its `unit`."""

    measure: str
    per: str
    unit: str
    direction: str
    levels: dict[str, float | None]


async def load_limits(
    session: Session, user_id: UUID, portfolio_id: UUID, limit_ids: Collection[UUID]
) -> dict[UUID, Limit]:
    """Those of the user's limits that are about the portfolio, with the levels in force now."""
    row = limits.limits.c
    query = select(row.limit_id, row.measure, row.per, row.unit, row.direction, row.terms).where(
        among(row.limit_id, limit_ids),
        row.user_id == user_id,
        row.portfolio_id.is_(None) | (row.portfolio_id == portfolio_id),
    )
    return {
        row.limit_id: Limit(
            row.measure,
            row.per,
            row.unit,
            row.direction,
            {name: row.terms[-1][name] for name in ("warning", "breach")},
        )
        for row in await session.execute(query)
    }


async def load_positions(session: Session, portfolio_id: UUID, day: date) -> dict[str, Decimal]:
    """What a portfolio holds of each instrument, long and short together, the largest first."""
    row = snapshots.position_valuations.c
    size = func.abs(func.coalesce(func.sum(row.market_value), 0))
    query = (
        select(row.symbol, func.sum(row.quantity))
        .where(row.portfolio_id == portfolio_id, row.as_of == day)
        .group_by(row.symbol)
        .order_by(size.desc(), row.symbol)
    )
    return dict((await session.execute(query)).tuples().all())
