"""Books, prices and Greeks to value, and the valuations and snapshots that come of it."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Date,
    Double,
    FromClause,
    Numeric,
    Select,
    String,
    and_,
    any_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
)

from services.snapshots.repository.rows import Columns, Scope, rows_of
from services.snapshots.tables import (
    PortfolioSnapshot,
    PositionValuation,
    portfolio_snapshots,
    position_valuations,
)
from shared.database import Session, lock_each, merge
from shared.instruments import position_type
from shared.published import gateway, greeks, ingest

Portfolios = tuple[UUID, ...]
Span = tuple[date, date]


async def lock_portfolios(session: Session, portfolio_ids: Sequence[UUID]) -> Portfolios:
    """Hold the portfolios until the transaction ends; returns those that still exist, in order."""
    await lock_each(session, [f"snapshots/{portfolio_id}" for portfolio_id in portfolio_ids])
    known = gateway.portfolios.c.portfolio_id
    found = await session.scalars(select(known).where(known.in_(portfolio_ids)))
    return tuple(sorted(found))


async def load_stored_sessions(
    session: Session, portfolios: Portfolios, as_of: date
) -> list[tuple[UUID, date]]:
    """(portfolio, session) of the last snapshot before `as_of` and of all from it on."""
    row = portfolio_snapshots.c
    own = row.portfolio_id.in_(portfolios)
    later = select(row.portfolio_id, row.as_of).where(own, row.as_of >= as_of)
    before = select(row.portfolio_id, func.max(row.as_of)).where(own, row.as_of < as_of)
    found = await session.execute(later.union_all(before.group_by(row.portfolio_id)))
    return [(portfolio_id, stored) for portfolio_id, stored in found]


async def load_outdated_sessions(
    session: Session, portfolios: Portfolios, as_of: date
) -> set[date]:
    """Later sessions resting on a price of `as_of` or before (or on none) that is not the latest
    any more.
    """
    snapshot, row = portfolio_snapshots.c, _carried_prices(portfolio_snapshots.c.carried)
    close, value = (
        _latest_close(row.c.underlying, snapshot.as_of),
        _latest_value(row.c.symbol, snapshot.as_of),
    )
    own_carried, underlying_carried = (
        _carried(row.c.price_date, as_of),
        _carried(row.c.underlying_price_date, as_of),
    )
    own_moved = or_(
        row.c.price.is_distinct_from(func.round(cast(value.c.price, Numeric), 6)),
        row.c.price_date.is_distinct_from(value.c.price_date),
    )
    underlying_moved = or_(
        row.c.underlying_price.is_distinct_from(close.c.price),
        row.c.underlying_price_date.is_distinct_from(close.c.price_date),
    )
    is_option = row.c.symbol != row.c.underlying
    moved = or_(and_(underlying_carried, underlying_moved), and_(is_option, own_carried, own_moved))
    known = portfolio_snapshots.join(row, true()).outerjoin(close, true()).outerjoin(value, true())
    later = and_(snapshot.portfolio_id.in_(portfolios), snapshot.as_of > as_of)
    return set(
        await session.scalars(
            select(snapshot.as_of).distinct().select_from(known).where(later, moved)
        )
    )


def _carried_prices(carried: ColumnElement[Any]) -> Any:
    """The elements of a snapshot's `carried` as rows."""
    names = (Column("symbol", String), Column("underlying", String))
    own = (Column("price", Numeric), Column("price_date", Date))
    underlying = (Column("underlying_price", Numeric), Column("underlying_price_date", Date))
    elements = func.jsonb_to_recordset(carried).table_valued(*names, *own, *underlying)
    return elements.render_derived(name="carried", with_types=True)


def _carried(price_date: ColumnElement[Any], as_of: date) -> ColumnElement[bool]:
    return or_(price_date.is_(None), price_date <= as_of)


