"""What snapshots publishes: values, NAV and P&L of portfolios and positions."""

from dataclasses import fields
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Executable, Integer, Table, Uuid, and_, func, or_, select

from services.gateway.analytics.shapes.performance import Point
from services.gateway.books.queries.terms import TERMS_ON, held
from services.gateway.edge.queries import Row, all_rows
from shared.database import Session, fetched, prepared
from shared.published import greeks, snapshots


async def latest_snapshot(session: Session, portfolio_id: UUID, as_of: date | None) -> Row | None:
    """The portfolio's last snapshot at or before `as_of`."""
    found = await fetched(session, *_latest_snapshot(portfolio_id, as_of or date.max))
    return found[0] if found else None


@prepared(portfolio_id=Uuid(), as_of=Date())
def _latest_snapshot(portfolio_id: UUID, as_of: date) -> Executable:
    view = snapshots.portfolio_snapshots
    mine = select(view).where(view.c.portfolio_id == portfolio_id, view.c.as_of <= as_of)
    return mine.order_by(view.c.as_of.desc()).limit(1)


async def load_snapshots(
    session: Session,
    portfolio_id: UUID,
    start: date | None,
    end: date | None,
    limit: int,
    offset: int,
) -> list[Row]:
    """A page of the portfolio's snapshots, newest first."""
    view = snapshots.portfolio_snapshots
    page = select(view).where(*_between(view, portfolio_id, start, end))
    return await all_rows(session, page.order_by(view.c.as_of.desc()).limit(limit).offset(offset))


async def load_history(session: Session, portfolio_id: UUID, end: date, limit: int) -> list[Row]:
    """NAV, P&L and return of the portfolio's last sessions up to `end`, oldest first."""
    found = await fetched(session, *_history(portfolio_id, end, limit))
    return found[::-1]


@prepared(portfolio_id=Uuid(), end=Date(), limit=Integer())
def _history(portfolio_id: UUID, end: date, limit: int) -> Executable:
    view = snapshots.portfolio_snapshots
    names = (
        *("as_of", "nav", "daily_pnl", "trades_pnl", "income", "fees", "cumulative_pnl"),
        *("inflow", "outflow", "large_flow", "unexplained", "daily_return"),
    )
    last = select(*(view.c[name] for name in names))
    mine = last.where(view.c.portfolio_id == portfolio_id, view.c.as_of <= end)
    return mine.order_by(view.c.as_of.desc()).limit(limit)


async def load_returns(session: Session, portfolio_id: UUID) -> list[tuple[date, float | None]]:
    """Every session of the portfolio with its return, oldest first."""
    found = await fetched(session, *_returns(portfolio_id))
    return [(row["as_of"], row["daily_return"]) for row in found]


@prepared(portfolio_id=Uuid())
def _returns(portfolio_id: UUID) -> Executable:
    view = snapshots.portfolio_snapshots.c
    query = select(view.as_of, view.daily_return).where(view.portfolio_id == portfolio_id)
    return query.order_by(view.as_of)


async def load_points(session: Session, portfolio_id: UUID, start: date, end: date) -> list[Point]:
    """The portfolio's chain from its last snapshot before `start` to `end`, oldest first."""
    found = await fetched(session, *_points(portfolio_id, start, end))
    return [Point(**point) for point in found]


@prepared(portfolio_id=Uuid(), start=Date(), end=Date())
def _points(portfolio_id: UUID, start: date, end: date) -> Executable:
    view = snapshots.portfolio_snapshots
    taken = view.alias("taken").c
    before = select(func.max(taken.as_of)).where(
        taken.portfolio_id == portfolio_id, taken.as_of < start
    )
    first = func.coalesce(before.scalar_subquery(), start)
    columns = (view.c[field.name] for field in fields(Point))
    mine = and_(view.c.portfolio_id == portfolio_id, view.c.as_of >= first, view.c.as_of <= end)
    return select(*columns).where(mine).order_by(view.c.as_of)


async def count_snapshots(
    session: Session, portfolio_id: UUID, start: date | None, end: date | None
) -> int:
    """How many snapshots the portfolio has in the period."""
    view = snapshots.portfolio_snapshots
    count = select(func.count()).select_from(view).where(*_between(view, portfolio_id, start, end))
    return int(await session.scalar(count) or 0)


def _between(view: Table, portfolio_id: UUID, start: date | None, end: date | None) -> list[Any]:
    conditions: list[Any] = [view.c.portfolio_id == portfolio_id]
    conditions += [view.c.as_of >= start] if start else []
    conditions += [view.c.as_of <= end] if end else []
    return conditions


async def load_valuations(session: Session, portfolio_id: UUID, as_of: date) -> list[Row]:
    """Every position's value on a session with terms and option model, the largest first."""
    statement, values = _valuations(portfolio_id, as_of)
    return await fetched(session, statement, {**values, TERMS_ON: as_of})


@prepared(portfolio_id=Uuid(), as_of=Date())
def _valuations(portfolio_id: UUID, as_of: date) -> Executable:
    view = snapshots.position_valuations
    contract = greeks.position_greeks
    unit = greeks.contract_greeks
    same_position = and_(
        contract.c.position_id == view.c.position_id, contract.c.as_of == view.c.as_of
    )
    same_contract = and_(unit.c.contract == contract.c.contract, unit.c.as_of == view.c.as_of)
    joined = (
        view.join(held, held.c.position_id == view.c.position_id)
        .outerjoin(contract, same_position)
        .outerjoin(unit, same_contract)
    )
    terms = (
        held.c[name] for name in ("entry_price", "entry_date", "strike", "expiry", "multiplier")
    )
    model = (
        unit.c[name]
        for name in ("iv_source", "rate_source", "dividend_source", "model", "volatility")
    )
    statement = select(view, *terms, *model).select_from(joined)
    mine = statement.where(view.c.portfolio_id == portfolio_id, view.c.as_of == as_of)
    return mine.order_by(func.abs(view.c.market_value).desc().nulls_last(), view.c.symbol)


async def load_without_value(
    session: Session, portfolio_id: UUID, start: date | None, end: date | None
) -> list[Row]:
    """Session, position, symbol, quantity and reason of positions that a measure leaves out."""
    view = snapshots.position_valuations
    measures = (
        view.c[name] for name in ("market_value", "notional_exposure", "delta_adjusted_exposure")
    )
    names = ("as_of", "position_id", "symbol", "quantity", "reason")
    unknown = select(*(view.c[name] for name in names)).where(
        *_between(view, portfolio_id, start, end)
    )
    return await all_rows(session, unknown.where(or_(*(measure.is_(None) for measure in measures))))
