"""Ingest's tables, and the views it publishes."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    Numeric,
    Select,
    String,
    Uuid,
    func,
    select,
)
from sqlalchemy import Table as SqlTable
from sqlmodel import Field, MetaData, SQLModel

from shared.database import published_columns, sql_table
from shared.published import ingest as published


class Table(SQLModel):
    """The base of ingest's tables."""

    metadata = MetaData(schema="ingest")


class MarketSession(Table, table=True):
    """One NYSE session. `revision`: the newest change of data dated on it; 0 when none.

    `due_at`: when the clock marked it as due (null: before its first time). `announced_at`: when
    its close was announced (null: not yet), by the clock once per session, or by an operator.
    """

    __tablename__: ClassVar[str] = "market_sessions"

    session_date: date = Field(sa_column=Column(Date, primary_key=True))
    revision: int = Field(
        default=0, sa_column=Column(BigInteger, nullable=False, server_default="0")
    )
    due_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )
    announced_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )


class DailyPrice(Table, table=True):
    """One symbol's close on one session, USD per share.

    `close_basis`: "raw", or "adjusted" when only that is known. `revision`: the change that wrote
    the row.
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
    """One constant-maturity Treasury yield in percent.

    `maturity`: "1M" to "30Y"; `maturity_years`: its length.
    """

    __tablename__: ClassVar[str] = "treasury_yields"

    maturity: str = Field(sa_column=Column(String(4), primary_key=True))
    observation_date: date = Field(sa_column=Column(Date, primary_key=True))
    maturity_years: float = Field(sa_column=Column(Double, nullable=False))
    yield_percent: float = Field(sa_column=Column(Double, nullable=False))
    source: str = Field(sa_column=Column(String(40), nullable=False))
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))


class OptionQuote(Table, table=True):
    """One contract's bid and ask at a session's close, USD per share of contract.

    `contract` is the OCC symbol.
    """

    __tablename__: ClassVar[str] = "option_quotes"

    contract: str = Field(sa_column=Column(String(24), primary_key=True))
    session_date: date = Field(sa_column=Column(Date, primary_key=True, index=True))
    bid: Decimal = Field(sa_column=Column(Numeric(18, 6), nullable=False))
    ask: Decimal = Field(sa_column=Column(Numeric(18, 6), nullable=False))
    last: Decimal | None = Field(default=None, sa_column=Column(Numeric(18, 6), nullable=True))
    underlying_price: Decimal | None = Field(
        default=None, sa_column=Column(Numeric(18, 6), nullable=True)
    )
    source: str = Field(sa_column=Column(String(40), nullable=False))
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))


class CorporateAction(Table, table=True):
    """A split or a cash dividend from `ex_date` on.

    `value`: new shares per old one, or USD per share. `told_by`: the run that restated the sessions
    it changes; null until then.
    """

    __tablename__: ClassVar[str] = "corporate_actions"

    symbol: str = Field(sa_column=Column(String(24), primary_key=True))
    ex_date: date = Field(sa_column=Column(Date, primary_key=True, index=True))
    kind: str = Field(sa_column=Column(String(10), primary_key=True))
    value: Decimal = Field(sa_column=Column(Numeric(18, 8), nullable=False))
    source: str = Field(sa_column=Column(String(40), nullable=False))
    told_by: UUID | None = Field(default=None, sa_column=Column(Uuid, nullable=True))


class UnadjustedSymbol(Table, table=True):
    """A symbol whose closes are to be adjusted again, since they or its actions changed."""

    __tablename__: ClassVar[str] = "unadjusted_symbols"

    symbol: str = Field(sa_column=Column(String(24), primary_key=True))


class FetchLogEntry(Table, table=True):
    """The last query to a provider about a symbol: the range, when, and whether it knew it.

    `kind`: "prices", "corporate_actions", "securities", "yields" (`symbol` is a maturity) or
    "option_quotes" (`symbol` is a contract, or "*" when the plan does not include any).
    """

    __tablename__: ClassVar[str] = "fetch_log"

    provider: str = Field(sa_column=Column(String(40), primary_key=True))
    kind: str = Field(sa_column=Column(String(20), primary_key=True))
    symbol: str = Field(sa_column=Column(String(24), primary_key=True))
    first_session: date = Field(sa_column=Column(Date, nullable=False))
    last_session: date = Field(sa_column=Column(Date, nullable=False))
    known: bool = Field(sa_column=Column(Boolean, nullable=False))
    asked_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class QuarantinedPrice(Table, table=True):
    """A close that was rejected as implausible, and why; kept for review, never used.

    `close`: USD per share, as sent.
    """

    __tablename__: ClassVar[str] = "quarantined_prices"

    symbol: str = Field(sa_column=Column(String(24), primary_key=True))
    session_date: date = Field(sa_column=Column(Date, primary_key=True))
    source: str = Field(sa_column=Column(String(40), primary_key=True))
    close: str = Field(sa_column=Column(String(40), nullable=False))
    reason: str = Field(sa_column=Column(String(200), nullable=False))
    seen_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ReleasedPrice(Table, table=True):
    """A close that was rejected first and accepted later, when its level had held.

    `told_by`: the run that restated the sessions it changes; null until then.
    """

    __tablename__: ClassVar[str] = "released_prices"

    symbol: str = Field(sa_column=Column(String(24), primary_key=True))
    session_date: date = Field(sa_column=Column(Date, primary_key=True))
    told_by: UUID | None = Field(default=None, sa_column=Column(Uuid, nullable=True))


class DataProvider(Table, table=True):
    """A provider of a kind of data, by `rank` from 0; `live` when queried over the network.

    `first_session`, `last_session`: what its files of prices cover; null without any.
    """

    __tablename__: ClassVar[str] = "data_providers"

    kind: str = Field(sa_column=Column(String(20), primary_key=True))
    rank: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    name: str = Field(sa_column=Column(String(40), nullable=False))
    live: bool = Field(sa_column=Column(Boolean, nullable=False))
    first_session: date | None = Field(default=None, sa_column=Column(Date, nullable=True))
    last_session: date | None = Field(default=None, sa_column=Column(Date, nullable=True))


class PriceClaim(Table, table=True):
    """Which replica fetches a symbol's prices; past `claimed_until` another one may."""

    __tablename__: ClassVar[str] = "price_claims"

    symbol: str = Field(sa_column=Column(String(24), primary_key=True))
    claimant: UUID = Field(sa_column=Column(Uuid, nullable=False, index=True))
    claimed_until: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class ProviderRequest(Table, table=True):
    """When a request to a provider is or was sent; rows older than the window have no use."""

    __tablename__: ClassVar[str] = "provider_requests"
    __table_args__: ClassVar[Any] = (
        Index("ix_ingest_provider_requests_provider_slot", "provider", "slot"),
    )

    request_id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(), primary_key=True)
    )
    provider: str = Field(sa_column=Column(String(40), nullable=False))
    slot: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


