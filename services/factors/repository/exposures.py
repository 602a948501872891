"""What the portfolios of a shard hold, and their exposures to the factors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Date, Double, Select, Uuid, and_, case, cast, func, literal, select

from services.factors.inputs import Basis, Book, Outdated, Position, Work
from services.factors.repository.estimates import (
    claim_outdated,
    load_known,
    save_covariances,
    save_symbols,
)
from services.factors.repository.history import load_factors, load_history
from services.factors.tables import FactorExposure, PositionFactorExposure
from shared.arrays import Columns
from shared.database import Session, among, lock_each, prepared
from shared.database.arrays import merge_columns
from shared.published import gateway, identity, ingest
from shared.published.greeks import contract_greeks


@dataclass(frozen=True)
class FactorColumns:
    """What is stored about a shard, table by table.

    `betas`, `rates` and `covariances` are those of what was outdated.
    """

    betas: Columns
    rates: Columns
    covariances: Columns
    positions: Columns
    portfolios: Columns


async def claim_work(session: Session, portfolio_ids: Sequence[UUID], basis: Basis) -> Work:
    """What the portfolios hold, which estimates of it are current, and what the others need.

    Until the transaction ends it holds a lock per portfolio and session, so that the last of
    several runs to commit has read the latest positions; and, where something is left to estimate,
    a lock of the session's symbols, so that concurrent shards estimate each symbol once.
    """
    factors = await load_factors(session)
    names = [f"factors.portfolio/{portfolio}/{basis.as_of}" for portfolio in portfolio_ids]
    await lock_each(session, names)
    book = await _load_book(session, portfolio_ids, basis.as_of)
    outdated = await claim_outdated(session, basis, factors, book.underlyings)
    current = sorted(set(book.underlyings) - set(outdated.symbols))
    return Work(
        factors=factors,
        book=book,
        known=await load_known(session, basis, factors, current),
        outdated=outdated,
        history=await load_history(session, basis, factors, outdated) if outdated else None,
    )


async def _load_book(session: Session, portfolio_ids: Sequence[UUID], as_of: date) -> Book:
    """The active positions in the shares of `as_of`, and what their exposure needs."""
    portfolio = gateway.portfolios.c.portfolio_id
    existing = select(portfolio).where(among(portfolio, portfolio_ids)).order_by(portfolio)
    found = await session.scalars(existing)
    held = await session.execute(*_active_positions(portfolio_ids, as_of))
    return Book(tuple(found), tuple(Position(**row) for row in held.mappings()))


@prepared(portfolio_ids=ARRAY(Uuid), as_of=Date())
def _active_positions(
    portfolio_ids: Sequence[UUID], as_of: date
) -> Select[UUID, UUID, str, str, float, int, float | None, float | None, str | None]:
    """The fields of `Position`; a missing price is carried forward."""
    active = gateway.active_positions(portfolio_ids, as_of)
    held = active.c
    greeks = contract_greeks.c
    newest = ingest.last_close(held.symbol, as_of)
    is_stock = held.instrument == "stock"
    delta = case((is_stock, literal(1.0)), else_=greeks.delta)
    price = case((is_stock, newest.c.close), else_=greeks.underlying_price)
    no_price = func.concat(
        "no close of ", held.symbol, " on or before ", func.to_char(as_of, "YYYY-MM-DD")
    )
    no_greeks = func.coalesce(greeks.reason, func.concat("no Greeks of ", held.symbol))
    incomplete = delta.is_(None) | price.is_(None)
    reason = case((incomplete & is_stock, no_price), (incomplete, no_greeks))
    return (
        select(
            *identity(active),
            cast(held.quantity, Double).label("quantity"),
            held.multiplier,
            delta.label("delta"),
            cast(price, Double).label("underlying_price"),
            reason.label("reason"),
        )
        .select_from(active)
        .outerjoin(contract_greeks, and_(greeks.contract == held.symbol, greeks.as_of == as_of))
        .outerjoin(newest, is_stock)
        .order_by(held.position_id)
    )


async def save_exposures(
    session: Session,
    portfolio_ids: Sequence[UUID],
    basis: Basis,
    outdated: Outdated,
    columns: FactorColumns,
) -> None:
    """Store the estimates of what was outdated, and replace the portfolios' exposures of the day.

    Betas and exposures of all models, positions in the default one.
    """
    if outdated.symbols:
        await save_symbols(session, basis, outdated.symbols, columns.betas, columns.rates)
    if outdated.factors:
        await save_covariances(session, basis, columns.covariances)
    scope = {"as_of": basis.as_of, "portfolio_id": list(portfolio_ids)}
    await merge_columns(
        session, PositionFactorExposure, columns.positions, scope, as_of=basis.as_of
    )
    await merge_columns(session, FactorExposure, columns.portfolios, scope, as_of=basis.as_of)
