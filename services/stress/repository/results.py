"""What stress found, replaced within the portfolios and the session it was found for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import SQLModel

from services.stress.tables import MarketRiskScenario, PnlAxis, PositionPnl, StressResult
from shared.arrays import Columns
from shared.database import Session
from shared.database.arrays import merge_columns


@dataclass(frozen=True)
class Tables:
    """The columns of each table that a shard's stress tests fill."""

    results: Columns
    market_risk: Columns
    position_pnl: Columns
    pnl_axes: Columns


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
