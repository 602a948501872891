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
    FromClause,
    Index,
    Integer,
    Numeric,
    Over,
    Select,
    String,
    Uuid,
    case,
    cast,
    func,
    literal,
    select,
    union_all,
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


class RiskMetric(Table, table=True):
    """One number of a portfolio on one session, in its `unit`; null with `reason`."""

    __tablename__: ClassVar[str] = "risk_metrics"

    portfolio_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    metric: str = _key(String(40))
    view: str = _key(String(10))
    value: float | None = _optional(Double)
    unit: str = _required(String(20))
    observations: int | None = _optional(Integer)
    coverage: float | None = _optional(Double)
    reason: str | None = _optional(String)


class ComponentVar(Table, table=True):
    """One position's part of its portfolio's historical VaR and expected shortfall, USD; null with `reason`."""

    __tablename__: ClassVar[str] = "component_var"
    __table_args__: ClassVar[Any] = (Index("ix_component_var_portfolio", "portfolio_id", "as_of"),)

    position_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    portfolio_id: UUID = _required(Uuid)
    symbol: str = _required(String(24))
    var_95: float | None = _optional(Double)
    es_95: float | None = _optional(Double)
    var_99: float | None = _optional(Double)
    es_99: float | None = _optional(Double)
    reason: str | None = _optional(String)


class PnlAttribution(Table, table=True):
    """The part of a snapshot's P&L that one factor explains, or ("specific") none does; null with `reason`."""

    __tablename__: ClassVar[str] = "pnl_attributions"

    portfolio_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    factor: str = _key(String(40))
    previous_session: date | None = _optional(Date)
    pnl: Decimal | None = _optional(MONEY)
    exposure: float | None = _optional(Double)
    factor_return: float | None = _optional(Double)
    reason: str | None = _optional(String)


position_valuations: SqlTable = PositionValuation.__table__  # type: ignore[attr-defined]
portfolio_snapshots: SqlTable = PortfolioSnapshot.__table__  # type: ignore[attr-defined]
risk_metrics: SqlTable = RiskMetric.__table__  # type: ignore[attr-defined]
component_var: SqlTable = ComponentVar.__table__  # type: ignore[attr-defined]
pnl_attributions: SqlTable = PnlAttribution.__table__  # type: ignore[attr-defined]


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


def _component_parts() -> Select[Any]:
    """Both confidences of every position, one row each."""
    part = component_var.c
    position = (part.position_id, part.as_of, part.portfolio_id, part.symbol, part.reason)
    parts = {95: (part.var_95, part.es_95), 99: (part.var_99, part.es_99)}
    named = (
        select(
            *position,
            literal(confidence, Integer).label("confidence"),
            loss.label("component_var"),
            shortfall.label("component_es"),
        )
        for confidence, (loss, shortfall) in parts.items()
    )
    return _columns(union_all(*named).subquery("parts"), published.component_var)


def _columns(table: FromClause, view: SqlTable) -> Select[Any]:
    return select(*(table.c[column.name] for column in view.columns))


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.position_valuations: _columns(position_valuations, published.position_valuations),
    published.portfolio_snapshots: _chained_snapshots(),
    published.risk_metrics: _columns(risk_metrics, published.risk_metrics),
    published.component_var: _component_parts(),
    published.pnl_attributions: _columns(pnl_attributions, published.pnl_attributions),
}
