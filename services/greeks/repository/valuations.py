"""Options held, the valuations of their contracts, and the Greeks of the positions."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ARRAY, Date, Double, Select, String, Uuid, cast, select

from services.greeks.inputs import (
    Basis,
    ContractTerms,
    ContractValuation,
    Dividend,
    HeldOption,
    Work,
)
from services.greeks.repository.market import load_market
from services.greeks.tables import ContractGreeks, PositionGreeks
from shared.arrays import Columns
from shared.database import (
    Session,
    among,
    fetched,
    lock,
    lock_each,
    merge,
    prepared,
    sql_table,
    tuples,
)
from shared.database.arrays import merge_columns
from shared.instruments import parse_occ
from shared.published import gateway
from shared.published.greeks import StoredDividend
from shared.rows import columns_of, rows_of


async def claim_work(session: Session, portfolio_ids: Sequence[UUID], basis: Basis) -> Work:
    """What the portfolios hold, which valuations of it are current, and what is left to value.

    Until the transaction ends it holds a lock per portfolio and session, so that the last of
    several runs to commit has read the latest positions; and, where something is left to value, a
    lock of the session's contracts, so that concurrent shards value each contract once.
    """
    names = [f"greeks.positions/{portfolio}/{basis.as_of}" for portfolio in portfolio_ids]
    await lock_each(session, names)
    held = await _load_held_options(session, portfolio_ids, basis)
    contracts = sorted({option.contract for option in held})
    current = await _load_current(session, contracts, basis)
    if len(current) < len(contracts):
        await lock(session, "greeks.contracts", basis.as_of)
        current = await _load_current(session, contracts, basis)
    missing = [
        ContractTerms.of(parse_occ(contract), basis.as_of)
        for contract in contracts
        if contract not in current
    ]
    market = await load_market(session, missing, basis.as_of, basis.configured_rate)
    return Work(held, current, missing, market)


async def _load_held_options(
    session: Session, portfolio_ids: Sequence[UUID], basis: Basis
) -> list[HeldOption]:
    """The open option positions of the portfolios, by position id."""
    found = await tuples(session, *_held_options(portfolio_ids, basis.as_of))
    return [HeldOption(*row) for row in found]


@prepared(portfolio_ids=ARRAY(Uuid), as_of=Date())
def _held_options(
    portfolio_ids: Sequence[UUID], as_of: date
) -> Select[UUID, UUID, str, str, Decimal, int]:
    """The fields of `HeldOption`."""
    held = gateway.active_positions(portfolio_ids, as_of).c
    return (
        select(
            *(held.position_id, held.portfolio_id, held.symbol, held.underlying),
            *(held.quantity, held.multiplier),
        )
        .where(held.instrument == "option")
        .order_by(held.position_id)
    )


async def _load_current(
    session: Session, contracts: Collection[str], basis: Basis
) -> dict[str, ContractValuation]:
    """The stored valuations that are based on this market data and on today's engine."""
    rows = await fetched(session, *_current(contracts, basis.as_of, basis.price_run))
    found = [ContractValuation(**{**row, "dividends": _read(row["dividends"])}) for row in rows]
    return {valuation.contract: valuation for valuation in found if basis.covers(valuation)}


@prepared(contracts=ARRAY(String), as_of=Date(), price_run=String())
def _current(
    contracts: Collection[str], as_of: date, price_run: str
) -> Select[*tuple[object, ...]]:
    """The fields of `ContractValuation`, with the dividends as they are stored."""
    table = sql_table(ContractGreeks).c
    columns = (table[field.name] for field in fields(ContractValuation))
    price = cast(table.underlying_price, Double).label("underlying_price")
    query = select(*(price if each is table.underlying_price else each for each in columns))
    of_run = (table.as_of == as_of, table.price_run == price_run)
    return query.where(among(table.contract, contracts), *of_run)


async def save_greeks(
    session: Session,
    portfolio_ids: Sequence[UUID],
    basis: Basis,
    valued: Sequence[ContractValuation],
    positions: Columns,
) -> None:
    """Add the valuations of the session, and make `positions` the portfolios' rows of it."""
    contracts = await asyncio.to_thread(_contract_rows, basis, valued)
    await merge(session, ContractGreeks, contracts)
    scope = {"as_of": basis.as_of, "portfolio_id": list(portfolio_ids)}
    await merge_columns(session, PositionGreeks, positions, scope, as_of=basis.as_of)


def _contract_rows(basis: Basis, valued: Sequence[ContractValuation]) -> list[dict[str, object]]:
    """The valuations with the terms that their symbols say."""
    terms = [parse_occ(valuation.contract) for valuation in valued]
    columns = {
        **columns_of(valued, ContractValuation),
        "dividends": [_stored(valuation.dividends) for valuation in valued],
        "underlying": [contract.underlying for contract in terms],
        "option_type": [contract.option_type for contract in terms],
        "strike": [contract.strike for contract in terms],
        "expiry": [contract.expiry for contract in terms],
    }
    return rows_of(ContractGreeks, columns, as_of=basis.as_of, price_run=basis.price_run)


def _stored(dividends: Sequence[Dividend]) -> list[StoredDividend] | None:
    """Null where the contract was valued with a yield."""
    if not dividends:
        return None
    return [{"ex_date": each.ex_date.isoformat(), "amount": each.amount} for each in dividends]


def _read(stored: Sequence[StoredDividend] | None) -> tuple[Dividend, ...]:
    return tuple(
        Dividend(date.fromisoformat(each["ex_date"]), each["amount"]) for each in stored or ()
    )
