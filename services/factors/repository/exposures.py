"""What the portfolios of a shard hold, and their exposures to the factors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Column, Date, Double, Select, String, Uuid, cast, func, select, true

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
from shared.database import Session, among, lock_each, prepared, tuples
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
    """The active positions in the shares of `as_of`, and what their exposure needs.

    One query for each, put together here: of a session that has just begun, statistics say nothing
    yet, so that a join of them all might be planned as loops.
    """
    found = await tuples(session, *_existing(portfolio_ids))
    held = await tuples(session, *_active_positions(portfolio_ids, as_of))
    instruments = {(symbol, underlying) for _, _, symbol, underlying, _, _ in held}
    stocks = sorted(symbol for symbol, underlying in instruments if symbol == underlying)
    options = sorted(symbol for symbol, underlying in instruments if symbol != underlying)
    known = {
        **{symbol: _of_stock(symbol, as_of, None) for symbol in stocks},
        **{symbol: _Known(None, None, f"no Greeks of {symbol}") for symbol in options},
    }
    for symbol, close in await tuples(session, *_closes(stocks, as_of)):
        known[symbol] = _of_stock(symbol, as_of, close)
    for contract, delta, price, reason in await tuples(session, *_greeks(options, as_of)):
        known[contract] = _of_option(contract, delta, price, reason)
    positions = (
        Position(position, portfolio, symbol, underlying, quantity, multiplier, *known[symbol])
        for position, portfolio, symbol, underlying, quantity, multiplier in held
    )
    return Book(tuple(portfolio for (portfolio,) in found), tuple(positions))


class _Known(NamedTuple):
    """The last fields of `Position`: what its exposure needs, or why that is not known."""

    delta: float | None
    underlying_price: float | None
    reason: str | None


def _of_stock(symbol: str, as_of: date, close: float | None) -> _Known:
    reason = f"no close of {symbol} on or before {as_of}" if close is None else None
    return _Known(1.0, close, reason)


def _of_option(
    contract: str, delta: float | None, price: float | None, reason: str | None
) -> _Known:
    if delta is not None and price is not None:
        return _Known(delta, price, None)
    return _Known(delta, price, reason or f"no Greeks of {contract}")


@prepared(portfolio_ids=ARRAY(Uuid))
def _existing(portfolio_ids: Sequence[UUID]) -> Select[UUID]:
    portfolio = gateway.portfolios.c.portfolio_id
    return select(portfolio).where(among(portfolio, portfolio_ids)).order_by(portfolio)


@prepared(portfolio_ids=ARRAY(Uuid), as_of=Date())
def _active_positions(
    portfolio_ids: Sequence[UUID], as_of: date
) -> Select[UUID, UUID, str, str, float, int]:
    """The first fields of `Position`."""
    active = gateway.active_positions(portfolio_ids, as_of)
    held = active.c
    quantity = cast(held.quantity, Double).label("quantity")
    query = select(*identity(active), quantity, held.multiplier)
    return query.order_by(held.position_id)


@prepared(symbols=ARRAY(String), as_of=Date())
def _closes(symbols: Sequence[str], as_of: date) -> Select[str, float]:
    """The last close of each symbol; a missing price is carried forward."""
    listed = func.unnest(symbols).table_valued(Column("symbol", String)).render_derived(name="held")
    newest = ingest.last_close(listed.c.symbol, as_of)
    query = select(listed.c.symbol, cast(newest.c.close, Double))
    return query.select_from(listed.join(newest, true()))


@prepared(contracts=ARRAY(String), as_of=Date())
def _greeks(
    contracts: Sequence[str], as_of: date
) -> Select[str, float | None, float | None, str | None]:
    row = contract_greeks.c
    query = select(row.contract, row.delta, cast(row.underlying_price, Double), row.reason)
    return query.where(among(row.contract, contracts), row.as_of == as_of)


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
