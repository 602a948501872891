"""What portfolios hold, and their exposures to the factors."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    select,
)

from services.factors.inputs import Book, Edition, Position
from services.factors.tables import (
    FactorExposure,
    PositionFactorExposure,
)
from shared.database import Session, among, lock_each, merge
from shared.published.gateway import portfolios, positions_on
from shared.published.greeks import contract_greeks
from shared.published.ingest import close_on, daily_prices

Records = Iterable[Mapping[str, Any]]


async def load_book(session: Session, portfolio_ids: Sequence[UUID], as_of: date) -> Book:
    """The positions active on `as_of`, in terms of that day, with what their delta-adjusted
    exposure needs.

    Holds a lock per portfolio and session until the transaction ends: of two concurrent runs the
    later one sees the newer book and writes last.
    """
    await lock_each(
        session, [f"factors.portfolio/{portfolio}/{as_of}" for portfolio in portfolio_ids]
    )
    existing = select(portfolios.c.portfolio_id).where(
        among(portfolios.c.portfolio_id, portfolio_ids)
    )
    found = await session.scalars(existing.order_by(portfolios.c.portfolio_id))
    held = await session.execute(_active_positions(portfolio_ids, as_of))
    return Book(tuple(found), tuple(Position(*row) for row in held))


def _active_positions(portfolio_ids: Sequence[UUID], as_of: date) -> Select[Any]:
    held = _held(portfolio_ids, as_of)
    greeks, newest = contract_greeks.c, _latest_close(held.c.symbol, as_of)
    is_stock = held.c.instrument == "stock"
    delta = case((is_stock, literal(1.0)), else_=greeks.delta)
    price = case((is_stock, newest.c.close), else_=greeks.underlying_price)
    no_price = func.concat("no close of ", held.c.symbol, f" on or before {as_of}")
    no_greeks = func.coalesce(greeks.reason, func.concat("no Greeks of ", held.c.symbol))
    incomplete = delta.is_(None) | price.is_(None)
    return (
        select(
            held.c.position_id,
            held.c.portfolio_id,
            held.c.symbol,
            held.c.underlying,
            cast(held.c.quantity, Double),
            held.c.multiplier,
            delta,
            cast(price, Double),
            case((incomplete & is_stock, no_price), (incomplete, no_greeks)),
        )
        .select_from(held)
        .outerjoin(contract_greeks, and_(greeks.contract == held.c.symbol, greeks.as_of == as_of))
        .outerjoin(newest, is_stock)
        .order_by(held.c.position_id)
    )


def _held(portfolio_ids: Sequence[UUID], as_of: date) -> Any:
    held = positions_on(as_of)
    return (
        select(held)
        .where(among(held.c.portfolio_id, portfolio_ids), held.c.entry_date <= as_of)
        .where(held.c.exit_date.is_(None) | (held.c.exit_date > as_of))
        .cte("held")
    )


def _latest_close(symbol: ColumnElement[str], as_of: date) -> Any:
    """The newest close on or before `as_of`, by one look into the index: a missing price is carried
    forward.
    """
    price = daily_prices.c
    close = close_on(daily_prices, as_of).label("close")
    query = select(close).where(price.symbol == symbol, price.session_date <= as_of)
    return query.order_by(price.session_date.desc()).limit(1).lateral("newest")


async def save_exposures(
    session: Session,
    edition: Edition,
    portfolio_ids: Sequence[UUID],
    by_position: Records,
    totals: Records,
) -> None:
    """Replace the session's exposures of the shard's portfolios, in every model, and of their
    positions.
    """
    scope = {"as_of": edition.as_of, "portfolio_id": list(portfolio_ids)}
    day = {"as_of": edition.as_of}
    await merge(
        session, PositionFactorExposure, [{**day, **record} for record in by_position], within=scope
    )
    await merge(session, FactorExposure, [{**day, **record} for record in totals], within=scope)
