"""The gateway's tables, and the views it publishes: who holds what."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    Select,
    String,
    UniqueConstraint,
    Uuid,
    func,
    select,
    text,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from shared.database import table_base
from shared.published import gateway as published

if TYPE_CHECKING:

    class Table(SQLModel):
        """The base of every table here, as a type checker needs to see it."""
else:
    Table = table_base("gateway")


def sql_table(model: type[SQLModel]) -> SqlTable:
    """The SQLAlchemy table behind a model."""
    table: SqlTable = model.__table__  # type: ignore[attr-defined]
    return table


def _required(kind: Any, *more: Any, **options: Any) -> Any:
    return Field(sa_column=Column(kind, *more, nullable=False, **options))


def _optional(kind: Any, *more: Any, **options: Any) -> Any:
    return Field(default=None, sa_column=Column(kind, *more, nullable=True, **options))


def _key(kind: Any, *more: Any, **options: Any) -> Any:
    return Field(sa_column=Column(kind, *more, primary_key=True, **options))


def _stamped() -> Any:
    now = func.now()
    return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=False, server_default=now))


def _owned_by(column: str, **options: Any) -> ForeignKey:
    return ForeignKey(f"gateway.{column}", ondelete="CASCADE", **options)


def _unique_name(model: type[SQLModel], index: str) -> None:
    columns = sql_table(model).c
    Index(index, columns.user_id, func.lower(columns.name), unique=True)


class User(Table, table=True):
    """Someone who may log in. `email` is stored in lower case; `role` is "user" or "admin"."""

    __tablename__: ClassVar[str] = "users"
    __table_args__: ClassVar[Any] = (CheckConstraint("role IN ('user', 'admin')", name="role_is_known"),)

    user_id: UUID = _key(Uuid)
    email: str = _required(String(320), unique=True)
    full_name: str = _required(String(200), server_default="")
    password_hash: str = _required(String(300))
    role: str = _required(String(10), server_default="user")
    created_at: datetime = _stamped()


class RefreshToken(Table, table=True):
    """A refresh token by its SHA-256; never stored itself. `used_at` is set once, on rotation."""

    __tablename__: ClassVar[str] = "refresh_tokens"

    token_hash: str = _key(String(64))
    user_id: UUID = _required(Uuid, _owned_by("users.user_id"), index=True)
    issued_at: datetime = _stamped()
    expires_at: datetime = _required(DateTime(timezone=True))
    used_at: datetime | None = _optional(DateTime(timezone=True))


class Portfolio(Table, table=True):
    """A book. `equity_balance`: the NAV its owner stated for the first snapshot, USD; null when none was."""

    __tablename__: ClassVar[str] = "portfolios"

    portfolio_id: UUID = _key(Uuid)
    user_id: UUID = _required(Uuid, _owned_by("users.user_id"))
    name: str = _required(String(100))
    equity_balance: Decimal | None = _optional(Numeric(20, 2))
    created_at: datetime = _stamped()


_unique_name(Portfolio, "uq_portfolios_user_name")


class Position(Table, table=True):
    """A holding: signed quantity of one instrument since its entry date. Prices in USD per share."""

    __tablename__: ClassVar[str] = "positions"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("portfolio_id", "symbol", "entry_date", name="uq_positions_instrument_entry"),
        CheckConstraint("quantity <> 0", name="quantity_not_zero"),
        CheckConstraint("entry_price > 0", name="entry_price_positive"),
        CheckConstraint("instrument IN ('stock', 'option')", name="instrument_is_known"),
        CheckConstraint(
            "(instrument = 'option') = (num_nonnulls(strike, expiry, option_type) = 3)",
            name="options_have_terms",
        ),
    )

    position_id: UUID = _key(Uuid)
    portfolio_id: UUID = _required(Uuid, _owned_by("portfolios.portfolio_id"))
    symbol: str = _required(String(24))
    instrument: str = _required(String(10))
    underlying: str = _required(String(24))
    option_type: str | None = _optional(String(1))
    strike: Decimal | None = _optional(Numeric(18, 6))
    expiry: date | None = _optional(Date)
    multiplier: int = _required(Integer, server_default="1")
    quantity: Decimal = _required(Numeric(20, 6))
    entry_price: Decimal = _required(Numeric(18, 6))
    entry_date: date = _required(Date)
    exit_price: Decimal | None = _optional(Numeric(18, 6))
    exit_date: date | None = _optional(Date)
    created_at: datetime = _stamped()


class CashFlow(Table, table=True):
    """Money into (positive) or out of (negative) a portfolio, USD."""

    __tablename__: ClassVar[str] = "cash_flows"
    __table_args__: ClassVar[Any] = (CheckConstraint("amount <> 0", name="amount_not_zero"),)

    cash_flow_id: UUID = _key(Uuid)
    portfolio_id: UUID = _required(Uuid, _owned_by("portfolios.portfolio_id"), index=True)
    flow_date: date = _required(Date)
    amount: Decimal = _required(Numeric(20, 2))
    note: str = _required(String(200), server_default="")
    created_at: datetime = _stamped()


class Tag(Table, table=True):
    """A user's word for some positions, unique per user whatever the case."""

    __tablename__: ClassVar[str] = "tags"

    tag_id: UUID = _key(Uuid)
    user_id: UUID = _required(Uuid, _owned_by("users.user_id"))
    name: str = _required(String(50))
    created_at: datetime = _stamped()


