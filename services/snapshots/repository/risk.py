"""What risk is measured from, and where it is stored."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

import numpy as np
from sqlalchemy import ARRAY, Date, Double, Select, String, Uuid, cast, select

from services.snapshots.inputs import RiskInputs, RiskPosition
from services.snapshots.repository.drafts import load_bases
from services.snapshots.repository.market import load_estimates
from services.snapshots.tables import ComponentVar, RiskMetric
from shared.arrays import Columns, FloatArray
from shared.database import Session, among, lock_each, prepared, tuples
from shared.database.arrays import as_sent, float_vector, merge_columns
from shared.published import factors, gateway, greeks, identity, stress
from shared.quant.cents import linear_pnl
from shared.rows import Scope

OptionGreeks = tuple[float | None, float | None, float | None, float | None]
_OF_STOCK: OptionGreeks = (0.0, 0.0, 0.0, 0.0)
_UNKNOWN: OptionGreeks = (None, None, None, None)
_NOT_STORED = (None, "no P&L vector is stored for the session")


async def claim_risk_inputs(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date
) -> RiskInputs:
    """The positions and estimates of those portfolios that still exist, in order.

    Until the transaction ends, other runs of the same portfolios and session wait.
    """
    names = [f"snapshots/risk/{as_of}/{portfolio_id}" for portfolio_id in portfolio_ids]
    await lock_each(session, names)
    portfolios = sorted(await load_bases(session, portfolio_ids))
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
    return [day for (days,) in await tuples(session, *_pnl_dates(as_of)) for day in days]


@prepared(as_of=Date())
def _pnl_dates(as_of: date) -> Select[list[date]]:
    axis = stress.pnl_dates.c
    return select(axis.session_dates).where(axis.as_of == as_of)


async def _load_positions(
    session: Session, portfolios: Sequence[UUID], as_of: date
) -> list[RiskPosition]:
    """The positions open on the session, by portfolio and position.

    One query for each thing that is known of them, put together here: of a session that has just
    begun, statistics say nothing yet, so that a join of them all might be planned as loops.
    """
    exposures = dict(await tuples(session, *_exposures(portfolios, as_of)))
    vectors = await _load_vectors(session, portfolios, as_of)
    options = await _load_option_greeks(session, portfolios, as_of)
    found = []
    for row in await tuples(session, *_positions(portfolios, as_of)):
        position_id, portfolio_id, symbol, underlying, quantity, cost = row
        exposure = exposures.get(position_id)
        pnl, reason = vectors.get(position_id, _NOT_STORED)
        is_stock = symbol == underlying
        dollar_gamma, theta, vega, rho = (
            _OF_STOCK if is_stock else options.get(position_id, _UNKNOWN)
        )
        found.append(
            RiskPosition(
                position_id=position_id,
                portfolio_id=portfolio_id,
                symbol=symbol,
                underlying=underlying,
                quantity=quantity,
                weight=abs(cost if exposure is None else exposure),
                exposure=exposure,
                dollar_gamma=dollar_gamma,
                theta=theta,
                vega=vega,
                rho=rho,
                pnl=pnl,
                reason=reason,
            )
        )
    return found


@prepared(portfolios=ARRAY(Uuid), as_of=Date())
def _positions(
    portfolios: Sequence[UUID], as_of: date
) -> Select[UUID, UUID, str, str, float, float]:
    """The first fields of `RiskPosition`, and the cost, which is the weight of the unmeasured."""
    positions = gateway.active_positions(portfolios, as_of)
    held = positions.c
    cost = cast(held.quantity * held.multiplier * held.entry_price, Double)
    query = select(*identity(positions), cast(held.quantity, Double), cost)
    return query.order_by(held.portfolio_id, held.position_id)


@prepared(portfolios=ARRAY(Uuid), as_of=Date())
def _exposures(portfolios: Sequence[UUID], as_of: date) -> Select[UUID, float | None]:
    row = factors.position_exposure_vectors.c
    query = select(row.position_id, row.exposure)
    return query.where(among(row.portfolio_id, portfolios), row.as_of == as_of)


async def _load_vectors(
    session: Session, portfolios: Sequence[UUID], as_of: date
) -> dict[UUID, tuple[FloatArray | None, str | None]]:
    """By position: its P&L on the past days, and why it has none or has gaps.

    As `stress.position_pnl_vectors` says, whose column `historical_pnl` is slower for many rows.
    """
    rows = [_Vector(*row) for row in await tuples(session, *_vectors(portfolios, as_of))]
    stocks = [row for row in rows if row.returns_id is not None]
    pasts = await tuples(session, *_returns(list({row.symbol for row in stocks}), as_of))
    past = {returns_id: float_vector(sent) for returns_id, sent in pasts}
    returns = np.array([past[row.returns_id] for row in stocks if row.returns_id])
    products = linear_pnl(np.array([row.exposure for row in stocks], dtype=np.float64), returns)
    known = {row.position_id: pnl for row, pnl in zip(stocks, products, strict=True)}
    known |= {row.position_id: float_vector(row.repriced) for row in rows if row.repriced}
    return {row.position_id: (known.get(row.position_id), row.reason) for row in rows}


class _Vector(NamedTuple):
    """A row of `stress.position_pnl_vectors`, with `repriced_pnl` as Postgres sends it."""

    position_id: UUID
    symbol: str
    repriced: bytes | None
    exposure: float | None
    returns_id: UUID | None
    reason: str | None


@prepared(portfolios=ARRAY(Uuid), as_of=Date())
def _vectors(
    portfolios: Sequence[UUID], as_of: date
) -> Select[UUID, str, bytes | None, float | None, UUID | None, str | None]:
    row = stress.position_pnl_vectors.c
    query = select(
        *(row.position_id, row.symbol, as_sent(row.repriced_pnl)),
        *(row.exposure, row.returns_id, row.reason),
    )
    return query.where(among(row.portfolio_id, portfolios), row.as_of == as_of)


@prepared(symbols=ARRAY(String), as_of=Date())
def _returns(symbols: Sequence[str], as_of: date) -> Select[UUID, bytes]:
    row = stress.past_returns.c
    query = select(row.returns_id, as_sent(row.returns))
    return query.where(among(row.symbol, symbols), row.as_of == as_of)


async def _load_option_greeks(
    session: Session, portfolios: Sequence[UUID], as_of: date
) -> dict[UUID, OptionGreeks]:
    """By position: dollar gamma, theta, vega and rho."""
    rows = await tuples(session, *_position_greeks(portfolios, as_of))
    if not rows:
        return {}
    contracts = sorted({contract for _, contract, *_ in rows})
    prices = dict(await tuples(session, *_underlying_prices(contracts, as_of)))
    return {
        position_id: (_dollar_gamma(gamma, prices.get(contract)), theta, vega, rho)
        for position_id, contract, gamma, theta, vega, rho in rows
    }


def _dollar_gamma(gamma: float | None, price: float | None) -> float | None:
    return None if gamma is None or price is None else gamma * price**2 / 100


@prepared(portfolios=ARRAY(Uuid), as_of=Date())
def _position_greeks(
    portfolios: Sequence[UUID], as_of: date
) -> Select[UUID, str, float | None, float | None, float | None, float | None]:
    row = greeks.position_greeks.c
    query = select(row.position_id, row.contract, row.gamma, row.theta, row.vega, row.rho)
    return query.where(among(row.portfolio_id, portfolios), row.as_of == as_of)


@prepared(contracts=ARRAY(String), as_of=Date())
def _underlying_prices(contracts: Sequence[str], as_of: date) -> Select[str, float | None]:
    row = greeks.contract_greeks.c
    query = select(row.contract, cast(row.underlying_price, Double))
    return query.where(among(row.contract, contracts), row.as_of == as_of)


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
