"""What snapshots publishes: values, NAV and P&L of portfolios and positions."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Double,
    Executable,
    Integer,
    Numeric,
    Select,
    Table,
    Uuid,
    and_,
    cast,
    collate,
    func,
    literal_column,
    or_,
    select,
)

from services.gateway.analytics.schemas.portfolio import ValuedPosition
from services.gateway.analytics.shapes.performance import Point
from services.gateway.books.queries.terms import TERMS_ON, held
from services.gateway.edge.queries import Row, all_rows
from services.gateway.edge.written import json_rows
from shared.database import Session, fetched, prepared
from shared.published import greeks, snapshots

Value = TypeVar("Value")
HISTORY_SESSIONS = 90
DAYS_OF_POINTS = 400  # more than the longest period of a money-weighted return
CENT_DECIMALS = 2


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


@dataclass(frozen=True)
class Chain:
    """A portfolio's sessions, oldest first, and its last snapshot at or before a day.

    `history`: the last sessions up to it, in cents; `points`: those of more than a year up to it;
    `returns`: every session. Each reading of the view sums the whole chain: this one sums it once.
    """

    snapshot: Row | None = None
    history: Sequence[Row] = ()
    points: Sequence[Point] = ()
    returns: Sequence[tuple[date, float | None]] = ()


async def load_chain(session: Session, portfolio_id: UUID, as_of: date | None) -> Chain:
    """The portfolio's chain, with its last snapshot at or before `as_of`."""
    [found] = await fetched(session, *_chain(portfolio_id, as_of or date.max))
    columns = tuple(column.name for column in snapshots.portfolio_snapshots.c)
    snapshot = found["snapshot"]
    return Chain(
        dict(zip(columns, snapshot[0], strict=True)) if snapshot else None,
        [dict(zip(_HISTORY, row, strict=True)) for row in reversed(found["history"])],
        [Point(*row) for row in found["points"]],
        found["returns"],
    )


_HISTORY = (
    *("as_of", "nav", "daily_pnl", "trades_pnl", "income", "fees", "cumulative_pnl"),
    *("inflow", "outflow", "large_flow", "unexplained", "daily_return"),
)
_POINT = tuple(field.name for field in fields(Point))


@prepared(portfolio_id=Uuid(), as_of=Date())
def _chain(portfolio_id: UUID, as_of: date) -> Executable:
    view = snapshots.portfolio_snapshots
    chain = select(view).where(view.c.portfolio_id == portfolio_id).cte("chain")
    row = chain.c
    until = select(func.max(row.as_of)).where(row.as_of <= as_of).scalar_subquery()
    before = select(func.max(row.as_of)).where(row.as_of < until - DAYS_OF_POINTS)
    since = func.coalesce(before.scalar_subquery(), row.as_of)
    in_cents = (_as_float(row[name], CENT_DECIMALS) for name in _HISTORY)
    parts = {
        "snapshot": select(func.row(*row)).where(row.as_of == until),
        "history": select(func.row(*in_cents))
        .where(row.as_of <= until)
        .order_by(row.as_of.desc())
        .limit(HISTORY_SESSIONS),
        "points": select(func.row(*(_as_float(row[name]) for name in _POINT)))
        .where(row.as_of <= until, row.as_of >= since)
        .order_by(row.as_of),
        "returns": select(func.row(row.as_of, row.daily_return)).order_by(row.as_of),
    }
    return select(*(func.array(part.scalar_subquery()).label(name) for name, part in parts.items()))


def _as_float(
    column: ColumnElement[Value], decimals: int | None = None
) -> ColumnElement[Value] | ColumnElement[float]:
    """A decimal number, rounded half away from zero, as a float; any other column as it is."""
    if not isinstance(column.type, Numeric):
        return column
    if decimals is None:
        return cast(column, Double)
    return cast(func.round(column, literal_column(str(decimals))), Double)


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
    return _valued(portfolio_id, as_of)


@prepared(portfolio_id=Uuid(), as_of=Date())
def written_valuations(portfolio_id: UUID, as_of: date) -> Executable:
    """The same as JSON; to be executed with the same day as `TERMS_ON`."""
    return json_rows(ValuedPosition, _valued(portfolio_id, as_of).subquery("valued"))


def _valued(portfolio_id: UUID, as_of: date) -> Select[*tuple[object, ...]]:
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


@prepared(portfolio_id=Uuid(), as_of=Date())
def without_measure(portfolio_id: UUID, as_of: date) -> Executable:
    """Position, symbol and reason of positions that some measure of exposure leaves out."""
    row = snapshots.position_valuations.c
    measures = (row.market_value, row.notional_exposure, row.delta_adjusted_exposure)
    unknown = select(row.position_id, row.symbol, row.reason)
    mine = unknown.where(row.portfolio_id == portfolio_id, row.as_of == as_of)
    return mine.where(or_(*(measure.is_(None) for measure in measures)))


@prepared(portfolio_id=Uuid(), as_of=Date(), limit=Integer())
def largest_pnl(portfolio_id: UUID, as_of: date, limit: int) -> Executable:
    """Position, symbol and `daily_pnl` of those with the largest P&L of a session, in size."""
    row = snapshots.position_valuations.c
    mine = select(row.position_id, row.symbol, row.daily_pnl).where(
        row.portfolio_id == portfolio_id, row.as_of == as_of, row.daily_pnl != 0
    )
    return mine.order_by(func.abs(row.daily_pnl).desc(), collate(row.symbol, "C")).limit(limit)


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
