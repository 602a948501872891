"""Reports that users request, with the figures that each is made of, and their schedules."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Select,
    String,
    Uuid,
    text,
)
from sqlalchemy import Table as SqlTable
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.gateway.tables.base import Table, owned_by, stamped
from shared.database import key, optional, published_columns, required
from shared.published import gateway as published

MOMENT = DateTime(timezone=True)
WORD = String(12)


class ReportSchedule(Table, table=True):
    """A report that is requested again after every session, week or month.

    `last_session`: the last one that was looked at; `problem`: why that has no report.
    """

    __tablename__: ClassVar[str] = "report_schedules"
    __table_args__: ClassVar[Any] = (
        CheckConstraint("cadence IN ('daily', 'weekly', 'monthly')", name="cadence_is_known"),
    )

    schedule_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid, owned_by("users.user_id"), index=True)
    name: str = required(String(100))
    portfolio_ids: list[UUID] = required(ARRAY(Uuid))
    template: str = required(WORD)
    form: str = required(WORD)
    sections: list[str] = required(ARRAY(String(20)))
    cadence: str = required(WORD)
    enabled: bool = required(Boolean)
    last_session: date | None = optional(Date)
    problem: str | None = optional(String(200))
    created_at: datetime = stamped()


class ReportRequest(Table, table=True):
    """A report that a user, or a schedule of the user, requested.

    `figures`: {"portfolios": [...]}, the API's answers of that moment, as compressed JSON; null
    once the document is there. `basis`: the hash of them; `revisions`: of each portfolio. `state`:
    queued, rendered, failed (with the reason) or cancelled. `names`: of the portfolios.
    `shared_ids`: those of them that are another user's, who shares them: the report is there while
    they do.
    """

    __tablename__: ClassVar[str] = "report_requests"
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "state IN ('queued', 'rendered', 'failed', 'cancelled')", name="report_state_is_known"
        ),
        Index("ix_report_requests_user", "user_id", "created_at", "report_id"),
    )

    report_id: UUID = key(Uuid)
    user_id: UUID = required(Uuid, owned_by("users.user_id"))
    schedule_id: UUID | None = optional(
        Uuid, ForeignKey("gateway.report_schedules.schedule_id", ondelete="SET NULL")
    )
    portfolio_ids: list[UUID] = required(ARRAY(Uuid))
    shared_ids: list[UUID] = required(ARRAY(Uuid), server_default=text("'{}'"))
    names: list[str] = required(ARRAY(String(100)))
    as_of: date = required(Date)
    template: str = required(WORD)
    form: str = required(WORD)
    sections: list[str] = required(ARRAY(String(20)))
    basis: str = required(String(64))
    revisions: dict[str, str] = required(JSONB)
    figures: bytes | None = optional(LargeBinary)
    state: str = required(WORD, server_default="queued")
    reason: str | None = optional(String(300))
    created_at: datetime = stamped()
    finished_at: datetime | None = optional(MOMENT)
    downloaded_at: datetime | None = optional(MOMENT)


PUBLISHED: dict[SqlTable, Select[Any]] = {
    published.report_requests: published_columns(ReportRequest, published.report_requests),
}
