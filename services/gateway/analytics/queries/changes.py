"""What moved a portfolio between two sessions: one statement per kind of row."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Double, and_, cast, func, select, union_all

from services.gateway.analytics.queries.series import Days
from services.gateway.tables import Position
from shared.conventions import DEFAULT_MODEL
from shared.database import Session, among, sql_table
from shared.published import factors, greeks, ingest, snapshots, stress

positions = sql_table(Position)
GREEKS = ("theta", "vega", "rho")


class Ends(NamedTuple):
    """The two snapshots that are compared, and how many sessions were valued after the first."""

    start: date | None
    end: date | None
    sessions: int


async def load_ends(
    session: Session, portfolio_id: UUID, since: date | None, as_of: date | None
) -> Ends:
    """The last snapshots at or before both days; the first one where none is before `since`.

    Without `since`: the last two.
    """
    row = snapshots.portfolio_snapshots.c
    own = [row.portfolio_id == portfolio_id]
    own += [row.as_of <= as_of] if as_of else []
    days = list(await session.scalars(select(row.as_of).where(*own).order_by(row.as_of)))
    if not days:
        return Ends(None, None, 0)
    earlier = days[:-1] if since is None else [day for day in days if day <= since]
    start = max(earlier, default=days[0])
    return Ends(start, days[-1], sum(day > start for day in days))


class PositionPnl(NamedTuple):
    """What a position made over the sessions after the first, USD."""

    position_id: UUID
    pnl: float | None


async def load_position_pnl(
    session: Session, portfolio_id: UUID, start: date, end: date
) -> list[PositionPnl]:
    """Of every position held or closed between, the daily P&L added up exactly."""
    held = snapshots.position_valuations
    gone = snapshots.closed_positions
    parts = [
        select(view.c.position_id, view.c.daily_pnl).where(
            view.c.portfolio_id == portfolio_id, view.c.as_of > start, view.c.as_of <= end
        )
        for view in (held, gone)
    ]
    every = union_all(*parts).subquery("every").c
    summed = cast(func.sum(every.daily_pnl), Double)
    query = select(every.position_id, summed).group_by(every.position_id)
    return [PositionPnl(*row) for row in await session.execute(query)]


class PositionValue(NamedTuple):
    """A position at one of the ends: quantity, and USD by measure of exposure.

    `shares`: how many shares of the last of both days one of the quantity's is.
    """

    position_id: UUID
    as_of: date
    symbol: str
    quantity: Decimal
    shares: Decimal
    dollar: float | None
    notional: float | None
    delta_adjusted: float | None


async def load_position_values(
    session: Session, portfolio_id: UUID, days: Days
) -> list[PositionValue]:
    """Every position's valuation on both days."""
    row = snapshots.position_valuations.c
    shares = ingest.split_factor(row.underlying, row.as_of, max(days.days)).scalar_subquery()
    query = select(
        row.position_id,
        row.as_of,
        row.symbol,
        row.quantity,
        func.coalesce(shares, 1),
        cast(row.market_value, Double),
        cast(row.notional_exposure, Double),
        cast(row.delta_adjusted_exposure, Double),
    ).where(row.portfolio_id == portfolio_id, among(row.as_of, days.days))
    return [PositionValue(*found) for found in await session.execute(query)]


class Named(NamedTuple):
    """What a position is: its symbol as entered, and its sector, where one is known."""

    position_id: UUID
    symbol: str
    sector: str | None


async def load_names(session: Session, position_ids: Collection[UUID]) -> list[Named]:
    """The positions, those that were closed too."""
    security = ingest.securities
    joined = positions.outerjoin(security, security.c.symbol == positions.c.underlying)
    query = select(positions.c.position_id, positions.c.symbol, security.c.sector)
    mine = query.select_from(joined).where(among(positions.c.position_id, position_ids))
    return [Named(*row) for row in await session.execute(mine)]


class PositionPart(NamedTuple):
    """A position's part of a figure (by the two parts of its key) on a day, USD."""

    position_id: UUID
    as_of: date
    first: str
    second: str
    value: float | None