_session = MarketSession.__table__.c  # type: ignore[attr-defined]
_claim = sql_table(PriceClaim).c
_action = sql_table(CorporateAction).c
_close = sql_table(DailyPrice).c
_request = sql_table(ProviderRequest).c

_basis_before = (
    select(_close.close_basis)
    .where(_close.symbol == _action.symbol, _close.session_date < _action.ex_date)
    .order_by(_close.session_date.desc())
    .limit(1)
    .scalar_subquery()
)
# Not where closes are adjusted for what happened: there it does not show in them.
_shows_in_closes = func.coalesce(_basis_before, "raw") == "raw"

PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.market_sessions: select(
        _session.session_date,
        _session.revision,
        _session.announced_at.is_not(None).label("announced"),
    ),
    published.daily_prices: published_columns(DailyPrice, published.daily_prices),
    published.securities: published_columns(Security, published.securities),
    published.treasury_yields: published_columns(TreasuryYield, published.treasury_yields),
    published.option_quotes: published_columns(OptionQuote, published.option_quotes),
    published.data_providers: published_columns(DataProvider, published.data_providers),
    published.corporate_actions: published_columns(CorporateAction, published.corporate_actions),
    published.splits: select(_action.symbol, _action.ex_date, _action.value.label("ratio")).where(
        _action.kind == "split", _shows_in_closes
    ),
    published.dividends: select(
        _action.symbol, _action.ex_date, _action.value.label("amount")
    ).where(_action.kind == "dividend", _shows_in_closes),
    published.fetch_log: published_columns(FetchLogEntry, published.fetch_log),
    published.provider_requests: select(_request.provider, func.max(_request.slot)).group_by(
        _request.provider
    ),
    published.price_claims: select(_claim.symbol).where(
        _claim.claimed_until > func.clock_timestamp()
    ),
    published.quarantined_prices: published_columns(QuarantinedPrice, published.quarantined_prices),
}
