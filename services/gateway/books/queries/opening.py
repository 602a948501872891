"""What moved cash until the session that a portfolio's NAV starts from."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import and_, func, select, update

from services.gateway.tables import Portfolio, Transaction
from services.gateway.tables.portfolios import COUNTS, PUBLISHED
from shared.database import Session, among, sql_table
from shared.published import gateway as published

portfolios = sql_table(Portfolio)
lines = sql_table(Transaction)
# Lots taken over (`opening`) moved no cash. What is transferred in kind is a flow, and paid for.
_TRADES = ("buy", "sell", "sell_short", "buy_to_cover", "transfer_in", "transfer_out")


@dataclass(frozen=True)
class Start:
    """The session `day` that NAV starts from, and the cash until its end, USD.

    `flows` and `traded` (what was bought and sold, negative where more was bought): None where
    there are none; `income` less costs. `opening_cash`: as it is stored.
    """

    day: date
    opening_cash: Decimal | None
    flows: Decimal | None
    traded: Decimal | None
    income: Decimal


async def load_starts(session: Session, portfolio_ids: Collection[UUID]) -> dict[UUID, Start]:
    """By portfolio, of those whose NAV starts from a session."""
    own = portfolios.c
    flow = PUBLISHED[published.cash_flows].subquery("flow").c
    income = PUBLISHED[published.income].subquery("income").c
    row = lines.c
    traded = and_(row.kind.in_(_TRADES), row.quantity.is_not(None), COUNTS)
    query = select(
        own.portfolio_id,
        own.valued_from,
        own.opening_cash,
        select(func.sum(flow.amount))
        .where(flow.portfolio_id == own.portfolio_id, flow.flow_date <= own.valued_from)
        .scalar_subquery(),
        select(
            func.sum(func.round(-row.quantity * row.multiplier * func.coalesce(row.price, 0), 2))
        )
        .where(row.portfolio_id == own.portfolio_id, row.trade_date <= own.valued_from, traded)
        .scalar_subquery(),
        select(func.coalesce(func.sum(income.amount), 0))
        .where(income.portfolio_id == own.portfolio_id, income.day <= own.valued_from)
        .scalar_subquery(),
    ).where(among(own.portfolio_id, portfolio_ids), own.valued_from.is_not(None))
    return {portfolio_id: Start(*found) for portfolio_id, *found in await session.execute(query)}


async def save_opening_cash(session: Session, portfolio_id: UUID, cash: Decimal | None) -> None:
    """Store the opening cash of a portfolio."""
    mine = portfolios.c.portfolio_id == portfolio_id
    await session.execute(update(portfolios).where(mine).values(opening_cash=cash))
