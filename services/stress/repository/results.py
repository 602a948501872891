"""What stress found, replaced within the portfolios and the session it was found for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Date, Select, String, select
from sqlmodel import SQLModel

from services.stress.tables import (
    MarketRiskScenario,
    PastReturns,
    PnlAxis,
    PositionPnl,
    StressResult,
)
from shared.arrays import Columns
from shared.database import (
    Session,
    among,
    changed,
    lock,
    lock_shared,
    merge,
    prepared,
    sql_table,
    tuples,
)
from shared.database.arrays import merge_columns
from shared.rows import rows_of


@dataclass(frozen=True)
class Tables:
    """The columns of each table that a shard's stress tests fill."""

    results: Columns
    market_risk: Columns
    position_pnl: Columns
    pnl_axes: Columns
    past_returns: Columns


async def save_results(
    session: Session, portfolio_ids: Sequence[UUID], as_of: date, tables: Tables
) -> None:
    """Replace all that is stored for the portfolios and the session."""
    scope = {"as_of": as_of, "portfolio_id": tuple(portfolio_ids)}
    contents: dict[type[SQLModel], Columns] = {
        StressResult: tables.results,
        MarketRiskScenario: tables.market_risk,
        PositionPnl: tables.position_pnl,
        PnlAxis: tables.pnl_axes,
    }
    for table, columns in contents.items():
        await merge_columns(session, table, columns, scope, as_of=as_of)
    await _add_returns(session, as_of, tables.past_returns)


async def _add_returns(session: Session, as_of: date, returns: Columns) -> None:
    """Store the returns that are not yet: other shards, which hold the same symbols, wait for it.

    So it comes last in the transaction, and does not touch what is stored. Where a restatement left
    others, those that no position refers to any more are deleted, while no shard refers to more.
    """
    rows = rows_of(PastReturns, returns, as_of=as_of)
    mine = {(row["symbol"], row["returns_id"]) for row in rows}
    of_day = (list(returns["symbol"]), as_of)
    restated = not mine.issuperset(await tuples(session, *_returns_stored(*of_day)))
    await (lock if restated else lock_shared)(session, "stress.past_returns", as_of)
    stored = set(await tuples(session, *_returns_stored(*of_day)))
    missing = [row for row in rows if (row["symbol"], row["returns_id"]) not in stored]
    await merge(session, PastReturns, missing)
    if restated:
        await changed(session, _DELETE_UNUSED, {"symbols": of_day[0], "as_of": as_of})


_DELETE_UNUSED = """
    delete from stress.past_returns as past
    where past.as_of = :as_of and past.symbol = any(cast(:symbols as text[])) and not exists (
        select from stress.pnl_axes as axis
        join stress.position_pnl as position using (portfolio_id, as_of)
        where axis.as_of = past.as_of and position.symbol = past.symbol
            and position.returns_id = past.returns_id
    )
"""


@prepared(symbols=ARRAY(String), as_of=Date())
def _returns_stored(symbols: Sequence[object], as_of: date) -> Select[str, UUID]:
    past = sql_table(PastReturns).c
    of_day = (among(past.symbol, symbols), past.as_of == as_of)
    return select(past.symbol, past.returns_id).where(*of_day)
