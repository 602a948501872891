"""What snapshots are computed from, and where they and their valuations are stored."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar
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
    TableValuedAlias,
    Uuid,
    and_,
    case,
    cast,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.types import TypeEngine

from services.snapshots.inputs import (
    CashFlow,
    Dividend,
    HeldPosition,
    Plan,
    PositionOnDay,
    Quote,
    SnapshotInputs,
    Split,
)
from services.snapshots.tables import PortfolioSnapshot, PositionValuation
from shared.arrays import Columns, FloatArray
from shared.calendar import sessions
from shared.conventions import GREEKS
from shared.database import Session, among, array_of, prepared
from shared.database.arrays import merge_columns
from shared.published import gateway, greeks, ingest
from shared.rows import Scope

Portfolios = Sequence[UUID]
Value = TypeVar("Value")
_IDS = ARRAY(Uuid)
_Held = tuple[  # the fields of `HeldPosition`
    UUID,
    UUID,
    str,
    str,
    str | None,
    float,
    float | None,
    float,
    float,
    date,
    float | None,
    date | None,
    float | None,
    str | None,
]


async def load_snapshot_inputs(session: Session, plan: Plan) -> SnapshotInputs:
    """All that the plan's snapshots need: one query per kind of input, for any number of them."""
    days = plan.days
    if not days:
        return SnapshotInputs(plan)
    first = days[0]
    last = days[-1]
    positions = await _load_positions(session, plan.portfolios, first, last)
    stocks = {position.symbol for position in positions if position.option_type is None}
    tickers = sorted(stocks.union(position.underlying for position in positions))
    splits = await _load_splits(session, positions, tickers, first, last)
    eves = {split.ex_date - timedelta(days=1) for split in splits}
    with_eves = sorted(eves.union(days))
    restated = await _load_restated(session, plan.portfolios, splits, with_eves)
    contracts = _contracts(positions, restated)
    return SnapshotInputs(
        plan=plan,
        positions=positions,
        quotes=[
            *await _load_closes(session, tickers, days),
            *await _load_values(session, contracts, with_eves),
        ],
        splits=splits,
        restated=restated,
        greeks=await _load_greeks(session, contracts, plan.session_dates),
        flows=await _load_flows(session, plan.portfolios, first, last),
        income=await _load_income(session, plan.portfolios, first, last, fees=False),
        fees=await _load_income(session, plan.portfolios, first, last, fees=True),
        in_price=await _load_in_price(session, plan.portfolios, first, last),
        dividends=await _load_dividends(session, plan.portfolios, first, last),
        sessions=sessions(first, last),
    )


def _contracts(positions: Sequence[HeldPosition], restated: Sequence[PositionOnDay]) -> list[str]:
    """Every distinct option held, by each of its symbols."""
    symbols = {each.position_id: {each.symbol} for each in positions if each.option_type}
    for terms in restated:
        if terms.position_id in symbols:
            symbols[terms.position_id].add(terms.symbol)
    return sorted(set().union(*symbols.values()))


async def _load_positions(
    session: Session, portfolios: Portfolios, first: date, last: date
) -> list[HeldPosition]:
    """Positions held at some time after the first day up to the last, in the last day's shares."""
    found = await session.execute(*_positions(portfolios, first, last))
    return [HeldPosition(*row) for row in found.tuples()]


@prepared(portfolios=_IDS, first=Date(), last=Date())
def _positions(portfolios: Portfolios, first: date, last: date) -> Select[*_Held]:
    held = gateway.positions_on(last)
    row = held.c
    security = ingest.securities.c
    joined = held.outerjoin(ingest.securities, security.symbol == row.underlying)
    open_then = and_(row.held_from <= last, or_(row.held_until.is_(None), row.held_until > first))
    named = (row.position_id, row.portfolio_id, row.symbol, row.underlying, row.option_type)
    query = select(
        *named,
        *(cast(row[name], Double) for name in ("multiplier", "strike", "quantity", "entry_price")),
        *(row.held_from, cast(row.from_price, Double)),
        *(row.held_until, cast(row.until_price, Double)),
        security.sector,
    )
    theirs = among(row.portfolio_id, portfolios)
    return query.select_from(joined).where(theirs, open_then)


