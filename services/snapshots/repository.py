"""Every SQL statement of the snapshots service."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import (
    ARRAY,
    Column,
    Date,
    Double,
    FromClause,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
)

from services.snapshots.calculations import Book, Caveat, History, Quotes, Snapshots, Take, Work
from services.snapshots.calculations.book import days
from services.snapshots.calculations.snapshot import GREEKS, MEASURES, POSITION_TYPES, SIDES
from services.snapshots.tables import (
    PortfolioSnapshot,
    PositionValuation,
    portfolio_snapshots,
    position_valuations,
)
from shared import calendar
from shared.contracts.event import Notice
from shared.database import Session, lock_each, merge
from shared.instruments import position_type
from shared.published import gateway, greeks, ingest

Portfolios = tuple[UUID, ...]


async def lock_portfolios(session: Session, portfolio_ids: Sequence[UUID]) -> Portfolios:
    """Hold the portfolios until the transaction ends; returns those that still exist, in order."""
    await lock_each(session, [f"snapshots/{portfolio_id}" for portfolio_id in portfolio_ids])
    known = gateway.portfolios.c.portfolio_id
    found = await session.scalars(select(known).where(known.in_(portfolio_ids)))
    return tuple(sorted(found))


async def load_history(session: Session, portfolios: Portfolios, as_of: date) -> History:
    """What is stored around `as_of`; see `History`."""
    row = portfolio_snapshots.c
    own = row.portfolio_id.in_(portfolios)
    later = select(row.portfolio_id, row.as_of).where(own, row.as_of >= as_of)
    before = select(row.portfolio_id, func.max(row.as_of)).where(own, row.as_of < as_of)
    sessions: dict[UUID, list[date]] = {portfolio_id: [] for portfolio_id in portfolios}
    for portfolio_id, stored in await session.execute(later.union_all(before.group_by(row.portfolio_id))):
        sessions[portfolio_id].append(stored)
    stored_sessions = tuple(tuple(sorted(sessions[portfolio_id])) for portfolio_id in portfolios)
    return History(stored_sessions, await _sessions_carrying(session, portfolios, as_of))


async def _sessions_carrying(session: Session, portfolios: Portfolios, as_of: date) -> frozenset[date]:
    row = position_valuations.c
    resting_on_the_past = or_(
        row.price_date.is_(None),
        row.price_date <= as_of,
        row.underlying_price_date.is_(None),
        row.underlying_price_date <= as_of,
    )
    later = and_(row.portfolio_id.in_(portfolios), row.as_of > as_of)
    return frozenset(await session.scalars(select(row.as_of).distinct().where(later, resting_on_the_past)))


async def load_work(session: Session, portfolios: Portfolios, takes: tuple[Take, ...]) -> Work:
    """Everything the takes are computed from: one query per kind of input, whatever their number."""
    first, last = _span(takes)
    book = await _load_book(session, portfolios, first, last)
    return Work(
        takes=takes,
        book=book,
        quotes=await _load_quotes(session, book, _days_needed(takes)),
        greeks=await _load_greeks(session, portfolios, {take.session for take in takes}),
        flows=await _load_flows(session, portfolios, first, last),
        sessions=calendar.sessions(first, last) if takes else [],
    )


def _span(takes: Iterable[Take]) -> tuple[date, date]:
    needed = _days_needed(takes)
    return (needed[0], needed[-1]) if needed else (date.min, date.min)


def _days_needed(takes: Iterable[Take]) -> list[date]:
    return sorted({day for take in takes for day in (take.previous, take.session) if day is not None})


async def _load_book(session: Session, portfolios: Portfolios, first: date, last: date) -> Book:
    """Positions open at some time after `first` and up to `last`, or on `first` itself."""
    row, security = gateway.positions.c, ingest.securities.c
    joined = gateway.positions.outerjoin(ingest.securities, security.symbol == row.underlying)
    open_then = and_(row.entry_date <= last, or_(row.exit_date.is_(None), row.exit_date > first))
    query = (
        select(*_BOOK_COLUMNS, security.sector)
        .select_from(joined)
        .where(row.portfolio_id.in_(portfolios), open_then)
        .order_by(row.portfolio_id, row.position_id)
    )
    return _book(portfolios, (await session.execute(query)).all())


_position = gateway.positions.c
_BOOK_COLUMNS = (
    _position.position_id,
    _position.portfolio_id,
    _position.symbol,
    _position.underlying,
    _position.option_type,
    _position.multiplier,
    cast(_position.strike, Double),
    cast(_position.quantity, Double),
    cast(_position.entry_price, Double),
    _position.entry_date,
    cast(_position.exit_price, Double),
    _position.exit_date,
)


def _book(portfolios: Portfolios, rows: Sequence[Any]) -> Book:
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * (len(_BOOK_COLUMNS) + 1)
    ids, owners, symbols, underlyings, option_types, multipliers, strikes, quantities = columns[:8]
    entry_prices, entry_dates, exit_prices, exit_dates, sectors = columns[8:]
    index = {portfolio_id: place for place, portfolio_id in enumerate(portfolios)}
    kinds = [position_type(kind, size).value for kind, size in zip(option_types, quantities, strict=True)]
    return Book(
        position_id=_objects(ids),
        portfolio=np.array([index[owner] for owner in owners], dtype=np.int64),
        symbol=_objects(symbols),
        underlying=_objects(underlyings),
        position_type=_objects(kinds),
        is_option=np.array([kind is not None for kind in option_types], dtype=bool),
        multiplier=np.array(multipliers, dtype=float),
        strike=np.array(strikes, dtype=float),
        quantity=np.array(quantities, dtype=float),
        entry_price=np.array(entry_prices, dtype=float),
        entry_day=days(entry_dates),
        exit_price=np.array(exit_prices, dtype=float),
        exit_day=days(exit_dates),
        sector=_objects(sectors),
    )


def _objects(values: Sequence[Any]) -> Any:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


async def _load_quotes(session: Session, book: Book, on: Sequence[date]) -> Quotes:
    """The latest close of each ticker and the latest value of each contract, as of each of the days."""
    contracts = sorted(set(book.symbol[book.is_option].tolist()))
    tickers = sorted({*book.symbol[~book.is_option].tolist(), *book.underlying.tolist()})
    closes = await session.execute(_latest_closes(tickers, on))
    values = await session.execute(_latest_values(contracts, on))
    return Quotes.of([*tickers, *contracts], on, [tuple(row) for row in (*closes, *values)])


def _unnested(name: str, values: Sequence[Any], kind: Any) -> Any:
    column = Column("value", kind)
    return func.unnest(literal(values, ARRAY(kind))).table_valued(column).render_derived(name=name)


def _latest_closes(tickers: Sequence[str], on: Sequence[date]) -> Select[Any]:
    """(symbol, day, close, its session, source, no delta): one index lookup per symbol and day."""
    row, symbol, day = ingest.daily_prices.c, _unnested("ticker", tickers, String), _unnested("day", on, Date)
    known = (
        select(row.close, row.session_date, row.close_basis)
        .where(row.symbol == symbol.c.value, row.session_date <= day.c.value, row.close.is_not(None))
        .order_by(row.session_date.desc())
        .limit(1)
        .lateral("known")
    )
    source = case((known.c.close_basis == "adjusted", "adjusted_close"), else_="close")
    quote = (cast(known.c.close, Double), known.c.session_date, source, cast(null(), Double))
    return _each(symbol, day, known, quote)


def _latest_values(contracts: Sequence[str], on: Sequence[date]) -> Select[Any]:
    """(contract, day, model value, its session, source, delta); a value is as old as the close under it."""
    row = greeks.contract_greeks.c
    symbol, day = _unnested("contract", contracts, String), _unnested("day", on, Date)
    known = (
        select(row.price, row.as_of, row.model, row.delta, row.expiry, row.underlying_price_date)
        .where(row.contract == symbol.c.value, row.as_of <= day.c.value, row.price.is_not(None))
        .order_by(row.as_of.desc())
        .limit(1)
        .lateral("known")
    )
    resting_on = func.least(known.c.as_of, known.c.underlying_price_date)
    price_date = case((known.c.expiry < known.c.as_of, known.c.as_of), else_=resting_on)
    source = case((known.c.model == "intrinsic", "intrinsic"), else_="model")
    delta = case((known.c.as_of == day.c.value, known.c.delta))
    return _each(symbol, day, known, (known.c.price, price_date, source, delta))


def _each(symbol: FromClause, day: FromClause, known: FromClause, quote: Sequence[Any]) -> Select[Any]:
    every = symbol.join(day, true()).join(known, true())
    return select(symbol.c.value, day.c.value, *quote).select_from(every)


async def _load_greeks(
    session: Session, portfolios: Portfolios, sessions: Iterable[date]
) -> dict[tuple[UUID, date], tuple[float | None, ...]]:
    row = greeks.position_greeks.c
    query = select(row.position_id, row.as_of, *(row[name] for name in GREEKS)).where(
        row.portfolio_id.in_(portfolios), row.as_of.in_(sessions)
    )
    found = await session.execute(query)
    return {(position_id, as_of): tuple(values) for position_id, as_of, *values in found}


async def _load_flows(
    session: Session, portfolios: Portfolios, first: date, last: date
) -> list[tuple[int, date, float]]:
    row = gateway.cash_flows.c
    query = select(row.portfolio_id, row.flow_date, cast(row.amount, Double)).where(
        row.portfolio_id.in_(portfolios), row.flow_date > first, row.flow_date <= last
    )
    index = {portfolio_id: place for place, portfolio_id in enumerate(portfolios)}
    return [(index[portfolio_id], day, amount) for portfolio_id, day, amount in await session.execute(query)]


async def save_snapshots(session: Session, portfolios: Portfolios, work: Work, snapshots: Snapshots) -> None:
    """Replace the rows of the sessions taken, for all of the portfolios, by these."""
    if not work.takes:
        return
    within = {"as_of": sorted({take.session for take in work.takes}), "portfolio_id": list(portfolios)}
    await merge(session, PositionValuation, _valuation_rows(portfolios, work, snapshots), within)
    await merge(session, PortfolioSnapshot, _snapshot_rows(portfolios, work, snapshots), within)


def _valuation_rows(portfolios: Portfolios, work: Work, snapshots: Snapshots) -> list[dict[str, Any]]:
    lines, book = snapshots.valuations, work.book
    kept = lines.active
    held, taken = lines.position[kept], [work.takes[take] for take in lines.take[kept].tolist()]
    columns = {
        "position_id": book.position_id[held],
        "as_of": [take.session for take in taken],
        "portfolio_id": [portfolios[take.portfolio] for take in taken],
        "symbol": book.symbol[held],
        "underlying": book.underlying[held],
        "position_type": book.position_type[held],
        "sector": book.sector[held],
        "quantity": _money(book.quantity[held]),
        "price": _money(lines.price[kept]),
        "price_date": lines.price_day[kept].tolist(),
        "price_source": lines.source[kept],
        "stale": lines.stale[kept].tolist(),
        "underlying_price": _money(lines.underlying_price[kept]),
        "underlying_price_date": lines.underlying_price_day[kept].tolist(),
        "market_value": _money(lines.market_value[kept]),
        "cost": _money(lines.cost[kept]),
        "unrealised_pnl": _money(lines.unrealised_pnl[kept]),
        "daily_pnl": _money(lines.daily_pnl[kept]),
        "notional_exposure": _money(lines.notional[kept]),
        "delta": _numbers(lines.delta[kept]),
        "delta_adjusted_exposure": _money(lines.delta_adjusted[kept]),
        "reason": lines.reason[kept],
    }
    return _rows(columns)


def _snapshot_rows(portfolios: Portfolios, work: Work, snapshots: Snapshots) -> list[dict[str, Any]]:
    columns: dict[str, Iterable[Any]] = {
        "portfolio_id": [portfolios[take.portfolio] for take in work.takes],
        "as_of": [take.session for take in work.takes],
        "previous_session": [take.previous for take in work.takes],
        "market_value": _money(snapshots.market_value),
        "daily_pnl": _money(snapshots.daily_pnl),
        "closed_pnl": _money(snapshots.closed_pnl),
        "net_flow": _money(snapshots.net_flow),
        "unrealised_pnl": _money(snapshots.unrealised_pnl),
        "exposures": [_exposures_json(exposures) for exposures in snapshots.exposures.tolist()],
        "counts": [_named_json(POSITION_TYPES, counts) for counts in snapshots.counts.tolist()],
        "price_coverage": _numbers(snapshots.price_coverage),
        "greeks_coverage": _numbers(snapshots.greeks_coverage),
        "warnings": [_warnings_json(caveats) for caveats in snapshots.caveats],
    }
    greek_columns = {name: _numbers(snapshots.greeks[:, place]) for place, name in enumerate(GREEKS)}
    return _rows({**columns, **greek_columns})


def _rows(columns: Mapping[str, Iterable[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _money(values: Any) -> list[Decimal | None]:
    """Six decimals, rounded here and nowhere else; None for NaN."""
    return [None if math.isnan(value) else Decimal(f"{value:.6f}") for value in values.tolist()]


def _numbers(values: Any) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _exposures_json(exposures: Sequence[Sequence[float]]) -> str:
    sides = [dict(zip(SIDES, (round(value, 6) for value in sums), strict=True)) for sums in exposures]
    return json.dumps(dict(zip(MEASURES, sides, strict=True)))


def _named_json(names: Sequence[str], values: Sequence[int]) -> str:
    return json.dumps(dict(zip(names, values, strict=True)))


def _warnings_json(caveats: Sequence[Caveat]) -> str:
    notices = (Notice.naming(caveat.code, caveat.message, caveat.about) for caveat in caveats)
    return json.dumps([notice.model_dump(mode="json") for notice in notices])
