"""Positions, each with what was measured of it: value, P&L, exposures and Greeks of one session.

Every statement is narrowed to one portfolio, or to one user's own.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Uuid,
    and_,
    any_,
    func,
    literal,
    or_,
    select,
)

from services.gateway.books.queries.portfolios import with_file_decimals
from services.gateway.books.queries.tags import load_carried, load_tagged
from services.gateway.books.queries.terms import TERMS_ON, held, positions
from services.gateway.edge.queries import Row, all_rows
from services.gateway.tables import Portfolio, may_read
from shared.database import Session, folded_column, has_part, sql_table
from shared.instruments import canonical_symbol
from shared.published import greeks, ingest, snapshots
from shared.texts import folded

portfolios = sql_table(Portfolio)
value = snapshots.position_valuations
closed = snapshots.closed_positions
greek = greeks.position_greeks
security = ingest.securities
COST = func.round(held.c.quantity * held.c.entry_price * held.c.multiplier, 2)
DAY_PNL = func.coalesce(value.c.daily_pnl, closed.c.daily_pnl)
HALF_A_CENT = Decimal("0.005")
DOUBLE_PRECISION = Decimal("1e-9")  # calculators store a cost that they worked out in doubles
GREEKS = ("delta", "gamma", "theta", "vega", "rho")


@dataclass(frozen=True)
class PositionFilter:
    """Which positions are wanted: all conditions hold.

    `tags`: any of them, or every one when `all_tags`. `search`: a part of the symbol or of the
    company's name. `long`: True for quantities above 0, False for those below. `open_on`: active on
    that day; `closed_by`: closed on it or before. `among`: of these positions only.
    """

    types: Collection[str] = ()
    tags: Sequence[str] = ()
    all_tags: bool = False
    underlying: str | None = None
    sector: str | None = None
    search: str | None = None
    long: bool | None = None
    open_on: date | None = None
    closed_by: date | None = None
    among: Collection[UUID] | None = None


@dataclass(frozen=True)
class Valuation:
    """A session that a portfolio was valued on, and its gross value; None before any."""

    day: date | None
    gross_value: Decimal | None


SORT_COLUMNS: Mapping[str, ColumnElement[Any]] = {
    "symbol": held.c.symbol,
    "underlying": held.c.underlying,
    "entry_date": held.c.entry_date,
    "entry_price": held.c.entry_price,
    "quantity": held.c.quantity,
    "cost": COST,
    "price": value.c.price,
    "market_value": value.c.market_value,
    "weight": func.abs(value.c.market_value),
    "unrealised_pnl": value.c.unrealised_pnl,
    "daily_pnl": DAY_PNL,
    "notional_exposure": value.c.notional_exposure,
    "delta_adjusted_exposure": value.c.delta_adjusted_exposure,
}
_TYPES = {
    "LONG": (None, 1),
    "SHORT": (None, -1),
    "LC": ("C", 1),
    "SC": ("C", -1),
    "LP": ("P", 1),
    "SP": ("P", -1),
}


async def latest_valuation(session: Session, portfolio_id: UUID, as_of: date | None) -> Valuation:
    """The portfolio's last session with a snapshot, at or before `as_of`."""
    view = snapshots.portfolio_snapshots
    taken = select(func.max(view.c.as_of)).where(view.c.portfolio_id == portfolio_id)
    day = (taken if as_of is None else taken.where(view.c.as_of <= as_of)).scalar_subquery()
    mine = and_(value.c.portfolio_id == portfolio_id, value.c.as_of == day)
    gross = select(func.sum(func.abs(value.c.market_value))).where(mine).scalar_subquery()
    return Valuation(*(await session.execute(select(day, gross))).one())


async def load_positions(
    session: Session,
    portfolio_id: UUID,
    wanted: PositionFilter,
    valued_on: date | None,
    sort: str = "symbol",
    limit: int | None = None,
    offset: int = 0,
) -> list[Row]:
    """A page of a portfolio's positions, measured on and in shares of `valued_on`.

    `sort`: one of `SORT_COLUMNS`, "-" for descending; what has no value comes last both ways.
    """
    column = SORT_COLUMNS[sort.removeprefix("-")]
    order = column.desc() if sort.startswith("-") else column.asc()
    conditions = _conditions(await _tagged(session, portfolio_id, wanted))
    page = _measured(valued_on).where(held.c.portfolio_id == portfolio_id, *conditions)
    page = (
        page.order_by(order.nulls_last(), held.c.symbol, held.c.entry_date)
        .limit(limit)
        .offset(offset)
    )
    return await _with_tags(session, await all_rows(session, page, {TERMS_ON: valued_on}))


async def count_positions(
    session: Session, portfolio_id: UUID, wanted: PositionFilter, valued_on: date | None
) -> int:
    """How many positions of a portfolio meet the conditions, in terms of that day's shares."""
    joined = held.outerjoin(security, security.c.symbol == held.c.underlying)
    mine = select(func.count()).select_from(joined).where(held.c.portfolio_id == portfolio_id)
    matching = mine.where(*_conditions(await _tagged(session, portfolio_id, wanted)))
    return int(await session.scalar(matching, {TERMS_ON: valued_on}) or 0)


