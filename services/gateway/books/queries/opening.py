"""What moved cash until the session that a portfolio's NAV starts from."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select, update

from services.gateway.tables import Portfolio, Transaction
from services.gateway.tables.portfolios import COUNTS, FLOW_KINDS
from shared.database import Session, among, sql_table

portfolios = sql_table(Portfolio)
lines = sql_table(Transaction)
# Lots taken over (`opening`) moved no cash.
_TRADES = ("buy", "sell", "sell_short", "buy_to_cover")


@dataclass(frozen=True)
class Start:
    """The session `day` that NAV starts from, and its cash as it is stored, USD."""

    day: date
    opening_cash: Decimal | None


@dataclass(frozen=True)
class CashDay:
    """What the entered lines of one day moved, USD.

    `received` (0 or more): flows in, income and sales; `purchases` (0 or less) with their fees;
    `paid` (0 or less): flows out, costs, and fees of sales. `only_flows`: no line but deposits,
    withdrawals and cash transferred.
    """

    day: date
    received: Decimal
    purchases: Decimal
    paid: Decimal
    only_flows: bool


async def load_starts(session: Session, portfolio_ids: Collection[UUID]) -> dict[UUID, Start]:
    """By portfolio, of those whose NAV starts from a session."""
    own = portfolios.c
    query = select(own.portfolio_id, own.valued_from, own.opening_cash).where(
        among(own.portfolio_id, portfolio_ids), own.valued_from.is_not(None)
    )
    return {portfolio_id: Start(*found) for portfolio_id, *found in await session.execute(query)}


async def load_cash_days(session: Session, portfolio_id: UUID, last: date) -> list[CashDay]:
    """What entered lines moved by day, ascending, up to a day."""
    row = lines.c
    in_kind = row.quantity.is_not(None)
    price = func.coalesce(row.price, 0)
    traded = and_(row.kind.in_(_TRADES), in_kind)
    # What is transferred in kind is a flow, and paid for: together they move nothing.
    cash = case(
        (traded, func.round(-row.quantity * row.multiplier * price, 2)),
        (in_kind, 0),
        else_=func.coalesce(row.amount, 0),
    )
    bought = and_(traded, row.quantity > 0)
    moved = (
        select(
            row.trade_date,
            case((bought, 0), else_=func.greatest(cash, 0)).label("received"),
            case((bought, cash - row.fees), else_=0).label("purchases"),
            case((bought, 0), else_=func.least(cash, 0) - row.fees).label("paid"),
            and_(row.kind.in_(FLOW_KINDS), row.amount.is_not(None), row.fees == 0).label("flow"),
        )
        .where(row.portfolio_id == portfolio_id, row.trade_date <= last, COUNTS)
        .where(row.kind != "equity", or_(~in_kind, row.kind != "opening", row.fees > 0))
        .subquery("moved")
    )
    each = moved.c
    sums = [func.sum(each[name]) for name in ("received", "purchases", "paid")]
    columns = [each.trade_date, *sums, func.bool_and(each.flow)]
    query = select(*columns).group_by(each.trade_date)
    return [CashDay(*day) for day in await session.execute(query.order_by(each.trade_date))]


async def save_opening_cash(session: Session, portfolio_id: UUID, cash: Decimal | None) -> None:
    """Store the opening cash of a portfolio."""
    mine = portfolios.c.portfolio_id == portfolio_id
    await session.execute(update(portfolios).where(mine).values(opening_cash=cash))