async def _load_splits(
    session: Session,
    positions: Sequence[HeldPosition],
    tickers: Sequence[str],
    first: date,
    last: date,
) -> list[Split]:
    """The splits up to the last day, by ex-date: those after the first day, and those since an
    option on the symbol is held.
    """
    row = ingest.splits.c
    options = [each for each in positions if each.option_type]
    since = min((each.held_from for each in options), default=last)
    on_options = and_(row.ex_date > since, among(row.symbol, {each.underlying for each in options}))
    within = and_(
        row.ex_date <= last, or_(and_(row.ex_date > first, among(row.symbol, tickers)), on_options)
    )
    query = select(row.symbol, row.ex_date, cast(row.ratio, Double)).where(within)
    found = await session.execute(query.order_by(row.ex_date, row.symbol))
    return [Split(symbol, ex_date, ratio) for symbol, ex_date, ratio in found]


async def _load_restated(
    session: Session, portfolios: Portfolios, splits: Sequence[Split], days: Sequence[date]
) -> list[PositionOnDay]:
    """The positions on what was split, in the shares of each of the days."""
    if not splits:
        return []
    day = _unnested("on_day", days, Date())
    every = gateway.positions.join(day, among(gateway.positions.c.portfolio_id, portfolios))
    dated = select(gateway.positions, day.c.value.label("day")).select_from(every).subquery("dated")
    row = gateway.positions_on(dated.c.day, dated).c
    terms = (row.symbol, cast(row.quantity, Double), cast(row.split_factor, Double))
    tickers = sorted({split.symbol for split in splits})
    query = select(row.position_id, row.held_from, row.day, *terms).where(
        among(row.underlying, tickers)
    )
    return [PositionOnDay(*found) for found in await session.execute(query)]


async def _load_closes(
    session: Session, tickers: Sequence[str], days: Sequence[date]
) -> list[Quote]:
    """The last close of each ticker on or before each of the days."""
    found = await session.execute(*_closes(tickers, days))
    return [Quote(*row) for row in found]


@prepared(tickers=ARRAY(String), days=ARRAY(Date))
def _closes(tickers: Sequence[str], days: Sequence[date]) -> Select[str, date, float, date, str]:
    symbol = _unnested("ticker", tickers, String())
    day = _unnested("day", days, Date())
    close = ingest.last_close(symbol.c.value, day.c.value)
    source = case((close.c.close_basis == "adjusted", "adjusted_close"), else_="close")
    quote = (cast(close.c.close, Double), close.c.session_date, source)
    return select(symbol.c.value, day.c.value, *quote).select_from(_each(symbol, day, close))


async def _load_values(
    session: Session, contracts: Sequence[str], days: Sequence[date]
) -> list[Quote]:
    """The last value of each contract on or before each of the days.

    A quote values a contract whose Greeks are missing: value without delta.
    """
    return [Quote(*row) for row in await session.execute(*_values(contracts, days))]


@prepared(contracts=ARRAY(String), days=ARRAY(Date))
def _values(
    contracts: Sequence[str], days: Sequence[date]
) -> Select[str, date, float, date, str, float]:
    symbol = _unnested("contract", contracts, String())
    day = _unnested("day", days, Date())
    value = greeks.last_value(symbol.c.value, day.c.value)
    source = case(
        (value.c.quoted, "quote_mid"), (value.c.model == "intrinsic", "intrinsic"), else_="model"
    )
    delta = case((value.c.as_of == day.c.value, value.c.delta))
    return select(
        symbol.c.value, day.c.value, value.c.price, value.c.price_date, source, delta
    ).select_from(_each(symbol, day, value))


def _unnested(name: str, values: Sequence[Value], kind: TypeEngine[Value]) -> TableValuedAlias:
    elements = func.unnest(array_of(values, kind)).table_valued(Column("value", kind))
    return elements.render_derived(name=name)


def _each(symbol: FromClause, day: FromClause, known: FromClause) -> FromClause:
    return symbol.join(day, true()).join(known, true())


async def _load_greeks(
    session: Session, contracts: Sequence[str], session_dates: Sequence[date]
) -> dict[tuple[str, date], FloatArray]:
    """By (contract, session), per share of contract, in the order of `GREEKS`; NaN where unknown.

    Contracts' and not positions', which are not kept as long as snapshots are.
    """
    row = greeks.contract_greeks.c
    known = [case((row.reason.is_(None), row[greek])) for greek in GREEKS]
    query = select(row.contract, row.as_of, *known).where(
        among(row.contract, contracts), among(row.as_of, session_dates)
    )
    return {
        (contract, as_of): np.array(values, dtype=np.float64)
        for contract, as_of, *values in await session.execute(query)
    }