async def load_factor_parts(
    session: Session, portfolio_id: UUID, days: Days, ids: Collection[str]
) -> list[PositionPart]:
    """Dollars exposed to the factors, in the default model (the second part of the key)."""
    row = factors.position_factor_exposures.c
    query = select(row.position_id, row.as_of, row.factor, row.factor_exposure).where(
        row.portfolio_id == portfolio_id, among(row.as_of, days.days), among(row.factor, ids)
    )
    return [
        PositionPart(position, day, factor, DEFAULT_MODEL, value)
        for position, day, factor, value in await session.execute(query)
    ]


async def load_scenario_parts(
    session: Session, portfolio_id: UUID, days: Days, ids: Collection[str]
) -> list[PositionPart]:
    """What scenarios make of the positions, by scenario and method."""
    row = stress.position_scenario_pnl.c
    query = select(
        row.position_id, row.as_of, row.scenario_id, row.method, cast(row.pnl, Double)
    ).where(
        row.portfolio_id == portfolio_id, among(row.as_of, days.days), among(row.scenario_id, ids)
    )
    return [PositionPart(*found) for found in await session.execute(query)]


async def load_greek_parts(session: Session, portfolio_id: UUID, days: Days) -> list[PositionPart]:
    """The options' theta, vega and rho."""
    row = greeks.position_greeks.c
    query = select(row.position_id, row.as_of, *(row[name] for name in GREEKS)).where(
        row.portfolio_id == portfolio_id, among(row.as_of, days.days)
    )
    return [
        PositionPart(position, day, name, "", value)
        for position, day, *values in await session.execute(query)
        for name, value in zip(GREEKS, values, strict=True)
    ]


_TAILS = {
    "historical": ("plain_component_var", "plain_component_es"),
    "smoothed": ("component_var", "component_es"),
}


async def load_tail_parts(session: Session, portfolio_id: UUID, days: Days) -> list[PositionPart]:
    """Parts of VaR and expected shortfall, by the names of the metrics they add up to."""
    row = snapshots.component_var.c
    columns = [row[name] for names in _TAILS.values() for name in names]
    query = select(row.position_id, row.as_of, row.confidence, *columns).where(
        row.portfolio_id == portfolio_id, among(row.as_of, days.days)
    )
    kinds = [(tail, estimator) for estimator in _TAILS for tail in ("var", "es")]
    return [
        PositionPart(position, day, f"{tail}_{confidence}_1d_{estimator}", "portfolio", value)
        for position, day, confidence, *values in await session.execute(query)
        for (tail, estimator), value in zip(kinds, values, strict=True)
    ]


async def load_factor_pnl(
    session: Session, portfolio_id: UUID, start: date, end: date
) -> dict[str, float]:
    """The P&L of the sessions after the first by factor and cause, as far as it was attributed."""
    row = snapshots.pnl_attributions.c
    between = and_(row.portfolio_id == portfolio_id, row.as_of > start, row.as_of <= end)
    summed = cast(func.sum(row.pnl), Double)
    query = select(row.factor, summed).where(between, row.pnl.is_not(None)).group_by(row.factor)
    return dict((await session.execute(query)).tuples().all())


class FactorImpact(NamedTuple):
    """A scenario's P&L by factor, on a day and by a method; `nonlinear` is what is beyond them."""

    as_of: date
    scenario_id: str
    method: str
    factor_impacts: dict[str, float]
    nonlinear: float | None


async def load_factor_impacts(
    session: Session, portfolio_id: UUID, days: Days, ids: Sequence[str]
) -> list[FactorImpact]:
    """The parts of the scenarios' results by factor."""
    row = stress.stress_results.c
    query = select(
        row.as_of, row.scenario_id, row.method, row.factor_impacts, cast(row.nonlinear, Double)
    ).where(
        row.portfolio_id == portfolio_id, among(row.as_of, days.days), among(row.scenario_id, ids)
    )
    return [FactorImpact(*found) for found in await session.execute(query)]