async def _tagged(session: Session, portfolio_id: UUID, wanted: PositionFilter) -> PositionFilter:
    """The conditions with the positions that carry the tags in place of the tags."""
    if not wanted.tags:
        return wanted
    least = len(set(map(folded, wanted.tags))) if wanted.all_tags else 1
    return replace(wanted, among=await load_tagged(session, portfolio_id, wanted.tags, least))


async def load_exported(session: Session, portfolio_id: UUID, day: date) -> list[Row]:
    """Every lot of a portfolio, whenever it was held, in terms of a day's shares, with tags."""
    mine = select(held).where(held.c.portfolio_id == portfolio_id)
    rows = await all_rows(session, mine, {TERMS_ON: day})
    return [with_file_decimals(row) for row in await _with_tags(session, rows)]


async def load_position(session: Session, position_id: UUID, valued_on: date | None) -> Row | None:
    """One position, measured on and in shares of `valued_on` (None: as entered)."""
    mine = _measured(valued_on).where(held.c.position_id == position_id)
    found = await all_rows(session, mine, {TERMS_ON: valued_on})
    return next(iter(await _with_tags(session, found)), None)


async def _with_tags(session: Session, rows: Sequence[Row]) -> list[Row]:
    """The rows with their tags, which are read at once for all."""
    carried = await load_carried(session, [row["position_id"] for row in rows])
    return [{**row, "tags": carried.get(row["position_id"], [])} for row in rows]


async def portfolio_of(session: Session, user_id: UUID, position_id: UUID) -> UUID | None:
    """The portfolio of a position; None when there is none or the user may not read it."""
    joined = positions.join(portfolios, portfolios.c.portfolio_id == positions.c.portfolio_id)
    named = positions.c.position_id == position_id, may_read(user_id)
    return await session.scalar(select(positions.c.portfolio_id).select_from(joined).where(*named))


def _measured(day: date | None) -> Select[Any]:
    """Positions beside their valuation and Greeks, unless their terms changed since.

    Of one closed since the snapshot before, what that day made is all that was measured.

    To be executed with the same day as `TERMS_ON`.
    """
    valued = and_(
        value.c.position_id == held.c.position_id,
        value.c.as_of == day,
        value.c.symbol == held.c.symbol,
        value.c.quantity == held.c.quantity,
        func.abs(value.c.cost - COST)
        <= func.greatest(HALF_A_CENT, func.abs(COST) * DOUBLE_PRECISION),
    )
    with_greeks = and_(greek.c.position_id == value.c.position_id, greek.c.as_of == value.c.as_of)
    gone = and_(
        closed.c.position_id == held.c.position_id,
        closed.c.portfolio_id == held.c.portfolio_id,
        closed.c.as_of == day,
        held.c.exit_date <= closed.c.as_of,
    )
    joined = (
        held.outerjoin(security, security.c.symbol == held.c.underlying)
        .outerjoin(value, valued)
        .outerjoin(greek, with_greeks)
        .outerjoin(closed, gone)
    )
    described = (security.c.name.label("name"), security.c.sector, COST.label("cost"))
    measured = (value.c[name] for name in _MEASURES)
    sensitivities = (greek.c[name].label(f"position_{name}") for name in GREEKS)
    own_reasons = (value.c.reason, greek.c.reason.label("greeks_reason"))
    columns = (
        *described,
        value.c.as_of.label("valued_on"),
        *measured,
        DAY_PNL.label("daily_pnl"),
        func.coalesce(value.c.income, closed.c.income).label("income"),
        *sensitivities,
        *own_reasons,
    )
    return select(held, *columns).select_from(joined)


_MEASURES = (
    *("price", "price_date", "price_source", "stale", "underlying_price"),
    *("market_value", "unrealised_pnl"),
    *("notional_exposure", "delta", "delta_adjusted_exposure"),
)


def _conditions(wanted: PositionFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.types:
        conditions.append(or_(*(_of_type(word) for word in wanted.types)))
    if wanted.among is not None:
        conditions.append(held.c.position_id == any_(literal(list(wanted.among), ARRAY(Uuid))))
    if wanted.underlying:
        conditions.append(held.c.underlying == canonical_symbol(wanted.underlying))
    if wanted.sector:
        conditions.append(folded_column(security.c.sector) == folded(wanted.sector))
    if wanted.search:
        searched = [(held.c.symbol, wanted.search), (security.c.name, wanted.search)]
        searched.append((held.c.underlying, canonical_symbol(wanted.search)))
        conditions.append(or_(*(has_part(column, part) for column, part in searched)))
    if wanted.long is not None:
        conditions.append(held.c.quantity > 0 if wanted.long else held.c.quantity < 0)
    return conditions + _lifetimes(wanted)


def _lifetimes(wanted: PositionFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.open_on:
        still_held = or_(held.c.exit_date.is_(None), held.c.exit_date > wanted.open_on)
        conditions.append(and_(held.c.entry_date <= wanted.open_on, still_held))
    if wanted.closed_by:
        conditions.append(held.c.exit_date <= wanted.closed_by)
    return conditions


def _of_type(word: str) -> ColumnElement[bool]:
    option_type, sign = _TYPES[word]
    same_kind = (
        held.c.option_type.is_(None) if option_type is None else held.c.option_type == option_type
    )
    return and_(same_kind, func.sign(held.c.quantity) == sign)
