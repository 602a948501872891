"""Runs with their items and events, dead letters, and the outbox."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.gateway.tables.base import Table, owned_by, stamped
from shared.database import key, optional, required, sql_table

# Classes of work: a user waits for the first, the last is many sessions that no user waits for.
INTERACTIVE = "interactive"
CLOSE = "close"
BACKFILL = "backfill"


class BatchRun(Table, table=True):
    """One piece of work through the pipeline.

    `trigger`: what set it off, such as clock, operator or portfolios. `work_class`: interactive,
    close (of the market, and any run that the gateway did not start) or backfill.

    `problems`: [{stage, shard, code, message, portfolio_ids, fatal, detail}], written when the run
    closes.
    """

    __tablename__: ClassVar[str] = "batch_runs"
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "status IN ('running', 'completed', 'partial', 'failed')", name="status_is_known"
        ),
        CheckConstraint(
            "work_class IN ('interactive', 'close', 'backfill')", name="work_class_is_known"
        ),
    )

    run_id: UUID = key(Uuid)
    as_of: date = required(Date, index=True)
    trigger: str = required(String(20))
    work_class: str = required(String(12), server_default=CLOSE)
    status: str = required(String(10), server_default="running")
    started_at: datetime = stamped()
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
    """One stage of one shard of one run, as its event reported. `status`: ok or failed.

    `problems`: [{stage, shard, code, message, portfolio_ids, fatal, detail}], what it failed for or
    succeeded without. `portfolio_ids`: all of the shard's, those included that it failed for.
    `follow_up`: {event_id, trigger, edits, alerts}, what its event says for what follows from it;
    null once that is done.
    """

    __tablename__: ClassVar[str] = "batch_items"
    __table_args__: ClassVar[Any] = (
        Index("ix_batch_items_portfolio_ids", "portfolio_ids", postgresql_using="gin"),
        Index("ix_batch_items_waiting", "run_id", postgresql_where=text("follow_up IS NOT NULL")),
    )

    run_id: UUID = key(Uuid, owned_by("batch_runs.run_id"))
    stage: str = key(String(20))
    shard: int = key(Integer, autoincrement=False)
    shards: int = required(Integer)
    status: str = required(String(10))
    occurred_at: datetime = required(DateTime(timezone=True))
    elapsed_seconds: float = required(Double, server_default="0")
    portfolio_ids: list[UUID] = required(ARRAY(Uuid))
    counts: dict[str, int] = required(JSONB, server_default=text("'{}'::jsonb"))
    warnings: list[dict[str, Any]] = required(JSONB, server_default=text("'[]'::jsonb"))
    problems: list[dict[str, Any]] = required(JSONB, server_default=text("'[]'::jsonb"))
    error: str | None = optional(String)
    message: str | None = optional(String)
    trace_id: str | None = optional(String(32))
    follow_up: dict[str, Any] | None = optional(JSONB(none_as_null=True))


class RunEvent(Table, table=True):
    """An event for those followers of a run who own a portfolio of it, or share it.

    In the order of `event_id`. `kind`: stage, results, alert, run or report, which is of no run;
    `data`: the event without portfolios and users. `user_id`: the only user it is for, if it is.
    """

    __tablename__: ClassVar[str] = "run_events"

    event_id: int = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    recorded_at: datetime = required(DateTime(timezone=True), server_default=func.now(), index=True)
    run_id: UUID | None = optional(Uuid, owned_by("batch_runs.run_id"), index=True)
    user_id: UUID | None = optional(Uuid)
    kind: str = required(String(10))
    portfolio_ids: list[UUID] = required(ARRAY(Uuid))
    data: dict[str, Any] = required(JSONB)


class DeadLetter(Table, table=True):
    """A message that a service gave up on, as it was in `dead.<service>`.

    `heard`: its subject; `payload`: its text. `of_outage`: Postgres or the bus failed, and not the
    work. `replayed_at` is set once, and `replayed_by` where an operator did it: a message that
    fails again leaves a new letter.
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
    of_outage: bool = required(Boolean, server_default=text("false"))
    replayed_at: datetime | None = optional(DateTime(timezone=True))
    replayed_by: UUID | None = optional(
        Uuid, ForeignKey("gateway.users.user_id", ondelete="SET NULL")
    )


class OutboxRow(Table, table=True):
    """An event committed with the rows it speaks of, for the relay to publish.

    `headers` carry the trace. `run_id`: the run that the event belongs to.
    """

    __tablename__: ClassVar[str] = "outbox"

    outbox_id: int = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    event_id: UUID = required(Uuid, unique=True)
    run_id: UUID = required(Uuid, index=True)
    subject: str = required(String(100))
    payload: dict[str, Any] = required(JSONB)
    headers: dict[str, str] = required(JSONB, server_default=text("'{}'::jsonb"))
    created_at: datetime = stamped()
    published_at: datetime | None = optional(DateTime(timezone=True), index=True)


Index(
    "ix_outbox_waiting",
    sql_table(OutboxRow).c.outbox_id,
    postgresql_where=text("published_at IS NULL"),
)
