"""The tables of greeks, and the views it publishes."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Date, Double, Index, Integer, Numeric, Select, String, Uuid, select
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import MetaData, SQLModel

from shared.database import key, optional, published_columns, required, sql_table
from shared.published import gateway, ingest
from shared.published import greeks as published
from shared.retention import Detail
from shared.unchanged import CalculationColumns


class Table(SQLModel):
    """The base of the tables of greeks."""

    metadata = MetaData(schema="greeks")


class Calculation(CalculationColumns, Table, table=True):
    """What the rows of a portfolio and session were calculated from."""


class _Sensitivities(Table):
    """The Greeks; null with `reason`."""

    delta: float | None = optional(Double)
    gamma: float | None = optional(Double)
    theta: float | None = optional(Double)
    vega: float | None = optional(Double)
    rho: float | None = optional(Double)
    reason: str | None = optional(String)


class ContractGreeks(_Sensitivities, table=True):
    """One contract's value and Greeks per share on one session, from one price run.

    `dividends`: ex-dates with USD per share that it was valued with, null where with the yield.
    """

    __tablename__: ClassVar[str] = "contract_greeks"

    contract: str = key(String)
    as_of: date = key(Date)
    price_run: str = required(String)
    underlying: str = required(String)
    option_type: str = required(String(1))
    strike: Decimal = required(Numeric(18, 6))
    expiry: date = required(Date)
    underlying_price: Decimal | None = optional(Numeric(18, 6))
    underlying_price_date: date | None = optional(Date)
    years_to_expiry: float = required(Double)
    volatility: float | None = optional(Double)
    iv_source: str | None = optional(String)
    rate: float | None = optional(Double)
    rate_source: str | None = optional(String)
    dividend_yield: float | None = optional(Double)
    dividend_source: str | None = optional(String)
    dividends: list[dict[str, Any]] | None = optional(JSONB)
    model: str | None = optional(String)
    price: float | None = optional(Double)
    quote_mid: float | None = optional(Double)
    note: str | None = optional(String)


class PositionGreeks(_Sensitivities, table=True):
    """One option position's Greeks on one session, or null with a reason.

    Greek per share x quantity x multiplier.
    """

    __tablename__: ClassVar[str] = "position_greeks"

    position_id: UUID = key(Uuid)
    as_of: date = key(Date)
    portfolio_id: UUID = required(Uuid)
    contract: str = required(String)
    underlying: str = required(String)
    quantity: Decimal = required(Numeric(20, 6))
    multiplier: int = required(Integer)


Index(
    "ix_position_greeks_portfolio",
    *(sql_table(PositionGreeks).c[n] for n in ("portfolio_id", "as_of")),
)


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.contract_greeks: published_columns(ContractGreeks, published.contract_greeks),
    published.position_greeks: published_columns(PositionGreeks, published.position_greeks),
}

_contract = sql_table(ContractGreeks).c
_held = gateway.positions.c
_has_split = select(ingest.splits).where(ingest.splits.c.symbol == _held.underlying).exists()
_same_series = (
    (_held.underlying == _contract.underlying)
    & (_held.expiry == _contract.expiry)
    & (_held.option_type == _contract.option_type)
)
DETAILS = (
    Detail(Calculation),
    # When a session runs again, its P&L starts from the value of the contracts held before it. A
    # split changes strike and symbol, so every contract that may have been the held one stays.
    Detail(
        ContractGreeks,
        owner="contract",
        stays=(
            select(gateway.positions).where(_held.symbol == _contract.contract).exists()
            | select(gateway.positions).where(_same_series, _has_split).exists()
        ),
    ),
    Detail(PositionGreeks),
)
