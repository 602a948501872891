"""What snapshots are computed from, and where they and their valuations are stored."""

from collections.abc import Sequence
from datetime import date, timedelta
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
from shared.database import Session, among, array_of, prepared, tuples
from shared.database.arrays import merge_columns
from shared.published import gateway, greeks, ingest
from shared.rows import Scope

Portfolios = Sequence[UUID]
Value = TypeVar("Value")
_IDS = ARRAY(Uuid)
_TEXTS = ARRAY(String)
_DAYS = ARRAY(Date)
_INCOME = "income"
_FEE = "fee"
_IN_PRICE = "in_price"
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
    entered = await _load_entered(session, plan.portfolios, first, last)
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
        income=entered[_INCOME],
        fees=entered[_FEE],
        in_price=entered[_IN_PRICE],
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
    found = await tuples(session, *_positions(portfolios, first, last))
    return [HeldPosition(*row) for row in found]


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
    options = [each for each in positions if each.option_type]
    since = min((each.held_from for each in options), default=last)
    on_options = list({each.underlying for each in options})
    found = await tuples(session, *_splits(tickers, first, last, on_options, since))
    return [Split(*row) for row in found]


@prepared(tickers=_TEXTS, first=Date(), last=Date(), on_options=_TEXTS, since=Date())
def _splits(
    tickers: Sequence[str], first: date, last: date, on_options: Sequence[str], since: date
) -> Select[str, date, float]:
    row = ingest.splits.c
    held = and_(row.ex_date > first, among(row.symbol, tickers))
    of_options = and_(row.ex_date > since, among(row.symbol, on_options))
    query = select(row.symbol, row.ex_date, cast(row.ratio, Double))
    within = (row.ex_date <= last, or_(held, of_options))
    return query.where(*within).order_by(row.ex_date, row.symbol)


async def _load_restated(
    session: Session, portfolios: Portfolios, splits: Sequence[Split], days: Sequence[date]
) -> list[PositionOnDay]:
    """The positions on what was split, in the shares of each of the days."""
    if not splits:
        return []
    tickers = sorted({split.symbol for split in splits})
    found = await tuples(session, *_restated(portfolios, tickers, days))
    return [PositionOnDay(*row) for row in found]


@prepared(portfolios=_IDS, tickers=_TEXTS, days=_DAYS)
def _restated(
    portfolios: Portfolios, tickers: Sequence[str], days: Sequence[date]
) -> Select[UUID, date, date, str, float, float]:
    day = _unnested("on_day", days, Date())
    every = gateway.positions.join(day, among(gateway.positions.c.portfolio_id, portfolios))
    dated = select(gateway.positions, day.c.value.label("day")).select_from(every).subquery("dated")
    row = gateway.positions_on(dated.c.day, dated).c
    terms = (row.symbol, cast(row.quantity, Double), cast(row.split_factor, Double))
    query = select(row.position_id, row.held_from, row.day, *terms)
    return query.where(among(row.underlying, tickers))


async def _load_closes(
    session: Session, tickers: Sequence[str], days: Sequence[date]
) -> list[Quote]:
    """The last close of each ticker on or before each of the days."""
    return [Quote(*row) for row in await tuples(session, *_closes(tickers, days))]


@prepared(tickers=_TEXTS, days=_DAYS)
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
    if not contracts:
        return []
    return [Quote(*row) for row in await tuples(session, *_values(contracts, days))]


@prepared(contracts=_TEXTS, days=_DAYS)
def _values(
    contracts: Sequence[str], days: Sequence[date]
) -> Select[str, date, float, date, str, float | None]:
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
    if not contracts:
        return {}
    found = await tuples(session, *_greeks(contracts, session_dates))
    return {
        (contract, as_of): np.array(values, dtype=np.float64) for contract, as_of, *values in found
    }


@prepared(contracts=_TEXTS, session_dates=_DAYS)
def _greeks(
    contracts: Sequence[str], session_dates: Sequence[date]
) -> Select[str, date, *tuple[float | None, ...]]:
    row = greeks.contract_greeks.c
    known = [case((row.reason.is_(None), row[greek])) for greek in GREEKS]
    query = select(row.contract, row.as_of, *known)
    return query.where(among(row.contract, contracts), among(row.as_of, session_dates))


async def _load_flows(
    session: Session, portfolios: Portfolios, first: date, last: date
) -> list[CashFlow]:
    """The cash flows up to the last day, those up to the first summed on it."""
    place = {portfolio: index for index, portfolio in enumerate(portfolios)}
    found = await tuples(session, *_flows(portfolios, first, last))
    return [CashFlow(place[portfolio], day, amount) for portfolio, day, amount in found]


@prepared(portfolios=_IDS, first=Date(), last=Date())
def _flows(portfolios: Portfolios, first: date, last: date) -> Select[UUID, date, float]:
    """By portfolio and day, what comes in and what leaves summed apart."""
    flow = gateway.cash_flows.c
    day = func.greatest(flow.flow_date, first).label("day")
    theirs = (among(flow.portfolio_id, portfolios), flow.flow_date <= last)
    row = select(flow.portfolio_id, day, flow.amount).where(*theirs).subquery("dated").c
    of_day = (row.portfolio_id, row.day, row.amount > 0)
    query = select(row.portfolio_id, row.day, cast(func.sum(row.amount), Double))
    return query.group_by(*of_day).order_by(*of_day)


async def _load_entered(
    session: Session, portfolios: Portfolios, first: date, last: date
) -> dict[str, list[CashFlow]]:
    """What was entered after the first day up to the last: income, fees, and what is in prices.

    Income and fees summed by portfolio and day, what comes in and what leaves apart. What symbols'
    closes are adjusted for is no income: each of those dividends with its symbol.
    """
    place = {portfolio: index for index, portfolio in enumerate(portfolios)}
    found: dict[str, list[CashFlow]] = {_INCOME: [], _FEE: [], _IN_PRICE: []}
    lines = await tuples(session, *_entered(portfolios, first, last))
    for kind, portfolio, day, amount, symbol in lines:
        found[kind].append(CashFlow(place[portfolio], day, amount, symbol or ""))
    return found


@prepared(portfolios=_IDS, first=Date(), last=Date())
def _entered(
    portfolios: Portfolios, first: date, last: date
) -> Select[str, UUID, date, float, str | None]:
    line = gateway.income.c
    in_price = and_(line.kind == "dividend", ingest.is_adjusted(line.symbol, line.day))
    kind = case((line.kind == "fee", _FEE), (in_price, _IN_PRICE), else_=_INCOME).label("kind")
    columns = (line.transaction_id, line.portfolio_id, line.day, line.amount, line.symbol)
    within = (among(line.portfolio_id, portfolios), line.day > first, line.day <= last)
    row = select(*columns, kind).where(*within).subquery("entered").c
    is_in_price = row.kind == _IN_PRICE
    each, symbol = (case((is_in_price, column)) for column in (row.transaction_id, row.symbol))
    of_day = (row.kind, row.portfolio_id, row.day, row.amount > 0, each, symbol)
    query = select(*of_day[:3], cast(func.sum(row.amount), Double), symbol)
    return query.group_by(*of_day).order_by(*of_day)


async def _load_dividends(
    session: Session, portfolios: Portfolios, first: date, last: date
) -> list[Dividend]:
    """The dividends that positions are due for ex-dates after the first day up to the last."""
    found = await tuples(session, *_dividends(portfolios, first, last))
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
