"""The tables of snapshots, and the views it publishes.

A snapshot's row holds facts of its own span only: value at its session, P&L and flows since the snapshot
before. NAV, cash, cumulative P&L and return depend on the whole chain; the published view sums it, nothing is
accumulated in place, so a row written later, earlier or again needs no other row rewritten for their sake.
"""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Double,
    Index,
    Numeric,
    Over,
    Select,
    String,
    Uuid,
    case,
    cast,
    func,
    select,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Field, MetaData, SQLModel

from shared.published import gateway
from shared.published import snapshots as published

MONEY = Numeric(20, 6)
PRICE = Numeric(18, 6)


class Table(SQLModel):
    """The base of the snapshots tables."""

    metadata = MetaData(schema="snapshots")


def _required(kind: Any) -> Any:
    return Field(sa_column=Column(kind, nullable=False))


def _optional(kind: Any) -> Any:
    return Field(default=None, sa_column=Column(kind, nullable=True))


def _key(kind: Any) -> Any:
    return Field(sa_column=Column(kind, primary_key=True))


class PositionValuation(Table, table=True):
    """One open position on one session. Money is signed USD, prices USD per share; null with `reason`."""

    __tablename__: ClassVar[str] = "position_valuations"
    __table_args__: ClassVar[Any] = (Index("ix_position_valuations_portfolio", "portfolio_id", "as_of"),)

    position_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    portfolio_id: UUID = _required(Uuid)
    symbol: str = _required(String(24))
    underlying: str = _required(String(24))
    position_type: str = _required(String(5))
    sector: str | None = _optional(String(60))
    quantity: Decimal = _required(Numeric(20, 6))
    price: Decimal | None = _optional(PRICE)
    price_date: date | None = _optional(Date)
    price_source: str | None = _optional(String(20))
    stale: bool = _required(Boolean)
    underlying_price: Decimal | None = _optional(PRICE)
    underlying_price_date: date | None = _optional(Date)
    market_value: Decimal | None = _optional(MONEY)
    cost: Decimal = _required(MONEY)
    unrealised_pnl: Decimal | None = _optional(MONEY)
    daily_pnl: Decimal | None = _optional(MONEY)
    notional_exposure: Decimal | None = _optional(MONEY)
    delta: float | None = _optional(Double)
    delta_adjusted_exposure: Decimal | None = _optional(MONEY)
    reason: str | None = _optional(String(80))


class PortfolioSnapshot(Table, table=True):
    """One portfolio on one session: its value, P&L and flows since `previous_session` (null at first)."""

    __tablename__: ClassVar[str] = "portfolio_snapshots"

    portfolio_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    previous_session: date | None = _optional(Date)
    market_value: Decimal = _required(MONEY)
    daily_pnl: Decimal | None = _optional(MONEY)
    closed_pnl: Decimal = _required(MONEY)
    net_flow: Decimal = _required(MONEY)
    unrealised_pnl: Decimal = _required(MONEY)
    exposures: dict[str, dict[str, float]] = _required(JSONB)
    delta: float | None = _optional(Double)
    gamma: float | None = _optional(Double)
    theta: float | None = _optional(Double)
    vega: float | None = _optional(Double)
    rho: float | None = _optional(Double)
    counts: dict[str, int] = _required(JSONB)
    price_coverage: float = _required(Double)
    greeks_coverage: float = _required(Double)
    warnings: list[dict[str, Any]] = _required(JSONB)


position_valuations: SqlTable = PositionValuation.__table__  # type: ignore[attr-defined]
portfolio_snapshots: SqlTable = PortfolioSnapshot.__table__  # type: ignore[attr-defined]


def _chained_snapshots() -> Select[Any]:
    """Snapshots with what derives from their portfolio's chain of P&L and flows.

    NAV starts at the equity the owner stated, else at the first snapshot's market value, and moves by P&L and
    flows. The windows are partitioned by portfolio, so reading one portfolio sums one portfolio.
    """
    rows, stated = portfolio_snapshots, gateway.portfolios

    def so_far(what: FunctionElement[Any]) -> Over[Any]:
        return what.over(partition_by=rows.c.portfolio_id, order_by=rows.c.as_of)

    opening = func.coalesce(stated.c.equity_balance, so_far(func.first_value(rows.c.market_value)))
    earned = so_far(func.sum(func.coalesce(rows.c.daily_pnl, 0)))
    nav = opening + earned + so_far(func.sum(rows.c.net_flow))
    joined = rows.outerjoin(stated, stated.c.portfolio_id == rows.c.portfolio_id)
    chained = select(rows, cast(nav, MONEY).label("nav"), cast(earned, MONEY).label("cumulative_pnl"))
    return _with_returns(chained.select_from(joined).subquery("chained"))


def _with_returns(chained: Any) -> Select[Any]:
    nav_before = func.lag(chained.c.nav).over(partition_by=chained.c.portfolio_id, order_by=chained.c.as_of)
    derived = {
        "cash": chained.c.nav - chained.c.market_value,
        "daily_return": case((nav_before > 0, cast(chained.c.daily_pnl / nav_before, Double))),
    }
    names = [column.name for column in published.portfolio_snapshots.columns]
    return select(*(derived[name].label(name) if name in derived else chained.c[name] for name in names))


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.position_valuations: select(
        *(position_valuations.c[column.name] for column in published.position_valuations.columns)
    ),
    published.portfolio_snapshots: _chained_snapshots(),
}