async def _load_flows(
    session: Session, portfolios: Portfolios, first: date, last: date
) -> list[CashFlow]:
    """The cash flows up to the last day, those up to the first summed on it."""
    row = gateway.cash_flows.c
    return await _load_amounts(
        session,
        portfolios,
        select(
            row.portfolio_id,
            func.greatest(row.flow_date, first).label("day"),
            row.amount,
        ).where(among(row.portfolio_id, portfolios), row.flow_date <= last),
    )


async def _load_amounts(
    session: Session, portfolios: Portfolios, dated: Select[UUID, date, Decimal]
) -> list[CashFlow]:
    """Amounts by portfolio and day, what comes in and what leaves summed apart."""
    row = dated.subquery("dated").c
    comes_in = row.amount > 0
    query = (
        select(row.portfolio_id, row.day, cast(func.sum(row.amount), Double))
        .group_by(row.portfolio_id, row.day, comes_in)
        .order_by(row.portfolio_id, row.day, comes_in)
    )
    place = {portfolio: index for index, portfolio in enumerate(portfolios)}
    found = await session.execute(query)
    return [CashFlow(place[portfolio], day, amount) for portfolio, day, amount in found]


async def _load_income(
    session: Session, portfolios: Portfolios, first: date, last: date, *, fees: bool
) -> list[CashFlow]:
    """The fees entered after the first day up to the last, or the income other than fees.

    Without the dividends that prices hold: see `_load_in_price`.
    """
    row = gateway.income.c
    kind = row.kind == "fee" if fees else row.kind != "fee"
    within = and_(among(row.portfolio_id, portfolios), row.day > first, row.day <= last)
    booked = or_(row.kind != "dividend", ~ingest.is_adjusted(row.symbol, row.day))
    dated = select(row.portfolio_id, row.day, row.amount).where(within, kind, booked)
    return await _load_amounts(session, portfolios, dated)


async def _load_in_price(
    session: Session, portfolios: Portfolios, first: date, last: date
) -> list[CashFlow]:
    """The dividends entered in those days of symbols whose closes are adjusted for them."""
    row = gateway.income.c
    within = and_(among(row.portfolio_id, portfolios), row.day > first, row.day <= last)
    held_by_price = and_(row.kind == "dividend", ingest.is_adjusted(row.symbol, row.day))
    amount = cast(row.amount, Double)
    query = select(row.portfolio_id, row.day, amount, row.symbol).where(within, held_by_price)
    place = {portfolio: index for index, portfolio in enumerate(portfolios)}
    found = await session.execute(query)
    return [CashFlow(place[owner], day, usd, symbol or "") for owner, day, usd, symbol in found]


async def _load_dividends(
    session: Session, portfolios: Portfolios, first: date, last: date
) -> list[Dividend]:
    """The dividends that positions are due for ex-dates after the first day up to the last."""
    found = await session.execute(*_dividends(portfolios, first, last))
    place = {portfolio: index for index, portfolio in enumerate(portfolios)}
    return [
        Dividend(position, place[owner], ex_date, usd) for position, owner, ex_date, usd in found
    ]


@prepared(portfolios=_IDS, first=Date(), last=Date())
def _dividends(portfolios: Portfolios, first: date, last: date) -> Select[UUID, UUID, date, float]:
    due = gateway.dividends_between(portfolios, first, last).subquery("due").c
    amount = cast(due.amount, Double)
    query = select(due.position_id, due.portfolio_id, due.ex_date, amount)
    return query.order_by(due.ex_date, due.position_id)


async def save_snapshots(
    session: Session, plan: Plan, snapshots: Columns, valuations: Columns
) -> None:
    """Replace the snapshots and valuations of the plan's sessions and portfolios by these."""
    within: Scope = {"as_of": plan.session_dates, "portfolio_id": list(plan.portfolios)}
    await merge_columns(session, PositionValuation, valuations, within)
    await merge_columns(session, PortfolioSnapshot, snapshots, within)
