"""The tables of limits, and the views it publishes."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    Uuid,
    func,
    select,
    text,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import MetaData, SQLModel

from shared.database import key, optional, published_columns, required, sql_table
from shared.published import limits as published
from shared.retention import Detail

MOMENT = DateTime(timezone=True)
NAME = String(120)
WORD = String(12)


class Table(SQLModel):
    """The base of the tables of limits."""

    metadata = MetaData(schema="limits")


class Limit(Table, table=True):
    """What a user allows a measure to be, in one portfolio or (null) in all of the user's.

    `per`: what the measure is taken of, with `member` one of them by name (null: the worst counts).
    `terms`: a list of {"since", "warning", "breach", "hysteresis", "sessions"}, each in force from
    the session `since` on, ascending.
    """

    __tablename__: ClassVar[str] = "limits"
    __table_args__: ClassVar[Any] = (Index("ix_limits_user", "user_id"),)

    limit_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid)
    portfolio_id: UUID | None = optional(Uuid)
    name: str = required(String(100))
    measure: str = required(NAME)
    measure_unit: str = required(String(60))
    per: str = required(WORD)
    member: str | None = optional(NAME)
    unit: str = required(WORD)
    direction: str = required(WORD)
    terms: list[dict[str, Any]] = required(JSONB)
    owner: str = required(String(100))
    note: str = required(String(1000))
    created_at: datetime = required(MOMENT, server_default=func.now())


class LimitState(Table, table=True):
    """A limit in one portfolio on one session.

    `value`: in the limit's unit, null with `reason`; `member`: whose it is (the worst scenario's id
    for `worst_scenario`). `warning` and `breach`: the levels in force. `room`: what is left to the
    breach level, negative beyond it. `usd_per_unit`: what one of the unit is in USD, null where it
    is no amount. `state`: as a reader sees it. What the next session follows from: `level`, reached
    on `since`; `over_warning` and `over_breach`, on how many measured sessions in a row the value
    was beyond each; `announced`, whether the breach was alerted of; `acknowledged`.
    """

    __tablename__: ClassVar[str] = "limit_states"
    __table_args__: ClassVar[Any] = (Index("ix_limit_states_portfolio", "portfolio_id", "as_of"),)

    limit_id: UUID = key(Uuid)
    portfolio_id: UUID = key(Uuid)
    as_of: date = key(Date)
    value: float | None = optional(Double)
    member: str | None = optional(NAME)
    reason: str | None = optional(String)
    warning: float | None = optional(Double)
    breach: float = required(Double)
    room: float | None = optional(Double)
    usd_per_unit: float | None = optional(Double)
    state: str = required(WORD)
    level: str = required(WORD)
    since: date | None = optional(Date)
    over_warning: int = required(Integer)
    over_breach: int = required(Integer)
    announced: bool = required(Boolean)
    acknowledged: bool = required(Boolean)
    contributors: list[dict[str, Any]] | None = optional(JSONB)


class LimitEvent(Table, table=True):
    """What a user did about a limit in a portfolio on the session `as_of`.

    `kind` "acknowledged", or "waived" (`until` that day).
    """

    __tablename__: ClassVar[str] = "limit_events"
    __table_args__: ClassVar[Any] = (
        Index("ix_limit_events_portfolio", "portfolio_id", "as_of"),
        Index("ix_limit_events_limit", "limit_id"),
    )

    event_id: UUID = key(Uuid)
    limit_id: UUID = required(Uuid)
    portfolio_id: UUID = required(Uuid)
    as_of: date = required(Date)
    kind: str = required(WORD)
    until: date | None = optional(Date)
    reason: str = required(String(1000))
    recorded_at: datetime = required(MOMENT, server_default=func.now())


# Alerts that a message is to be made of: that they are raised, raised again, or withdrawn.
WAITING = (
    "(NOT withdrawn AND (notified_at IS NULL OR taken_back_at IS NOT NULL))"
    " OR (withdrawn AND notified_at IS NOT NULL AND taken_back_at IS NULL)"
)


class Alert(Table, table=True):
    """What a user is alerted of: a limit was reached, or is no longer breached, on `as_of`.

    `level` "warning", "breached" or "cleared". `group_id`: the alerts of one user and run.
    `withdrawn`: a later restatement of the session says otherwise; `changed_at`: when that was
    found, or found no longer. `notified_at`: when messages were made of it, if any channel wanted
    it; `taken_back_at`: when messages were made of its withdrawal, until it is raised again.
    """

    __tablename__: ClassVar[str] = "alerts"
    __table_args__: ClassVar[Any] = (
        Index("ix_alerts_portfolio", "portfolio_id", "as_of"),
        Index("ix_alerts_user", "user_id", "raised_at"),
        Index("ix_alerts_group", "group_id"),
        Index("ix_alerts_limit", "limit_id"),
        Index("ix_alerts_waiting", "raised_at", postgresql_where=text(WAITING)),
    )

    alert_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid)
    portfolio_id: UUID = required(Uuid)
    limit_id: UUID = required(Uuid)
    as_of: date = required(Date)
    level: str = required(WORD)
    name: str = required(String(100))
    measure: str = required(NAME)
    per: str = required(WORD)
    member: str | None = optional(NAME)
    value: float = required(Double)
    threshold: float = required(Double)
    unit: str = required(WORD)
    message: str = required(String)
    contributors: list[dict[str, Any]] = required(JSONB)
    run_id: UUID = required(Uuid)
    group_id: UUID = required(Uuid)
    withdrawn: bool = required(Boolean)
    raised_at: datetime = required(MOMENT, server_default=func.now())
    changed_at: datetime | None = optional(MOMENT)
    notified_at: datetime | None = optional(MOMENT)
    taken_back_at: datetime | None = optional(MOMENT)


class EvaluatedHalf(Table, table=True):
    """One of the two events that the limits of a run's shard follow from has been handled."""

    __tablename__: ClassVar[str] = "evaluated_halves"
    __table_args__: ClassVar[Any] = (Index("ix_evaluated_halves_shard", "shard", "as_of"),)

    run_id: UUID = key(Uuid)
    as_of: date = key(Date)
    shard: int = key(Integer, autoincrement=False)
    half: str = key(WORD)


