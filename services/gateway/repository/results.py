"""Selects over what the calculators publish: each is one statement for one portfolio and one session."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Table, and_, func, select

from services.gateway.repository.rows import Row, all_rows
from services.gateway.tables import Position, sql_table
from shared.database import Session
from shared.published import factors, greeks, snapshots, stress

DEFAULT_MODEL = "market_relative"
RATE_MATURITY = "10Y"
positions = sql_table(Position)


async def latest_date(session: Session, view: Table, portfolio_id: UUID, as_of: date | None) -> date | None:
    """The last session, at or before `as_of`, for which the view has rows of the portfolio."""
    statement = select(func.max(view.c.as_of)).where(view.c.portfolio_id == portfolio_id)
    found: date | None = await session.scalar(
        statement if as_of is None else statement.where(view.c.as_of <= as_of)
    )
    return found


# --- snapshots ---


async def latest_snapshot(session: Session, portfolio_id: UUID, as_of: date | None) -> Row | None:
    """The portfolio's last snapshot at or before `as_of`."""
    found = await load_snapshots(session, portfolio_id, None, as_of, 1, 0)
    return found[0] if found else None


async def load_snapshots(
    session: Session, portfolio_id: UUID, start: date | None, end: date | None, limit: int, offset: int
) -> list[Row]:
    """A page of the portfolio's snapshots, newest first."""
    view = snapshots.portfolio_snapshots
    page = select(view).where(*_between(view, portfolio_id, start, end))
    return await all_rows(session, page.order_by(view.c.as_of.desc()).limit(limit).offset(offset))


async def count_snapshots(session: Session, portfolio_id: UUID, start: date | None, end: date | None) -> int:
    """How many snapshots the portfolio has in the period."""
    view = snapshots.portfolio_snapshots
    count = select(func.count()).select_from(view).where(*_between(view, portfolio_id, start, end))
    return int(await session.scalar(count) or 0)


async def first_snapshot_date(session: Session, portfolio_id: UUID, start: date) -> date | None:
    """The session of the portfolio's first snapshot on or after `start`."""
    view = snapshots.portfolio_snapshots
    found = select(func.min(view.c.as_of)).where(*_between(view, portfolio_id, start, None))
    first: date | None = await session.scalar(found)
    return first


def _between(view: Table, portfolio_id: UUID, start: date | None, end: date | None) -> list[Any]:
    conditions: list[Any] = [view.c.portfolio_id == portfolio_id]
    conditions += [view.c.as_of >= start] if start else []
    conditions += [view.c.as_of <= end] if end else []
    return conditions


async def load_valuations(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """Every position's value on a session, the largest first, with entry and option terms and the option's model."""
    view, contract, unit = snapshots.position_valuations, greeks.position_greeks, greeks.contract_greeks
    same_position = and_(contract.c.position_id == view.c.position_id, contract.c.as_of == view.c.as_of)
    same_contract = and_(unit.c.contract == contract.c.contract, unit.c.as_of == view.c.as_of)
    joined = (
        view.join(positions, positions.c.position_id == view.c.position_id)
        .outerjoin(contract, same_position)
        .outerjoin(unit, same_contract)
    )
    terms = (positions.c[name] for name in ("entry_price", "entry_date", "strike", "expiry", "multiplier"))
    model = (unit.c[name] for name in ("iv_source", "rate_source", "dividend_source", "model", "volatility"))
    statement = select(view, *terms, *model).select_from(joined)
    mine = statement.where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)
    return await all_rows(
        session, mine.order_by(func.abs(view.c.market_value).desc().nulls_last(), view.c.symbol)
    )


# --- greeks ---


async def load_position_greeks(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """Each option position's Greeks on a session, with the contract's own and what they were computed from."""
    view, unit = greeks.position_greeks, greeks.contract_greeks
    same = and_(unit.c.contract == view.c.contract, unit.c.as_of == view.c.as_of)
    units = [
        unit.c[name].label(f"unit_{name}") for name in ("delta", "gamma", "theta", "vega", "rho", "price")
    ]
    names = (
        "option_type",
        "strike",
        "expiry",
        "underlying_price",
        "underlying_price_date",
        "years_to_expiry",
    )
    sources = ("volatility", "iv_source", "rate", "rate_source", "dividend_yield", "dividend_source", "model")
    columns: list[Any] = [view, *units, *(unit.c[name] for name in names + sources)]
    statement = select(*columns).select_from(view.outerjoin(unit, same))
    mine = statement.where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)
    return await all_rows(session, mine.order_by(view.c.underlying, view.c.contract))


# --- factors ---


async def load_factor_exposures(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """The portfolio's exposure to every defined factor, in display order; nulls where a factor has none."""
    definitions, view = factors.factor_definitions, factors.factor_exposures
    mine = and_(
        view.c.factor == definitions.c.factor,
        view.c.portfolio_id == portfolio_id,
        view.c.as_of == as_of,
        view.c.model == DEFAULT_MODEL,
    )
    names = ("dollar_exposure", "gross_exposure", "coverage", "positions", "positions_left_out")
    columns: list[Any] = [definitions, *(view.c[name] for name in names)]
    statement = select(*columns).select_from(definitions.outerjoin(view, mine))
    return await all_rows(session, statement.order_by(definitions.c.display_order))


async def load_rate_exposures(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """Each position's delta-adjusted exposure beside its underlying's sensitivity to the default Treasury yield."""
    view, rates = snapshots.position_valuations, factors.rate_sensitivities
    same = and_(
        rates.c.symbol == view.c.underlying, rates.c.as_of == view.c.as_of, rates.c.maturity == RATE_MATURITY
    )
    columns = (view.c.position_id, view.c.delta_adjusted_exposure, rates.c.beta, rates.c.reason)
    statement = select(*columns).select_from(view.outerjoin(rates, same))
    return await all_rows(
        session, statement.where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)
    )


# --- stress ---


async def load_scenarios(session: Session) -> list[Row]:
    """Every active scenario in display order."""
    view = stress.stress_scenarios
    return await all_rows(session, select(view).where(view.c.active).order_by(view.c.display_order))


async def load_stress_results(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """The portfolio's results with their scenarios, in display order, direct before correlated."""
    view, scenarios = stress.stress_results, stress.stress_scenarios
    described = (scenarios.c[name] for name in ("name", "category", "severity", "shocks", "rate_shock"))
    joined = view.join(scenarios, scenarios.c.scenario_id == view.c.scenario_id)
    mine = select(view, *described).select_from(joined)
    mine = mine.where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)
    return await all_rows(session, mine.order_by(scenarios.c.display_order, view.c.method.desc()))


async def load_market_scenarios(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """The portfolio's market and rates scenarios."""
    view = stress.market_risk_scenarios
    mine = select(view).where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)
    return await all_rows(session, mine.order_by(view.c.kind, view.c.shock))
