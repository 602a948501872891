"""What a report is named and how it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.gateway.runs.shapes import REPORT, News

EXTENSIONS = {"parquet": "parquet.zip"}


@dataclass(frozen=True)
class Request:
    """A report as it was requested, with what the service has made of it.

    `rendering`: the state there, None before it began.
    """

    report_id: UUID
    portfolio_ids: Sequence[UUID]
    names: Sequence[str]
    as_of: date
    template: str
    form: str
    sections: Sequence[str]
    schedule_id: UUID | None
    basis: str
    own_state: str
    reason: str | None
    created_at: datetime
    finished_at: datetime | None
    downloaded_at: datetime | None
    rendering: str | None
    share: float | None
    byte_count: int | None
    sha256: str | None
    expires_at: datetime | None

    @property
    def state(self) -> str:
        """Its state for its user: its document may be there before the gateway knows."""
        if self.own_state in ("failed", "cancelled") or self.rendering is None:
            return self.own_state
        return self.rendering

    @property
    def progress(self) -> float:
        """The share done."""
        return self.share or 0.0 if self.state in ("queued", "rendering") else 1.0


def file_name(slug: str, template: str, as_of: date, form: str) -> str:
    """A name that every file system takes; `slug` is one already."""
    return f"{slug}-{template}-{as_of.isoformat()}.{EXTENSIONS.get(form, form)}"


@dataclass(frozen=True)
class Schedule:
    """A schedule that may be due."""

    schedule_id: UUID
    user_id: UUID
    name: str
    portfolio_ids: Sequence[UUID]
    template: str
    form: str
    sections: Sequence[str]
    cadence: str
    enabled: bool
    last_session: date | None
    problem: str | None
    created_at: datetime


def ends_period(cadence: str, day: date, following: date) -> bool:
    """Whether a session is the last one of its week or month; every one ends its day."""
    if cadence == "weekly":
        return day.isocalendar()[:2] != following.isocalendar()[:2]
    if cadence == "monthly":
        return (day.year, day.month) != (following.year, following.month)
    return True


def report_news(report_id: UUID, as_of: date, portfolio_ids: Sequence[UUID], state: str) -> News:
    """The event that a report is rendered, or has failed."""
    data = {"report_id": str(report_id), "as_of": as_of.isoformat(), "state": state}
    return News(REPORT, portfolio_ids, data)