def _states() -> Select[tuple[object, ...]]:
    """Every state, with what is left in USD."""
    row = sql_table(LimitState).c
    derived = {"room_usd": row.room * row.usd_per_unit}
    names = [column.name for column in published.limit_states.columns]
    return select(*(derived[name].label(name) if name in derived else row[name] for name in names))


# --- where alerts are sent, and what was sent ---


def _of(column: str) -> ForeignKey:
    """A reference to a row whose deletion deletes this one."""
    return ForeignKey(f"limits.{column}", ondelete="CASCADE")


class Channel(Table, table=True):
    """A webhook or an e-mail address of a user.

    `secret` signs a webhook's messages; the one before does so, too, until `old_secret_until`.
    `code` confirms an e-mail address until `code_until`, if it is not guessed too often.
    """

    __tablename__: ClassVar[str] = "channels"

    channel_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid, index=True)
    kind: str = required(String(10))
    name: str = required(String(100))
    address: str = required(String(2000))
    levels: list[str] = required(ARRAY(String))
    enabled: bool = required(Boolean)
    paused_because: str | None = optional(String)
    secret: str | None = optional(String(100))
    old_secret: str | None = optional(String(100))
    old_secret_until: datetime | None = optional(MOMENT)
    code: str | None = optional(String(10))
    code_until: datetime | None = optional(MOMENT)
    code_tries: int = required(Integer, server_default="0")
    confirmed_at: datetime | None = optional(MOMENT)
    created_at: datetime = required(MOMENT)


class Notification(Table, table=True):
    """A message to a channel.

    `kind`: alerts, withdrawn, test or code; `state`: pending, delivered or failed.

    The id is what a receiver knows a repetition by. `attempts`: all so far; `failures`: those that
    failed since it was created or repeated. `reason`: why the last attempt failed.
    """

    __tablename__: ClassVar[str] = "notifications"

    notification_id: UUID = key(Uuid)
    channel_id: UUID = required(Uuid, _of("channels.channel_id"))
    user_id: UUID = required(Uuid)
    kind: str = required(String(10))
    alerts: int = required(Integer)
    subject: str = required(String)
    body: str = required(String)
    state: str = required(String(10))
    attempts: int = required(Integer, server_default="0")
    failures: int = required(Integer, server_default="0")
    next_attempt_at: datetime = required(MOMENT)
    expires_at: datetime | None = optional(MOMENT)
    reason: str | None = optional(String)
    created_at: datetime = required(MOMENT)


Index(
    "ix_notifications_channel",
    *(sql_table(Notification).c[n] for n in ("channel_id", "created_at")),
)
Index(
    "ix_notifications_pending",
    sql_table(Notification).c.next_attempt_at,
    postgresql_where=text("state = 'pending'"),
)


class Delivery(Table, table=True):
    """One attempt to deliver a notification. `status`: what the receiver answered, if it did."""

    __tablename__: ClassVar[str] = "deliveries"

    notification_id: UUID = key(Uuid, _of("notifications.notification_id"))
    attempt: int = key(Integer, autoincrement=False)
    user_id: UUID = required(Uuid)
    sent_at: datetime = required(MOMENT)
    seconds: float = required(Double)
    delivered: bool = required(Boolean)
    status: int | None = optional(Integer)
    error: str | None = optional(String)


class SentAlert(Table, table=True):
    """An alert that a notification is about."""

    __tablename__: ClassVar[str] = "sent_alerts"

    notification_id: UUID = key(Uuid, _of("notifications.notification_id"))
    alert_id: UUID = key(Uuid, _of("alerts.alert_id"), index=True)


class CodeRequest(Table, table=True):
    """A code that was sent to an address, kept for a day so that no stranger is sent many."""

    __tablename__: ClassVar[str] = "code_requests"

    request_id: UUID = key(Uuid)
    address: str = required(String(2000))
    user_id: UUID = required(Uuid)
    requested_at: datetime = required(MOMENT, index=True)


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.limits: published_columns(Limit, published.limits),
    published.limit_states: _states(),
    published.limit_events: published_columns(LimitEvent, published.limit_events),
    published.alerts: published_columns(Alert, published.alerts),
    published.channels: published_columns(Channel, published.channels),
    published.notifications: published_columns(Notification, published.notifications),
    published.deliveries: published_columns(Delivery, published.deliveries),
    published.sent_alerts: published_columns(SentAlert, published.sent_alerts),
}

DETAILS = (
    Detail(LimitState),
    Detail(LimitEvent),
    Detail(Alert),
    Detail(EvaluatedHalf, owner="shard"),
)
