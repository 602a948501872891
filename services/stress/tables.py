"""The stress service's tables, and the views it publishes."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    Double,
    Index,
    Integer,
    Numeric,
    Select,
    String,
    Uuid,
    and_,
    cast,
    func,
    literal,
    select,
    true,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, MetaData, SQLModel

from shared.published import stress as published


class Table(SQLModel):
    """The base of the stress service's tables."""

    metadata = MetaData(schema="stress")


def sql_table(model: type[SQLModel]) -> SqlTable:
    """The SQLAlchemy table behind a model."""
    table: SqlTable = model.__table__  # type: ignore[attr-defined]
    return table


def _key(kind: Any) -> Any:
    return Field(sa_column=Column(kind, primary_key=True))


def _required(kind: Any) -> Any:
    return Field(sa_column=Column(kind, nullable=False))


def _optional(kind: Any) -> Any:
    return Field(default=None, sa_column=Column(kind, nullable=True))


class StressScenario(Table, table=True):
    """One scenario of the house. `shocks`: decimal return by factor name; `rate_shock`: change of yield in decimals.

    `origin`: "file" for those the scenario files define (one that left the files turns inactive). What a
    historical one's proxies did in its window stands in the `measured_` columns.
    """

    __tablename__: ClassVar[str] = "stress_scenarios"

    scenario_id: str = _key(String(80))
    name: str = _required(String(200))
    description: str = _required(String)
    category: str = _required(String(20))
    severity: str = _required(String(20))
    shocks: dict[str, float] = _required(JSONB)
    rate_shock: float | None = _optional(Double)
    basis: str = _required(String(10))
    display_order: int = _required(Integer)
    active: bool = _required(Boolean)
    origin: str = _required(String(10))
    volatility_shock: float | None = _optional(Double)
    window_start: date | None = _optional(Date)
    window_end: date | None = _optional(Date)
    measured_shocks: dict[str, float] | None = _optional(JSONB)
    measured_returns: dict[str, float] | None = _optional(JSONB)
    measured_rate_change: float | None = _optional(Double)
    measured_source: str | None = _optional(String)


class CustomScenario(Table, table=True):
    """A scenario that a user saved for the user's own portfolios; inactive once deleted."""

    __tablename__: ClassVar[str] = "custom_scenarios"

    user_id: UUID = _key(Uuid)
    scenario_id: str = _key(String(80))
    name: str = _required(String(200))
    description: str = _required(String)
    category: str = _required(String(20))
    severity: str = _required(String(20))
    shocks: dict[str, float] = _required(JSONB)
    rate_shock: float | None = _optional(Double)
    volatility_shock: float | None = _optional(Double)
    basis: str = _required(String(10))
    active: bool = _required(Boolean)


class StressResult(Table, table=True):
    """One portfolio in one scenario by one method ("direct", "correlated"), USD; a loss is negative.

    Amounts are null, and `warnings` say why, when no position had the inputs the scenario needs.
    """

    __tablename__: ClassVar[str] = "stress_results"

    portfolio_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    scenario_id: str = _key(String(80))
    method: str = _key(String(12))
    total_pnl: Decimal | None = _optional(Numeric(20, 6))
    factor_impacts: dict[str, float] = _required(JSONB)
    nonlinear: Decimal | None = _optional(Numeric(20, 6))
    correlation_effect: Decimal | None = _optional(Numeric(20, 6))
    effective_shocks: dict[str, float] = _required(JSONB)
    option_valuation: str = _required(String(20))
    coverage: float | None = _optional(Double)
    warnings: list[dict[str, Any]] = _required(JSONB)
    delta_gamma_pnl: Decimal | None = _optional(Numeric(20, 6))


class MarketRiskScenario(Table, table=True):
    """One step of a ladder: `kind` "market" (`shock`: decimal return) or "rates" (decimal change of yield).

    `exposure`: USD gained per shock of 1.00; `pnl` = exposure x shock; null with `reason`.
    """

    __tablename__: ClassVar[str] = "market_risk_scenarios"

    portfolio_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    kind: str = _key(String(10))
    shock: float = _key(Double)
    exposure: float | None = _optional(Double)
    pnl: Decimal | None = _optional(Numeric(20, 6))
    coverage: float | None = _optional(Double)
    reason: str | None = _optional(String)


class PositionPnl(Table, table=True):
    """The profit and loss of one position, USD in whole cents, NaN where it was not measured.

    `historical_pnl`: by the session dates of the portfolio's `PnlAxis`; null when none could be measured.
    `scenario_pnl`: by its scenarios.
    """

    __tablename__: ClassVar[str] = "position_pnl"

    position_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    portfolio_id: UUID = _required(Uuid)
    symbol: str = _required(String(24))
    historical_pnl: list[float] | None = _optional(ARRAY(Double))
    reason: str | None = _optional(String)
    scenario_pnl: list[float] = _required(ARRAY(Double))


class PnlAxis(Table, table=True):
    """What the elements of a portfolio's vectors belong to: past sessions, and (scenario, method) pairs."""

    __tablename__: ClassVar[str] = "pnl_axes"

    portfolio_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    session_dates: list[date] = _required(ARRAY(Date))
    scenario_ids: list[str] = _required(ARRAY(String))
    methods: list[str] = _required(ARRAY(String))


Index("ix_position_pnl_portfolio", *(sql_table(PositionPnl).c[name] for name in ("portfolio_id", "as_of")))
Index("ix_pnl_axes_as_of", sql_table(PnlAxis).c.as_of)


def _columns(model: type[SQLModel], view: SqlTable) -> Select[Any]:
    return select(*(sql_table(model).c[column.name] for column in view.columns))


def _pnl_dates() -> Select[Any]:
    """The axis of sessions depends on the day alone: any portfolio's will do."""
    axis = sql_table(PnlAxis).c
    return select(axis.as_of, axis.session_dates).distinct(axis.as_of).order_by(axis.as_of)


def _scenario_pnl() -> Select[Any]:
    """The scenario vectors, one row per element."""
    position, axis = sql_table(PositionPnl), sql_table(PnlAxis)
    element = (
        func.unnest(axis.c.scenario_ids, axis.c.methods, position.c.scenario_pnl)
        .table_valued("scenario_id", "method", "pnl", name="element")
        .render_derived()
    )
    same = and_(axis.c.portfolio_id == position.c.portfolio_id, axis.c.as_of == position.c.as_of)
    pnl = cast(func.nullif(element.c.pnl, cast(literal("NaN", String), Double)), Numeric(20, 2))
    return select(
        position.c.position_id,
        position.c.as_of,
        element.c.scenario_id,
        element.c.method,
        pnl.label("pnl"),
        position.c.portfolio_id,
        position.c.symbol,
    ).select_from(position.join(axis, same).join(element, true()))


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.stress_scenarios: _columns(StressScenario, published.stress_scenarios),
    published.custom_scenarios: _columns(CustomScenario, published.custom_scenarios),
    published.stress_results: _columns(StressResult, published.stress_results),
    published.market_risk_scenarios: _columns(MarketRiskScenario, published.market_risk_scenarios),
    published.position_pnl_vectors: _columns(PositionPnl, published.position_pnl_vectors),
    published.pnl_dates: _pnl_dates(),
    published.position_scenario_pnl: _scenario_pnl(),
}
