"""Who holds what, as the gateway publishes it: which symbols and contracts need market data."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from shared.database import Session, among
from shared.published import factors, gateway


async def load_portfolio_ids(session: Session) -> list[UUID]:
    """Every portfolio but drafts, which are run when their owner calculates them."""
    row = gateway.portfolios.c
    return list(await session.scalars(select(row.portfolio_id).where(row.kind == gateway.BOOK)))


async def load_edits(session: Session, portfolio_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many edits each portfolio has had.

    Read it before anything else of the portfolios: what is read later may be newer, never older.
    """
    row = gateway.portfolio_edits.c
    edited = select(row.portfolio_id, row.edits).where(among(row.portfolio_id, portfolio_ids))
    counted = dict((await session.execute(edited)).tuples().all())
    return {portfolio_id: counted.get(portfolio_id, 0) for portfolio_id in portfolio_ids}


async def load_positions(
    session: Session, portfolio_ids: Collection[UUID], as_of: date
) -> dict[UUID, int]:
    """How many positions each portfolio has on `as_of`: the size of the work on it."""
    none = dict.fromkeys(portfolio_ids, 0)
    if len(none) < 2:
        return none  # one portfolio is one shard, however large
    row = gateway.positions.c
    held = select(row.portfolio_id, func.count()).where(
        among(row.portfolio_id, portfolio_ids), gateway.active_on(gateway.positions, as_of)
    )
    found = await session.execute(held.group_by(row.portfolio_id))
    return none | dict(found.tuples().all())


async def load_symbols(session: Session, portfolio_ids: Collection[UUID], as_of: date) -> set[str]:
    """Every underlying that the portfolios held on or before `as_of`, and the factors' proxies.

    Private holdings are left out: their owner's name for one may be a listed symbol by chance.
    """
    positions = gateway.positions.c
    definitions = factors.factor_definitions.c
    held = select(positions.underlying).where(
        among(positions.portfolio_id, portfolio_ids),
        positions.entry_date <= as_of,
        positions.investment_class != "PRIVATE",
    )
    proxies = select(definitions.proxy).where(definitions.active, definitions.proxy.is_not(None))
    return set(await session.scalars(held.union(proxies)))


async def load_private_names(session: Session, names: Collection[str]) -> set[str]:
    """Those of the names that private holdings have."""
    positions = gateway.positions.c
    held = select(positions.symbol).where(
        among(positions.symbol, names), positions.investment_class == "PRIVATE"
    )
    return set(await session.scalars(held.distinct()))


async def load_contracts(
    session: Session, portfolio_ids: Collection[UUID], as_of: date
) -> set[str]:
    """The unexpired option contracts that the portfolios hold on `as_of`, by their names then."""
    positions = gateway.positions_on(as_of)
    held = positions.c
    contracts = select(held.symbol).where(
        among(held.portfolio_id, portfolio_ids),
        gateway.active_on(positions, as_of),
        held.instrument == "option",
        held.investment_class != "PRIVATE",
        held.expiry >= as_of,
    )
    return set(await session.scalars(contracts.distinct()))
