"""The tables of greeks, and the views it publishes."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, Date, Double, Index, Integer, Numeric, Select, String, Uuid, select
from sqlalchemy import Table as SqlTable
from sqlmodel import Field, SQLModel

from shared.database import table_base
from shared.published import greeks as published

if TYPE_CHECKING:
    from sqlmodel import SQLModel as Table
else:
    Table = table_base("greeks")


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


class ContractGreeks(Table, table=True):
    """One contract's value and Greeks per share on one session, from one version of the market data."""

    __tablename__: ClassVar[str] = "contract_greeks"

    contract: str = _key(String)
    as_of: date = _key(Date)
    price_run: str = _required(String)
    underlying: str = _required(String)
    option_type: str = _required(String(1))
    strike: Decimal = _required(Numeric(18, 6))
    expiry: date = _required(Date)
    underlying_price: Decimal | None = _optional(Numeric(18, 6))
    underlying_price_date: date | None = _optional(Date)
    years_to_expiry: float = _required(Double)
    volatility: float | None = _optional(Double)
    iv_source: str | None = _optional(String)
    rate: float | None = _optional(Double)
    rate_source: str | None = _optional(String)
    dividend_yield: float | None = _optional(Double)
    dividend_source: str | None = _optional(String)
    model: str | None = _optional(String)
    price: float | None = _optional(Double)
    delta: float | None = _optional(Double)
    gamma: float | None = _optional(Double)
    theta: float | None = _optional(Double)
    vega: float | None = _optional(Double)
    rho: float | None = _optional(Double)
    reason: str | None = _optional(String)


class PositionGreeks(Table, table=True):
    """One option position's Greeks on one session: unit x quantity x multiplier, or null with a reason."""

    __tablename__: ClassVar[str] = "position_greeks"

    position_id: UUID = _key(Uuid)
    as_of: date = _key(Date)
    portfolio_id: UUID = _required(Uuid)
    contract: str = _required(String)
    underlying: str = _required(String)
    quantity: Decimal = _required(Numeric(20, 6))
    multiplier: int = _required(Integer)
    delta: float | None = _optional(Double)
    gamma: float | None = _optional(Double)
    theta: float | None = _optional(Double)
    vega: float | None = _optional(Double)
    rho: float | None = _optional(Double)
    reason: str | None = _optional(String)


Index("ix_position_greeks_portfolio", *(sql_table(PositionGreeks).c[n] for n in ("portfolio_id", "as_of")))


def _columns(model: type[SQLModel], view: SqlTable) -> Select[Any]:
    return select(*(sql_table(model).c[column.name] for column in view.columns))


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.contract_greeks: _columns(ContractGreeks, published.contract_greeks),
    published.position_greeks: _columns(PositionGreeks, published.position_greeks),
}