async def load_positions(
    session: Session, portfolios: Portfolios, span: Span
) -> list[tuple[Any, ...]]:
    """Positions open at some time within the span: entered up to its last day, not closed by its
    first.

    In terms of the span's last day. Fields: id, portfolio, symbol, underlying, type, is option,
    multiplier, strike, quantity, entry price and date, exit price and date, sector of the
    underlying.
    """
    first, last = span
    held, security = gateway.positions_on(last), ingest.securities.c
    row = held.c
    joined = held.outerjoin(ingest.securities, security.symbol == row.underlying)
    open_then = and_(row.entry_date <= last, or_(row.exit_date.is_(None), row.exit_date > first))
    named = (row.position_id, row.portfolio_id, row.symbol, row.underlying, row.option_type)
    sizes = (row.multiplier, row.strike, row.quantity, row.entry_price)
    lifetime = (row.entry_date, cast(row.exit_price, Double), row.exit_date)
    terms = (*named, *(cast(size, Double) for size in sizes), *lifetime)
    query = select(*terms, security.sector).select_from(joined)
    found = await session.execute(query.where(row.portfolio_id.in_(portfolios), open_then))
    return [_position(*position) for position in found]


async def load_splits(
    session: Session, tickers: Sequence[str], span: Span
) -> list[tuple[str, date, float]]:
    """(symbol, ex-date, new shares per old one) of the splits after the span's first day, up to its
    last.
    """
    row, (first, last) = ingest.splits.c, span
    within = and_(row.ex_date > first, row.ex_date <= last, row.symbol.in_(tickers))
    query = select(row.symbol, row.ex_date, cast(row.ratio, Double)).where(within)
    found = await session.execute(query.order_by(row.ex_date, row.symbol))
    return [(symbol, ex_date, ratio) for symbol, ex_date, ratio in found]


async def load_restated(
    session: Session, portfolios: Portfolios, tickers: Sequence[str], on: Sequence[date]
) -> list[tuple[Any, ...]]:
    """(position, day, symbol, quantity, shares of the day for one stated) of positions on the
    tickers, each day.
    """
    day = _unnested("on_day", on, Date)
    every = gateway.positions.join(day, gateway.positions.c.portfolio_id.in_(portfolios))
    dated = select(gateway.positions, day.c.value.label("day")).select_from(every).subquery("dated")
    row = gateway.positions_on(dated.c.day, dated).c
    terms = (row.symbol, cast(row.quantity, Double), cast(row.split_factor, Double))
    query = select(row.position_id, row.day, *terms).where(row.underlying.in_(tickers))
    return [tuple(found) for found in await session.execute(query)]


def _position(*row: Any) -> tuple[Any, ...]:
    position_id, owner, symbol, underlying, option_type, multiplier, strike, quantity, *rest = row
    kind = position_type(option_type, quantity).value
    terms = kind, option_type is not None, multiplier, strike, quantity
    return position_id, owner, symbol, underlying, *terms, *rest


async def latest_closes(
    session: Session, tickers: Sequence[str], on: Sequence[date]
) -> list[tuple[Any, ...]]:
    """(ticker, day, close, its session, source, no delta) of each ticker as of each of the days."""
    symbol, day = _unnested("ticker", tickers, String), _unnested("day", on, Date)
    known = _latest_close(symbol.c.value, day.c.value)
    source = case((known.c.close_basis == "adjusted", "adjusted_close"), else_="close")
    quote = (cast(known.c.price, Double), known.c.price_date, source, cast(null(), Double))
    return await _each(session, symbol, day, known, quote)


async def latest_values(
    session: Session, contracts: Sequence[str], on: Sequence[date]
) -> list[tuple[Any, ...]]:
    """(contract, day, value, its session, source, delta on the very day) of each contract as of
    each day.

    A quote values a contract whose Greeks are missing: value without delta.
    """
    symbol, day = _unnested("contract", contracts, String), _unnested("day", on, Date)
    known = _latest_value(symbol.c.value, day.c.value)
    source = case(
        (known.c.quoted, "quote_mid"), (known.c.model == "intrinsic", "intrinsic"), else_="model"
    )
    delta = case((known.c.as_of == day.c.value, known.c.delta))
    return await _each(
        session, symbol, day, known, (known.c.price, known.c.price_date, source, delta)
    )


def _unnested(name: str, values: Sequence[Any], kind: Any) -> Any:
    column = Column("value", kind)
    return func.unnest(literal(values, ARRAY(kind))).table_valued(column).render_derived(name=name)


