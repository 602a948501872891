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
    Select,
    Uuid,
    and_,
    cast,
    func,
    select,
)

from services.gateway.analytics.schemas.greeks import PositionGreeks
from services.gateway.edge.queries import Row
from services.gateway.edge.shapes import GREEKS
from services.gateway.edge.written import json_rows, rounded
from shared.database import Session, fetched, prepared
from shared.published import greeks


async def load_position_greeks(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """Each option position's Greeks on a session, with the contract's Greeks and their inputs."""
    return await fetched(session, *_position_greeks(portfolio_id, as_of))


@prepared(portfolio_id=Uuid(), as_of=Date())
def _position_greeks(portfolio_id: UUID, as_of: date) -> Executable:
    return _options(portfolio_id, as_of)


@prepared(portfolio_id=Uuid(), as_of=Date())
def written_greeks(portfolio_id: UUID, as_of: date) -> Executable:
    """The same as JSON."""
    option = _options(portfolio_id, as_of).subquery("option")
    parts = ((name, rounded(option.c[f"unit_{name}"], None)) for name in GREEKS)
    unit = func.json_build_object(*(each for part in parts for each in part)).label("unit")
    return json_rows(PositionGreeks, select(option, unit).subquery("valued"))


@prepared(portfolio_id=Uuid(), as_of=Date())
def sources(portfolio_id: UUID, as_of: date) -> Executable:
    """What each option position of a session was valued with, and why it was not."""
    option = _options(portfolio_id, as_of).subquery("option").c
    named = ("position_id", "contract", "underlying", "reason", "note", "model")
    return select(*(option[name] for name in (*named, *_SOURCES)))


_SOURCES = ("iv_source", "rate_source", "dividend_source")


def _options(portfolio_id: UUID, as_of: date) -> Select[*tuple[object, ...]]:
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
