"""The gateway's tables, and the views it publishes: who holds what."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
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
from sqlmodel import Field, MetaData, SQLModel

from shared.database import key, optional, published_columns, required, sql_table
from shared.published import gateway as published


class Table(SQLModel):
    """The base of the tables of gateway."""

    metadata = MetaData(schema="gateway")


def _stamped() -> Any:
    now = func.now()
    return Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=False, server_default=now)
    )


def _owned_by(column: str, **options: Any) -> ForeignKey:
    return ForeignKey(f"gateway.{column}", ondelete="CASCADE", **options)


def _unique_name(model: type[SQLModel], index: str) -> None:
    columns = sql_table(model).c
    Index(index, columns.user_id, func.lower(columns.name), unique=True)


class User(Table, table=True):
    """Someone who may log in, unless `disabled_at` is set.

    `email` is in lower case; `role` is "user" or "admin".
    """

    __tablename__: ClassVar[str] = "users"
    __table_args__: ClassVar[Any] = (
        CheckConstraint("role IN ('user', 'admin')", name="role_is_known"),
    )

    user_id: UUID = key(Uuid)
    email: str = required(String(320), unique=True)
    full_name: str = required(String(200), server_default="")
    password_hash: str = required(String(300))
    role: str = required(String(10), server_default="user")
    created_at: datetime = _stamped()
    disabled_at: datetime | None = optional(DateTime(timezone=True))


class RefreshToken(Table, table=True):
    """A refresh token by its SHA-256; never stored itself. `used_at` is set once, on rotation.

    `family_id`: the log-in it descends from; `revoked_at` ends a whole family, on log-out or when a
    used token returns.
    """

    __tablename__: ClassVar[str] = "refresh_tokens"

    token_hash: str = key(String(64))
    user_id: UUID = required(Uuid, _owned_by("users.user_id"), index=True)
    issued_at: datetime = _stamped()
    expires_at: datetime = required(DateTime(timezone=True))
    used_at: datetime | None = optional(DateTime(timezone=True))
    family_id: UUID = required(Uuid, index=True)
    revoked_at: datetime | None = optional(DateTime(timezone=True))


Index(
    "ix_refresh_tokens_revoked_family",
    sql_table(RefreshToken).c.family_id,
    postgresql_where=text("revoked_at IS NOT NULL"),
)


class LoginAttempt(Table, table=True):
    """A failed log-in, counted by account and by network address.

    The account is an address in lower case, of a known user or not.
    """

    __tablename__: ClassVar[str] = "login_attempts"

    attempt_id: int = Field(
        default=None, sa_column=Column(BigInteger, Identity(), primary_key=True)
    )
    account: str = required(String(320))
    network_address: str = required(String(64))
    attempted_at: datetime = required(DateTime(timezone=True))


Index(
    "ix_login_attempts_account",
    sql_table(LoginAttempt).c.account,
    sql_table(LoginAttempt).c.attempted_at,
)


Index(
    "ix_login_attempts_network_address",
    sql_table(LoginAttempt).c.network_address,
    sql_table(LoginAttempt).c.attempted_at,
)


class AuditEntry(Table, table=True):
    """Who did what, written in the transaction that did it.

    Outlives its user, hence no foreign key.

    `action`: a stable word such as `portfolio.deleted`; `target`: what it was done to; `details`:
    never a secret.
    """

    __tablename__: ClassVar[str] = "audit_log"

    audit_id: int = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    occurred_at: datetime = required(DateTime(timezone=True), server_default=func.now(), index=True)
    user_id: UUID | None = optional(Uuid, index=True)
    network_address: str | None = optional(String(64))
    action: str = required(String(60), index=True)
    target: str | None = optional(String(200))
    details: dict[str, Any] = required(JSONB, server_default=text("'{}'::jsonb"))


class Portfolio(Table, table=True):
    """A portfolio.

    `equity_balance`: the NAV its owner gave for the first snapshot, USD; null when none was.
    """

    __tablename__: ClassVar[str] = "portfolios"

    portfolio_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid, _owned_by("users.user_id"))
    name: str = required(String(100))
    equity_balance: Decimal | None = optional(Numeric(20, 2))
    created_at: datetime = _stamped()


_unique_name(Portfolio, "uq_portfolios_user_name")


class PortfolioRevision(Table, table=True):
    """A portfolio's revision: raised by every edit of it and every stage recorded for it.

    Answers about it are as old as this.
    """

    __tablename__: ClassVar[str] = "portfolio_revisions"

    portfolio_id: UUID = key(Uuid, _owned_by("portfolios.portfolio_id"))
    revision: int = required(BigInteger, server_default="1")


class Position(Table, table=True):
    """A holding: signed quantity of one instrument since its entry date.

    Prices in USD per share. `stated_on`: the day in whose shares (and contracts) all of it is
    given; splits since then are not in it.
    """

    __tablename__: ClassVar[str] = "positions"
    __table_args__: ClassVar[Any] = (
        # A symbol may mean another contract before a split than after it.
        UniqueConstraint(
            "portfolio_id",
            "symbol",
            "entry_date",
            "stated_on",
            name="uq_positions_instrument_entry",
        ),
        CheckConstraint("quantity <> 0", name="quantity_not_zero"),
        CheckConstraint("entry_price > 0", name="entry_price_positive"),
        CheckConstraint("instrument IN ('stock', 'option')", name="instrument_is_known"),
        CheckConstraint(
            "(instrument = 'option') = (num_nonnulls(strike, expiry, option_type) = 3)",
            name="options_have_terms",
        ),
        CheckConstraint(
            "investment_class IN ('PUBLIC', 'OPTIONS', 'PRIVATE')", name="investment_class_is_known"
        ),
    )

    position_id: UUID = key(Uuid)
    portfolio_id: UUID = required(Uuid, _owned_by("portfolios.portfolio_id"))
    symbol: str = required(String(24))
    instrument: str = required(String(10))
    underlying: str = required(String(24))
    option_type: str | None = optional(String(1))
    strike: Decimal | None = optional(Numeric(18, 6))
    expiry: date | None = optional(Date)
    multiplier: int = required(Integer, server_default="1")
    quantity: Decimal = required(Numeric(20, 6))
    entry_price: Decimal = required(Numeric(18, 6))
    entry_date: date = required(Date)
    exit_price: Decimal | None = optional(Numeric(18, 6))
    exit_date: date | None = optional(Date)
    investment_class: str = required(String(10), server_default="PUBLIC")
    investment_subtype: str | None = optional(String(50))
    stated_on: date = required(Date)
    created_at: datetime = _stamped()


class CashFlow(Table, table=True):
    """Money into (positive) or out of (negative) a portfolio, USD."""

    __tablename__: ClassVar[str] = "cash_flows"
    __table_args__: ClassVar[Any] = (CheckConstraint("amount <> 0", name="amount_not_zero"),)

    cash_flow_id: UUID = key(Uuid)
    portfolio_id: UUID = required(Uuid, _owned_by("portfolios.portfolio_id"), index=True)
    flow_date: date = required(Date)
    amount: Decimal = required(Numeric(20, 2))
    note: str = required(String(200), server_default="")
    created_at: datetime = _stamped()


class Tag(Table, table=True):
    """A user's tag for some positions, unique per user without regard to case.

    `colour`: "#rrggbb".
    """

    __tablename__: ClassVar[str] = "tags"

    tag_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid, _owned_by("users.user_id"))
    name: str = required(String(50))
    colour: str = required(String(7), server_default="#64748b")
    created_at: datetime = _stamped()


_unique_name(Tag, "uq_tags_user_name")


class PositionTag(Table, table=True):
    """Which position carries which tag."""

    __tablename__: ClassVar[str] = "position_tags"

    position_id: UUID = key(Uuid, _owned_by("positions.position_id"))
    tag_id: UUID = key(Uuid, _owned_by("tags.tag_id"), index=True)


class BatchRun(Table, table=True):
    """One piece of work through the pipeline.

    `trigger`: what set it off, such as clock, operator or portfolios.

    `problems`: [{stage, shard, code, message}], written when the run closes.
    """

    __tablename__: ClassVar[str] = "batch_runs"
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "status IN ('running', 'completed', 'partial', 'failed')", name="status_is_known"
        ),
    )

    run_id: UUID = key(Uuid)
    as_of: date = required(Date, index=True)
    trigger: str = required(String(20))
    status: str = required(String(10), server_default="running")
    started_at: datetime = _stamped()
    finished_at: datetime | None = optional(DateTime(timezone=True))
    problems: list[dict[str, Any]] = required(JSONB, server_default=text("'[]'::jsonb"))
    requested_by: UUID | None = optional(
        Uuid, ForeignKey("gateway.users.user_id", ondelete="SET NULL")
    )


Index(
    "ix_batch_runs_open",
    sql_table(BatchRun).c.started_at,
    postgresql_where=text("status = 'running'"),
)


class BatchItem(Table, table=True):
    """One stage of one shard of one run, as its event reported. `status`: ok or failed."""

    __tablename__: ClassVar[str] = "batch_items"
    __table_args__: ClassVar[Any] = (
        Index("ix_batch_items_portfolio_ids", "portfolio_ids", postgresql_using="gin"),
    )

    run_id: UUID = key(Uuid, _owned_by("batch_runs.run_id"))
    stage: str = key(String(20))
    shard: int = key(Integer, autoincrement=False)
    shards: int = required(Integer)
    status: str = required(String(10))
    occurred_at: datetime = required(DateTime(timezone=True))
    elapsed_seconds: float = required(Double, server_default="0")
    portfolio_ids: list[UUID] = required(ARRAY(Uuid))
    counts: dict[str, int] = required(JSONB, server_default=text("'{}'::jsonb"))
    warnings: list[dict[str, Any]] = required(JSONB, server_default=text("'[]'::jsonb"))
    error: str | None = optional(String)
    message: str | None = optional(String)
    trace_id: str | None = optional(String(32))


class RunEvent(Table, table=True):
    """An event for those followers of a run who own a portfolio of it.

    In the order of `event_id`. `kind`: stage, results or run; `data`: the event without portfolios
    and users.
    """

    __tablename__: ClassVar[str] = "run_events"

    event_id: int = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    recorded_at: datetime = required(DateTime(timezone=True), server_default=func.now(), index=True)
    run_id: UUID = required(Uuid, _owned_by("batch_runs.run_id"), index=True)
    kind: str = required(String(10))
    portfolio_ids: list[UUID] = required(ARRAY(Uuid))
    data: dict[str, Any] = required(JSONB)


class EventTicket(Table, table=True):
    """A permission to follow the user's events once, by its SHA-256.

    For browsers, whose streams carry no header.
    """

    __tablename__: ClassVar[str] = "event_tickets"

    ticket_hash: str = key(String(64))
    user_id: UUID = required(Uuid, _owned_by("users.user_id"))
    expires_at: datetime = required(DateTime(timezone=True), index=True)


class DeadLetter(Table, table=True):
    """A message that a service gave up on, as it was in `dead.<service>`.

    `heard`: its subject; `payload`: its text. `replayed_at` is set once: a message that fails again
    leaves a new letter.
    """

    __tablename__: ClassVar[str] = "dead_letters"

    letter_id: UUID = key(Uuid)
    service: str = required(String(20))
    heard: str = required(String(100))
    run_id: UUID | None = optional(Uuid)
    attempts: int = required(Integer)
    error: str = required(String(200))
    message: str = required(String)
    payload: str = required(String)
    headers: dict[str, str] = required(JSONB, server_default=text("'{}'::jsonb"))
    buried_at: datetime = required(DateTime(timezone=True), index=True)
    replayed_at: datetime | None = optional(DateTime(timezone=True))
    replayed_by: UUID | None = optional(
        Uuid, ForeignKey("gateway.users.user_id", ondelete="SET NULL")
    )


class OutboxRow(Table, table=True):
    """An event committed with the rows it speaks of, for the relay to publish.

    `headers` carry the trace.
    """

    __tablename__: ClassVar[str] = "outbox"

    outbox_id: int = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    event_id: UUID = required(Uuid, unique=True)
    subject: str = required(String(100))
    payload: dict[str, Any] = required(JSONB)
    headers: dict[str, str] = required(JSONB, server_default=text("'{}'::jsonb"))
    created_at: datetime = _stamped()
    published_at: datetime | None = optional(DateTime(timezone=True))


Index(
    "ix_outbox_waiting",
    sql_table(OutboxRow).c.outbox_id,
    postgresql_where=text("published_at IS NULL"),
)


class IdempotencyKey(Table, table=True):
    """The first answer to a write, given again to its repetition.

    `request_hash` distinguishes a repetition from another request with the same key.
    """

    __tablename__: ClassVar[str] = "idempotency_keys"

    user_id: UUID = key(Uuid, _owned_by("users.user_id"))
    key: str = key(String(200))
    request_hash: str = required(String(64))
    answer: dict[str, Any] = required(JSONB)
    created_at: datetime = _stamped()


@dataclass(frozen=True)
class Access:
    """What a user's transaction may do with a table.

    `statements`; `rows`: condition on rows that are found, and left unless `left` says otherwise;
    None means every row.
    """

    statements: str
    rows: str | None = None
    left: str | None = None


# what users' transactions run as; the gateway's own role is exempt from all this
USERS_ROLE = "gateway_user"
USER_SETTING = "sigmasight.user_id"
_EDIT = "select, insert, update, delete"
_MY_ID = f"nullif(current_setting('{USER_SETTING}', true), '')::uuid"
_MINE = f"user_id = {_MY_ID}"
_MY_PORTFOLIOS = (
    "array(select portfolio_id from gateway.portfolios)"  # itself narrowed to the user's own
)
_IN_MY_PORTFOLIOS = f"portfolio_id = any ({_MY_PORTFOLIOS})"
_OF_MY_PORTFOLIOS = f"portfolio_ids && {_MY_PORTFOLIOS}"
# a filter, no index to look a position's tags up by
_MY_TAGS = "tag_id in (select tag_id from gateway.tags)"
_MY_POSITION = (
    "exists (select from gateway.positions as held "
    "where held.position_id = position_tags.position_id)"
)
_REPORTED_TO_ME = (
    "exists (select from gateway.batch_items as item where item.run_id = batch_runs.run_id)"
)
# Every table is here: one that is not, users' transactions cannot touch, and a test says so.
ACCESS: dict[type[SQLModel], Access] = {
    User: Access("select (user_id, email, full_name, role, created_at, disabled_at)", _MINE),
    RefreshToken: Access(""),
    LoginAttempt: Access(""),
    AuditEntry: Access("insert", _MINE),
    Portfolio: Access(_EDIT, _MINE),
    PortfolioRevision: Access(_EDIT, _IN_MY_PORTFOLIOS),
    Position: Access(_EDIT, _IN_MY_PORTFOLIOS),
    CashFlow: Access(_EDIT, _IN_MY_PORTFOLIOS),
    Tag: Access(_EDIT, _MINE),
    PositionTag: Access(_EDIT, _MY_TAGS, f"{_MY_TAGS} and {_MY_POSITION}"),
    BatchRun: Access(
        "select, insert",
        f"requested_by = {_MY_ID} or {_REPORTED_TO_ME}",
        f"requested_by = {_MY_ID}",
    ),
    BatchItem: Access("select", _OF_MY_PORTFOLIOS),
    RunEvent: Access("select", _OF_MY_PORTFOLIOS),
    EventTicket: Access("select, insert, delete", _MINE),
    DeadLetter: Access(""),
    OutboxRow: Access(
        "insert, select (event_id)"
    ),  # events may be left, and known again, but not read
    IdempotencyKey: Access(_EDIT, _MINE),
}
# Which rows of another service's published view are the user's, by the first of these columns that
# it has.
OWN_ROWS_ELSEWHERE = {
    "user_id": _MINE,
    "portfolio_id": (
        "portfolio_id = any (array("
        "select own.portfolio_id from gateway.published_portfolios as own "
        f"where own.{_MINE}))"
    ),
}


def _tags_by_position() -> Select[Any]:
    carried = sql_table(PositionTag)
    tag = sql_table(Tag)
    joined = carried.join(tag, tag.c.tag_id == carried.c.tag_id)
    return select(carried.c.position_id, tag.c.name.label("tag")).select_from(joined)


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.portfolios: published_columns(Portfolio, published.portfolios),
    published.positions: published_columns(Position, published.positions),
    published.cash_flows: published_columns(CashFlow, published.cash_flows),
    published.position_tags: _tags_by_position(),
}
