"""The options of a portfolio with their Greeks, and the shares beside them."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Double, and_, cast, func, select

from services.gateway.analytics.shapes.options import HeldOption
from shared.conventions import GREEKS
from shared.database import Session
from shared.instruments import parse_occ
from shared.published import greeks, snapshots


class StoredOption(NamedTuple):
    """An option position, and why it has no Greeks where it has none."""

    held: HeldOption
    contract: str
    reason: str | None


async def load_options(session: Session, portfolio_id: UUID, as_of: date) -> Sequence[StoredOption]:
    """Every option position of the session."""
    view = greeks.position_greeks
    unit = greeks.contract_greeks
    row = view.c
    same = and_(unit.c.contract == row.contract, unit.c.as_of == row.as_of)
    priced = (cast(unit.c.underlying_price, Double), unit.c.underlying_price_date)
    query = select(
        row.position_id,
        row.contract,
        row.underlying,
        row.quantity,
        row.reason,
        *priced,
        *(row[name] for name in GREEKS),
    ).select_from(view.outerjoin(unit, same))
    mine = query.where(row.portfolio_id == portfolio_id, row.as_of == as_of)
    found: list[StoredOption] = []
    for (
        position_id,
        contract,
        underlying,
        quantity,
        reason,
        price,
        day,
        *values,
    ) in await session.execute(mine):
        terms = parse_occ(contract)
        held = HeldOption(
            position_id=position_id,
            underlying=underlying,
            strike=terms.strike,
            expiry=terms.expiry,
            quantity=quantity,
            underlying_price=price,
            priced_on=day,
            greeks=None if reason else dict(zip(GREEKS, values, strict=True)),
        )
        found.append(StoredOption(held, contract, reason))
    return found


async def load_shares_delta(
    session: Session, portfolio_id: UUID, as_of: date, underlying: str | None
) -> float | None:
    """The dollar delta of what is held of shares, of one underlying or of all; None of none."""
    value = snapshots.position_valuations.c
    total = select(cast(func.sum(value.delta_adjusted_exposure), Double)).where(
        value.portfolio_id == portfolio_id, value.as_of == as_of, value.symbol == value.underlying
    )
    if underlying is not None:
        total = total.where(value.underlying == underlying)
    found: float | None = await session.scalar(total)
    return found
