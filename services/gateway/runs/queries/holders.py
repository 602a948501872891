"""Whom market data concern: who holds a symbol, and which symbols every portfolio needs."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import String, func, select
from sqlalchemy.dialects.postgresql import array

from services.gateway.tables import Position
from shared.database import Session, among, sql_table
from shared.published import factors

positions = sql_table(Position)


async def load_holders(
    session: Session, symbols: Collection[str], portfolio_ids: Collection[UUID]
) -> dict[str, list[UUID]]:
    """Which of the portfolios hold or held each symbol, as such or as an option's underlying.

    A private holding is named by its owner, so it is none of these.
    """
    held = positions.c
    listed = held.investment_class != "PRIVATE"
    either = func.unnest(array([held.symbol, held.underlying]), type_=String).label("name")
    named = select(held.portfolio_id, either)
    of_these = named.where(listed, among(held.portfolio_id, portfolio_ids)).subquery()
    wanted = select(of_these.c.name, of_these.c.portfolio_id).where(among(of_these.c.name, symbols))
    found: dict[str, list[UUID]] = {}
    for symbol, portfolio_id in await session.execute(wanted.distinct()):
        found.setdefault(symbol, []).append(portfolio_id)
    return found


async def load_proxies(session: Session) -> set[str]:
    """The symbols behind the factors: every portfolio's figures depend on them."""
    proxy = factors.factor_definitions.c.proxy
    return set(await session.scalars(select(proxy).where(proxy.is_not(None))))
