"""The tables of snapshots, and the views it publishes.

A snapshot's row holds facts of its span only: value at its session, P&L and flows since the
snapshot before. NAV, cash, cumulative P&L and return depend on the whole chain: the published view
sums it. Nothing is accumulated in place, so a row written later, earlier or again leaves the other
rows as they are.
"""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    Boolean,
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
    true,
    union_all,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import MetaData, SQLModel

from shared.database import key, optional, published_columns, required, sql_table
from shared.published import gateway
from shared.published import snapshots as published
from shared.retention import Detail

MONEY = Numeric(20, 6)
PRICE = Numeric(18, 6)


class Table(SQLModel):
    """The base of the snapshots tables."""

    metadata = MetaData(schema="snapshots")


class PositionValuation(Table, table=True):
    """One open position on one session: signed USD, prices per share; null with `reason`."""

    __tablename__: ClassVar[str] = "position_valuations"
    __table_args__: ClassVar[Any] = (
        Index("ix_position_valuations_portfolio", "portfolio_id", "as_of"),
    )

    position_id: UUID = key(Uuid)
    as_of: date = key(Date)
    portfolio_id: UUID = required(Uuid)
    symbol: str = required(String(24))
    underlying: str = required(String(24))
    position_type: str = required(String(5))
    sector: str | None = optional(String(60))
    quantity: Decimal = required(Numeric(20, 6))
    price: Decimal | None = optional(PRICE)
    price_date: date | None = optional(Date)
    price_source: str | None = optional(String(20))
    stale: bool = required(Boolean)
    underlying_price: Decimal | None = optional(PRICE)
    underlying_price_date: date | None = optional(Date)
    market_value: Decimal | None = optional(MONEY)
    cost: Decimal = required(MONEY)
    unrealised_pnl: Decimal | None = optional(MONEY)
    daily_pnl: Decimal | None = optional(MONEY)
    notional_exposure: Decimal | None = optional(MONEY)
    delta: float | None = optional(Double)
    delta_adjusted_exposure: Decimal | None = optional(MONEY)
    reason: str | None = optional(String(80))


class PortfolioSnapshot(Table, table=True):
    """One portfolio on one session: its value, and P&L and flows since the snapshot before.

    `previous_session` is null on the first. `carried`: the symbols whose price, or whose
    underlying's, is older than the session or unknown, with both.
    """

    __tablename__: ClassVar[str] = "portfolio_snapshots"

    portfolio_id: UUID = key(Uuid)
    as_of: date = key(Date)
    previous_session: date | None = optional(Date)
    market_value: Decimal = required(MONEY)
    daily_pnl: Decimal | None = optional(MONEY)
    closed_pnl: Decimal = required(MONEY)
    net_flow: Decimal = required(MONEY)
    unrealised_pnl: Decimal = required(MONEY)
    exposures: dict[str, dict[str, float]] = required(JSONB)
    delta: float | None = optional(Double)
    gamma: float | None = optional(Double)
    theta: float | None = optional(Double)
    vega: float | None = optional(Double)
    rho: float | None = optional(Double)
    counts: dict[str, int] = required(JSONB)
    price_coverage: float = required(Double)
    greeks_coverage: float = required(Double)
    warnings: list[dict[str, Any]] = required(JSONB)
    carried: list[dict[str, str | None]] = required(JSONB, server_default="[]")


class RiskMetric(Table, table=True):
    """One number of a portfolio on one session, in its `unit`; null with `reason`."""

    __tablename__: ClassVar[str] = "risk_metrics"

    portfolio_id: UUID = key(Uuid)
    as_of: date = key(Date)
    metric: str = key(String(40))
    view: str = key(String(10))
    value: float | None = optional(Double)
    unit: str = required(String(20))
    observations: int | None = optional(Integer)
    coverage: float | None = optional(Double)
    reason: str | None = optional(String)


class ComponentVar(Table, table=True):
    """One position's part of its portfolio's historical VaR and shortfall; null with `reason`."""

    __tablename__: ClassVar[str] = "component_var"
    __table_args__: ClassVar[Any] = (Index("ix_component_var_portfolio", "portfolio_id", "as_of"),)

    position_id: UUID = key(Uuid)
    as_of: date = key(Date)
    portfolio_id: UUID = required(Uuid)
    symbol: str = required(String(24))
    var_95: float | None = optional(Double)
    es_95: float | None = optional(Double)
    var_99: float | None = optional(Double)
    es_99: float | None = optional(Double)
    reason: str | None = optional(String)


class PnlAttribution(Table, table=True):
    """The part of a snapshot's P&L by one factor, or ("specific") by none; null with `reason`."""

    __tablename__: ClassVar[str] = "pnl_attributions"

    portfolio_id: UUID = key(Uuid)
    as_of: date = key(Date)
    factor: str = key(String(40))
    previous_session: date | None = optional(Date)
    pnl: Decimal | None = optional(MONEY)
    exposure: float | None = optional(Double)
    factor_return: float | None = optional(Double)
    reason: str | None = optional(String)


def _chained_snapshots() -> Select[Any]:
    """Snapshots with what derives from their portfolio's chain of P&L and flows.

    NAV starts at the portfolio's equity balance, else at the first snapshot's market value, and
    moves by P&L and flows. The windows are partitioned by portfolio, so reading one portfolio sums
    one portfolio.
    """
    rows = sql_table(PortfolioSnapshot)
    owned = gateway.portfolios

    def so_far(what: FunctionElement[Decimal]) -> Over[Decimal]:
        return what.over(partition_by=rows.c.portfolio_id, order_by=rows.c.as_of)

    opening = func.coalesce(owned.c.equity_balance, so_far(func.first_value(rows.c.market_value)))
    earned = so_far(func.sum(func.coalesce(rows.c.daily_pnl, 0)))
    nav = opening + earned + so_far(func.sum(rows.c.net_flow))
    joined = rows.outerjoin(owned, owned.c.portfolio_id == rows.c.portfolio_id)
    chained = select(
        rows, cast(nav, MONEY).label("nav"), cast(earned, MONEY).label("cumulative_pnl")
    )
    return _with_returns(chained.select_from(joined).subquery("chained"))


def _with_returns(chained: FromClause) -> Select[Any]:
    """The chain with cash and daily return, by the names of the view."""
    nav_before = func.lag(chained.c.nav).over(
        partition_by=chained.c.portfolio_id, order_by=chained.c.as_of
    )
    derived = {
        "cash": chained.c.nav - chained.c.market_value,
        "daily_return": case((nav_before > 0, cast(chained.c.daily_pnl / nav_before, Double))),
    }
    names = [column.name for column in published.portfolio_snapshots.columns]
    return select(
        *(derived[name].label(name) if name in derived else chained.c[name] for name in names)
    )


def _component_parts() -> Select[Any]:
    """Both confidences of every position, one row each."""
    part = sql_table(ComponentVar).c
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
    both = union_all(*named).subquery("parts").c
    return select(*(both[column.name] for column in published.component_var.columns))


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.position_valuations: published_columns(
        PositionValuation, published.position_valuations
    ),
    published.portfolio_snapshots: _chained_snapshots(),
    published.risk_metrics: published_columns(RiskMetric, published.risk_metrics),
    published.component_var: _component_parts(),
    published.pnl_attributions: published_columns(PnlAttribution, published.pnl_attributions),
}

DETAILS = (
    Detail(PositionValuation),
    # NAV is summed over the whole chain of snapshots: none goes as long as its portfolio exists.
    Detail(PortfolioSnapshot, stays=true()),
    Detail(RiskMetric),
    Detail(ComponentVar),
    Detail(PnlAttribution),
)
