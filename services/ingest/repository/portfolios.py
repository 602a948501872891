"""Who holds what, as the gateway publishes it: which symbols and contracts need market data."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select

from shared.database import Session, among
from shared.published import factors, gateway


async def load_portfolio_ids(session: Session) -> list[UUID]:
    """Every portfolio there is."""
    return list(await session.scalars(select(gateway.portfolios.c.portfolio_id)))


async def load_symbols(session: Session, portfolio_ids: Collection[UUID], as_of: date) -> set[str]:
    """What needs prices: underlyings the portfolios hold or held by `as_of`, and the factors'
    proxies.

    Not private holdings: what their owners call them may be a listed symbol by chance.
    """
    positions, definitions = gateway.positions.c, factors.factor_definitions.c
    held = select(positions.underlying).where(
        among(positions.portfolio_id, portfolio_ids),
        positions.entry_date <= as_of,
        positions.investment_class != "PRIVATE",
    )
    proxies = select(definitions.proxy).where(definitions.active, definitions.proxy.is_not(None))
    return set(await session.scalars(held.union(proxies)))


async def load_contracts(
    session: Session, portfolio_ids: Collection[UUID], as_of: date
) -> set[str]:
    """The option contracts that the portfolios hold on `as_of`, as they are named then, and that
    are still traded.
    """
    held = gateway.positions_on(as_of).c
    contracts = select(held.symbol).where(
        among(held.portfolio_id, portfolio_ids),
        held.instrument == "option",
        held.investment_class != "PRIVATE",
        held.entry_date <= as_of,
        or_(held.exit_date.is_(None), held.exit_date > as_of),
        held.expiry >= as_of,
    )
    return set(await session.scalars(contracts.distinct()))


async def load_holders(session: Session, symbols: Collection[str], as_of: date) -> list[UUID]:
    """The portfolios that hold, or held by `as_of`, one of the symbols or an option on it."""
    positions = gateway.positions.c
    held = (among(positions.underlying, symbols), positions.entry_date <= as_of)
    return list(await session.scalars(select(positions.portfolio_id).where(*held).distinct()))