async def _each(
    session: Session, symbol: FromClause, day: FromClause, known: FromClause, quote: Sequence[Any]
) -> list[tuple[Any, ...]]:
    every = symbol.join(day, true()).join(known, true())
    found = await session.execute(select(symbol.c.value, day.c.value, *quote).select_from(every))
    return [tuple(row) for row in found]


def _latest_close(symbol: ColumnElement[Any], day: ColumnElement[Any]) -> FromClause:
    """The last close of `symbol` up to `day`, per share of that day: one index lookup."""
    row = ingest.daily_prices.c
    price = ingest.close_on(ingest.daily_prices, day).label("price")
    query = select(price, row.session_date.label("price_date"), row.close_basis)
    return _last(
        query.where(row.symbol == symbol, row.session_date <= day), row.session_date, "closed"
    )


def _latest_value(contract: ColumnElement[Any], day: ColumnElement[Any]) -> FromClause:
    """The last known value of `contract` up to `day`: its own quote's mid, else the model's.

    A quote is of its own session, a model value as old as the underlying's close it rests on. From
    a split on the symbol means another contract, so no value is carried over one.
    """
    row = greeks.contract_greeks.c
    quoted = and_(row.quote_mid.is_not(None), row.expiry >= row.as_of)
    price = case((quoted, row.quote_mid), else_=row.price)
    current = or_(quoted, row.expiry < row.as_of)
    price_date = case((current, row.as_of), else_=func.least(row.as_of, row.underlying_price_date))
    lives = func.least(row.as_of, row.expiry), func.least(day, row.expiry)
    split_since = ingest.split_factor(row.underlying, *lives).scalar_subquery().is_not(None)
    query = select(
        case((row.as_of == day, price), (split_since, None), else_=price).label("price"),
        price_date.label("price_date"),
        quoted.label("quoted"),
        row.as_of,
        row.model,
        row.delta,
    )
    return _last(
        query.where(row.contract == contract, row.as_of <= day, price.is_not(None)),
        row.as_of,
        "valued",
    )


def _last(query: Select[Any], by: ColumnElement[Any], name: str) -> FromClause:
    return query.order_by(by.desc()).limit(1).lateral(name)


async def load_greeks(
    session: Session, contracts: Sequence[str], sessions: Iterable[date]
) -> dict[tuple[str, date], tuple[float | None, ...]]:
    """(contract, session) to delta, gamma, theta, vega and rho per share of contract, None where
    unknown.

    Contracts' and not positions', which are not kept as long as snapshots are.
    """
    unit = greeks.contract_greeks.c
    measured = (unit.delta, unit.gamma, unit.theta, unit.vega, unit.rho)
    known = [case((unit.reason.is_(None), greek)) for greek in measured]
    query = select(unit.contract, unit.as_of, *known).where(
        unit.contract == any_(literal(contracts, ARRAY(String))), unit.as_of.in_(sessions)
    )
    found = await session.execute(query)
    return {(contract, as_of): tuple(values) for contract, as_of, *values in found}


async def load_flows(
    session: Session, portfolios: Portfolios, span: Span
) -> list[tuple[UUID, date, float]]:
    """(portfolio, day, USD) of the cash flows after the span's first day up to its last."""
    row, (first, last) = gateway.cash_flows.c, span
    query = select(row.portfolio_id, row.flow_date, cast(row.amount, Double))
    within = and_(row.portfolio_id.in_(portfolios), row.flow_date > first, row.flow_date <= last)
    found = await session.execute(query.where(within).order_by(row.flow_date, row.cash_flow_id))
    return [(portfolio_id, day, amount) for portfolio_id, day, amount in found]


async def save_valuations(session: Session, columns: Columns, within: Scope) -> None:
    """Replace the valuations of the scope's sessions and portfolios by these."""
    rows = await asyncio.to_thread(rows_of, position_valuations, columns)
    await merge(session, PositionValuation, rows, within)


async def save_snapshots(session: Session, columns: Columns, within: Scope) -> None:
    """Replace the snapshots of the scope's sessions and portfolios by these."""
    rows = await asyncio.to_thread(rows_of, portfolio_snapshots, columns)
    await merge(session, PortfolioSnapshot, rows, within)
