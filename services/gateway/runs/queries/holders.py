"""Whom market data concern: who holds a symbol, and which symbols every portfolio needs."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ARRAY, Select, String, Uuid, func, select
from sqlalchemy.dialects.postgresql import array

from services.gateway.tables import Position
from shared.database import Session, among, prepared, sql_table, tuples
from shared.published import factors

positions = sql_table(Position)


async def load_holders(
    session: Session, symbols: Collection[str], portfolio_ids: Collection[UUID]
) -> dict[str, list[UUID]]:
    """Which of the portfolios hold or held each symbol, as such or as an option's underlying.

    A private holding is named by its owner, so it is none of these.
    """
    found: dict[str, list[UUID]] = {}
    for symbol, portfolio_id in await tuples(session, *_held(list(symbols), list(portfolio_ids))):
        found.setdefault(symbol, []).append(portfolio_id)
    return found


@prepared(symbols=ARRAY(String), portfolio_ids=ARRAY(Uuid))
def _held(symbols: Sequence[str], portfolio_ids: Sequence[UUID]) -> Select[str, UUID]:
    held = positions.c
    listed = held.investment_class != "PRIVATE"
    either = func.unnest(array([held.symbol, held.underlying]), type_=String).label("name")
    named = select(held.portfolio_id, either)
    of_these = named.where(listed, among(held.portfolio_id, portfolio_ids)).subquery()
    wanted = select(of_these.c.name, of_these.c.portfolio_id).where(among(of_these.c.name, symbols))
    return wanted.distinct()


async def load_proxies(session: Session) -> set[str]:
    """The symbols behind the factors: every portfolio's figures depend on them."""
    return {proxy for (proxy,) in await tuples(session, *_proxies())}


@prepared()
def _proxies() -> Select[str]:
    proxy = factors.factor_definitions.c.proxy
    return select(proxy).where(proxy.is_not(None))