_unique_name(Tag, "uq_tags_user_name")


class PositionTag(Table, table=True):
    """Which position carries which tag."""

    __tablename__: ClassVar[str] = "position_tags"

    position_id: UUID = _key(Uuid, _owned_by("positions.position_id"))
    tag_id: UUID = _key(Uuid, _owned_by("tags.tag_id"), index=True)


class BatchRun(Table, table=True):
    """One piece of work through the pipeline. `trigger`: clock, operator, portfolios or correlations.

    `problems`: [{stage, shard, code, message}], written when the run closes.
    """

    __tablename__: ClassVar[str] = "batch_runs"
    __table_args__: ClassVar[Any] = (
        CheckConstraint("status IN ('running', 'completed', 'partial', 'failed')", name="status_is_known"),
    )

    run_id: UUID = _key(Uuid)
    as_of: date = _required(Date, index=True)
    trigger: str = _required(String(20))
    status: str = _required(String(10), server_default="running")
    started_at: datetime = _stamped()
    finished_at: datetime | None = _optional(DateTime(timezone=True))
    problems: list[dict[str, Any]] = _required(JSONB, server_default=text("'[]'::jsonb"))
    requested_by: UUID | None = _optional(Uuid, ForeignKey("gateway.users.user_id", ondelete="SET NULL"))


Index(
    "ix_batch_runs_open",
    sql_table(BatchRun).c.started_at,
    postgresql_where=text("status = 'running'"),
)


class BatchItem(Table, table=True):
    """One stage of one shard of one run, as its event told. `status`: ok or failed."""

    __tablename__: ClassVar[str] = "batch_items"
    __table_args__: ClassVar[Any] = (
        Index("ix_batch_items_portfolio_ids", "portfolio_ids", postgresql_using="gin"),
    )

    run_id: UUID = _key(Uuid, _owned_by("batch_runs.run_id"))
    stage: str = _key(String(20))
    shard: int = _key(Integer, autoincrement=False)
    shards: int = _required(Integer)
    status: str = _required(String(10))
    occurred_at: datetime = _required(DateTime(timezone=True))
    elapsed_seconds: float = _required(Double, server_default="0")
    portfolio_ids: list[UUID] = _required(ARRAY(Uuid))
    counts: dict[str, int] = _required(JSONB, server_default=text("'{}'::jsonb"))
    warnings: list[dict[str, Any]] = _required(JSONB, server_default=text("'[]'::jsonb"))
    error: str | None = _optional(String)
    message: str | None = _optional(String)
    trace_id: str | None = _optional(String(32))


class OutboxRow(Table, table=True):
    """An event committed with the rows it speaks of, for the relay to publish. `headers` carry the trace."""

    __tablename__: ClassVar[str] = "outbox"

    outbox_id: int = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    event_id: UUID = _required(Uuid, unique=True)
    subject: str = _required(String(100))
    payload: dict[str, Any] = _required(JSONB)
    headers: dict[str, str] = _required(JSONB, server_default=text("'{}'::jsonb"))
    created_at: datetime = _stamped()
    published_at: datetime | None = _optional(DateTime(timezone=True))


Index(
    "ix_outbox_waiting",
    sql_table(OutboxRow).c.outbox_id,
    postgresql_where=text("published_at IS NULL"),
)


class IdempotencyKey(Table, table=True):
    """The first answer to a write, given again to its repetition; `request_hash` tells them apart."""

    __tablename__: ClassVar[str] = "idempotency_keys"

    user_id: UUID = _key(Uuid, _owned_by("users.user_id"))
    key: str = _key(String(200))
    request_hash: str = _required(String(64))
    answer: dict[str, Any] = _required(JSONB)
    created_at: datetime = _stamped()


def _columns(model: type[SQLModel], view: SqlTable) -> Select[Any]:
    return select(*(sql_table(model).c[column.name] for column in view.columns))


def _tags_by_position() -> Select[Any]:
    carried, tag = sql_table(PositionTag), sql_table(Tag)
    joined = carried.join(tag, tag.c.tag_id == carried.c.tag_id)
    return select(carried.c.position_id, tag.c.name.label("tag")).select_from(joined)


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.portfolios: _columns(Portfolio, published.portfolios),
    published.positions: _columns(Position, published.positions),
    published.cash_flows: _columns(CashFlow, published.cash_flows),
    published.position_tags: _tags_by_position(),
}
