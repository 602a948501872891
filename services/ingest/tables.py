"""Ingest's tables, and the views it publishes."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Date, DateTime, Double, Numeric, Select, String, select
from sqlalchemy import Table as SqlTable
from sqlmodel import Field, MetaData, SQLModel

from shared.database import published_columns
from shared.published import ingest as published


class Table(SQLModel):
    """The base of ingest's tables."""

    metadata = MetaData(schema="ingest")


class MarketSession(Table, table=True):
    """One NYSE session we know of. `revision`: the newest change of data dated on it; 0 when none.

    `announced_at`: when its close was announced (null: not yet), which happens once per session.
    """

    __tablename__: ClassVar[str] = "market_sessions"

    session_date: date = Field(sa_column=Column(Date, primary_key=True))
    revision: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    announced_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )


class DailyPrice(Table, table=True):
    """One symbol's close on one session, USD per share.

    `close_basis`: "raw", or "adjusted" when only that is known. `revision`: the change that wrote the row.
    """

    __tablename__: ClassVar[str] = "daily_prices"

    symbol: str = Field(sa_column=Column(String(24), primary_key=True))
    session_date: date = Field(sa_column=Column(Date, primary_key=True, index=True))
    close: Decimal = Field(sa_column=Column(Numeric(18, 6), nullable=False))
    adjusted_close: float = Field(sa_column=Column(Double, nullable=False))
    close_basis: str = Field(sa_column=Column(String(10), nullable=False))
    source: str = Field(sa_column=Column(String(40), nullable=False))
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))


class Security(Table, table=True):
    """What a symbol is. `dividend_yield`: continuous, decimal per year; null when unknown."""

    __tablename__: ClassVar[str] = "securities"

    symbol: str = Field(sa_column=Column(String(24), primary_key=True))
    kind: str = Field(sa_column=Column(String(10), nullable=False))
    name: str | None = Field(default=None, sa_column=Column(String(200), nullable=True))
    sector: str | None = Field(default=None, sa_column=Column(String(60), nullable=True))
    industry: str | None = Field(default=None, sa_column=Column(String(100), nullable=True))
    dividend_yield: float | None = Field(default=None, sa_column=Column(Double, nullable=True))
    source: str = Field(sa_column=Column(String(40), nullable=False))


class TreasuryYield(Table, table=True):
    """One constant-maturity Treasury yield in percent. `maturity`: "1M" to "30Y"; `maturity_years`: its length."""

    __tablename__: ClassVar[str] = "treasury_yields"

    maturity: str = Field(sa_column=Column(String(4), primary_key=True))
    observation_date: date = Field(sa_column=Column(Date, primary_key=True))
    maturity_years: float = Field(sa_column=Column(Double, nullable=False))
    yield_percent: float = Field(sa_column=Column(Double, nullable=False))
    source: str = Field(sa_column=Column(String(40), nullable=False))
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))


class OptionQuote(Table, table=True):
    """One contract's bid and ask at a session's close, USD per share of contract. `contract` is the OCC symbol."""

    __tablename__: ClassVar[str] = "option_quotes"

    contract: str = Field(sa_column=Column(String(24), primary_key=True))
    session_date: date = Field(sa_column=Column(Date, primary_key=True, index=True))
    bid: Decimal = Field(sa_column=Column(Numeric(18, 6), nullable=False))
    ask: Decimal = Field(sa_column=Column(Numeric(18, 6), nullable=False))
    last: Decimal | None = Field(default=None, sa_column=Column(Numeric(18, 6), nullable=True))
    underlying_price: Decimal | None = Field(default=None, sa_column=Column(Numeric(18, 6), nullable=True))
    source: str = Field(sa_column=Column(String(40), nullable=False))
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))


_session = MarketSession.__table__.c  # type: ignore[attr-defined]


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.market_sessions: select(
        _session.session_date, _session.revision, _session.announced_at.is_not(None).label("announced")
    ),
    published.daily_prices: published_columns(DailyPrice, published.daily_prices),
    published.securities: published_columns(Security, published.securities),
    published.treasury_yields: published_columns(TreasuryYield, published.treasury_yields),
    published.option_quotes: published_columns(OptionQuote, published.option_quotes),
}
