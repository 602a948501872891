"""What greeks publishes."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Double,
    Executable,
    Uuid,
    and_,
    cast,
    func,
    select,
)

from services.gateway.edge.queries import Row
from shared.database import Session, fetched, prepared
from shared.published import greeks


async def load_position_greeks(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """Each option position's Greeks on a session, with the contract's Greeks and their inputs."""
    return await fetched(session, *_position_greeks(portfolio_id, as_of))


@prepared(portfolio_id=Uuid(), as_of=Date())
def _position_greeks(portfolio_id: UUID, as_of: date) -> Executable:
    view = greeks.position_greeks
    unit = greeks.contract_greeks
    same = and_(unit.c.contract == view.c.contract, unit.c.as_of == view.c.as_of)
    units = [
        unit.c[name].label(f"unit_{name}")
        for name in ("delta", "gamma", "theta", "vega", "rho", "price")
    ]
    names = (
        "option_type",
        "strike",
        "expiry",
        "underlying_price",
        "underlying_price_date",
        "years_to_expiry",
    )
    sources = (
        "volatility",
        "iv_source",
        "rate",
        "rate_source",
        "dividend_yield",
        "dividend_source",
        "dividends",
        "model",
    )
    columns: list[Any] = [
        view,
        *units,
        *(unit.c[name] for name in (*names, *sources, "quote_mid", "note")),
    ]
    statement = select(*columns).select_from(view.outerjoin(unit, same))
    mine = statement.where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)
    return mine.order_by(view.c.underlying, view.c.contract)


def dollar_gamma() -> ColumnElement[float | Decimal]:
    """USD that a rise of the underlying by 1 % adds to an option position's dollar delta."""
    price = cast(greeks.contract_greeks.c.underlying_price, Double)
    return greeks.position_greeks.c.gamma * func.power(price, 2) / 100
