"""What risk is measured from, and where it is stored."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Date, Double, Select, Uuid, and_, case, cast, func, select

from services.snapshots.inputs import RiskInputs, RiskPosition
from services.snapshots.repository.market import load_estimates
from services.snapshots.tables import ComponentVar, RiskMetric
from shared.arrays import Columns
from shared.database import Session, among, lock_each, prepared
from shared.database.arrays import merge_columns
from shared.published import factors, gateway, greeks, identity, stress
from shared.rows import Scope

_NOT_STORED = (None, "no P&L vector is stored for the session")


async def claim_risk_inputs(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date
) -> RiskInputs:
    """The positions and estimates of those portfolios that still exist, in order.

    Until the transaction ends, other runs of the same portfolios and session wait.
    """
    names = [f"snapshots/risk/{as_of}/{portfolio_id}" for portfolio_id in portfolio_ids]
    await lock_each(session, names)
    known = gateway.portfolios.c.portfolio_id
    portfolios = sorted(await session.scalars(select(known).where(among(known, portfolio_ids))))
    positions = await _load_positions(session, portfolios, as_of)
    underlyings = sorted({position.underlying for position in positions})
    return RiskInputs(
        portfolios=tuple(portfolios),
        as_of=as_of,
        positions=positions,
        underlyings=underlyings,
        estimates=await load_estimates(session, as_of, underlyings),
        session_dates=await _load_pnl_dates(session, as_of),
    )


async def _load_pnl_dates(session: Session, as_of: date) -> list[date]:
    """The days that the P&L vectors of the session are of; none without vectors."""
    axis = stress.pnl_dates.c
    found = await session.scalar(select(axis.session_dates).where(axis.as_of == as_of))
    return list(found or ())


async def _load_positions(
    session: Session, portfolios: Sequence[UUID], as_of: date
) -> list[RiskPosition]:
    """The positions open on the session, by portfolio and position."""
    # Two queries: joined to the positions, the vectors would be sorted with them.
    vector = stress.position_pnl_vectors.c
    query = select(vector.position_id, vector.historical_pnl, vector.reason).where(
        among(vector.portfolio_id, portfolios), vector.as_of == as_of
    )
    vectors = {position: (pnl, why) for position, pnl, why in await session.execute(query)}
    found = []
    for row in (await session.execute(*_positions(portfolios, as_of))).mappings():
        pnl, why = vectors.get(row["position_id"], _NOT_STORED)
        found.append(RiskPosition(**row, pnl=pnl, reason=why))
    return found


@prepared(portfolios=ARRAY(Uuid), as_of=Date())
def _positions(
    portfolios: Sequence[UUID], as_of: date
) -> Select[UUID, UUID, str, str, float, float, float | None]:
    """What is known of each position but its P&L, by the names of `RiskPosition`."""
    positions = gateway.active_positions(portfolios, as_of)
    held = positions.c
    exposed = factors.position_exposure_vectors.c
    same_exposure = and_(exposed.position_id == held.position_id, exposed.as_of == as_of)
    cost = cast(held.quantity * held.multiplier * held.entry_price, Double)
    option = greeks.position_greeks.c
    unit = greeks.contract_greeks.c
    same_option = and_(option.position_id == held.position_id, option.as_of == as_of)
    same_contract = and_(unit.contract == option.contract, unit.as_of == option.as_of)
    is_stock = held.symbol == held.underlying
    dollars = {
        "dollar_gamma": option.gamma * func.power(cast(unit.underlying_price, Double), 2) / 100,
        "theta": option.theta,
        "vega": option.vega,
        "rho": option.rho,
    }
    return (
        select(
            *identity(positions),
            cast(held.quantity, Double).label("quantity"),
            func.abs(func.coalesce(exposed.exposure, cost)).label("weight"),
            exposed.exposure,
            *(case((is_stock, 0.0), else_=each).label(name) for name, each in dollars.items()),
        )
        .select_from(positions)
        .outerjoin(factors.position_exposure_vectors, same_exposure)
        .outerjoin(greeks.position_greeks, same_option)
        .outerjoin(greeks.contract_greeks, same_contract)
        .order_by(held.portfolio_id, held.position_id)
    )


async def save_risk(
    session: Session, inputs: RiskInputs, metrics: Columns, components: Columns
) -> None:
    """Write the metrics, and replace the components of the session and portfolios by these."""
    await save_metrics(session, metrics)
    within: Scope = {"as_of": [inputs.as_of], "portfolio_id": list(inputs.portfolios)}
    await merge_columns(session, ComponentVar, components, within, as_of=inputs.as_of)


async def save_metrics(session: Session, metrics: Columns) -> None:
    """Write the metrics; a metric's name is always the same, so none is left over."""
    await merge_columns(session, RiskMetric, metrics)
