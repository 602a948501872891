"""Who holds what, as the gateway publishes it: which symbols and contracts need market data."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Date, Select, Uuid, func, select

from shared.database import Session, among, prepared, tuples
from shared.published import factors, gateway


async def load_books(session: Session) -> dict[UUID, int]:
    """`load_edits` of every portfolio but drafts, which their owner has calculated."""
    return dict(await tuples(session, *_books()))


@prepared()
def _books() -> Select[UUID, int]:
    row = gateway.portfolios.c
    edited = gateway.portfolio_edits.c
    same = edited.portfolio_id == row.portfolio_id
    query = select(row.portfolio_id, func.coalesce(edited.edits, 0))
    counted = query.select_from(gateway.portfolios.outerjoin(gateway.portfolio_edits, same))
    return counted.where(row.kind == gateway.BOOK)


async def load_edits(session: Session, portfolio_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many edits each portfolio has had.

    Read it before anything else of the portfolios: what is read later may be newer, never older.
    """
    counted = dict(await tuples(session, *_edits(list(portfolio_ids))))
    return {portfolio_id: counted.get(portfolio_id, 0) for portfolio_id in portfolio_ids}


@prepared(portfolio_ids=ARRAY(Uuid))
def _edits(portfolio_ids: Sequence[UUID]) -> Select[UUID, int]:
    row = gateway.portfolio_edits.c
    return select(row.portfolio_id, row.edits).where(among(row.portfolio_id, portfolio_ids))


async def load_positions(
    session: Session, portfolio_ids: Collection[UUID], as_of: date
) -> dict[UUID, int]:
    """How many positions each portfolio has on `as_of`: the size of the work on it."""
    none = dict.fromkeys(portfolio_ids, 0)
    if len(none) < 2:
        return none  # one portfolio is one shard, however large
    return none | dict(await tuples(session, *_sizes(list(none), as_of)))


@prepared(portfolio_ids=ARRAY(Uuid), as_of=Date())
def _sizes(portfolio_ids: Sequence[UUID], as_of: date) -> Select[UUID, int]:
    row = gateway.positions.c
    held = select(row.portfolio_id, func.count()).where(
        among(row.portfolio_id, portfolio_ids), gateway.active_on(gateway.positions, as_of)
    )
    return held.group_by(row.portfolio_id)


async def load_symbols(session: Session, portfolio_ids: Collection[UUID], as_of: date) -> set[str]:
    """Every underlying that the portfolios held on or before `as_of`, and the factors' proxies.

    Private holdings are left out: their owner's name for one may be a listed symbol by chance.
    """
    return {symbol for (symbol,) in await tuples(session, *_symbols(list(portfolio_ids), as_of))}


@prepared(portfolio_ids=ARRAY(Uuid), as_of=Date())
def _symbols(portfolio_ids: Sequence[UUID], as_of: date) -> Select[str]:
    positions = gateway.positions.c
    definitions = factors.factor_definitions.c
    held = select(positions.underlying.label("symbol")).where(
        among(positions.portfolio_id, portfolio_ids),
        positions.entry_date <= as_of,
        positions.investment_class != "PRIVATE",
    )
    proxies = select(definitions.proxy).where(definitions.active, definitions.proxy.is_not(None))
    needed = held.union(proxies).subquery("needed")
    return select(needed.c.symbol)


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
    found = await tuples(session, *_contracts(list(portfolio_ids), as_of))
    return {contract for (contract,) in found}


@prepared(portfolio_ids=ARRAY(Uuid), as_of=Date())
def _contracts(portfolio_ids: Sequence[UUID], as_of: date) -> Select[str]:
    positions = gateway.positions_on(as_of)
    held = positions.c
    contracts = select(held.symbol).where(
        among(held.portfolio_id, portfolio_ids),
        gateway.active_on(positions, as_of),
        held.instrument == "option",
        held.investment_class != "PRIVATE",
        held.expiry >= as_of,
    )
    return contracts.distinct()
