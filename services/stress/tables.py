"""The stress service's tables, and the views it publishes."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Boolean, Column, Date, Double, Integer, Numeric, Select, String, Uuid, select
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
    """One scenario. `shocks`: decimal return by factor name; `rate_shock`: change of yield in decimals.

    `origin`: "file" for those the scenario files define (one that left the files turns inactive).
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


def _columns(model: type[SQLModel], view: SqlTable) -> Select[Any]:
    return select(*(sql_table(model).c[column.name] for column in view.columns))


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.stress_scenarios: _columns(StressScenario, published.stress_scenarios),
    published.stress_results: _columns(StressResult, published.stress_results),
    published.market_risk_scenarios: _columns(MarketRiskScenario, published.market_risk_scenarios),
}
