"""Models of reports, their templates and schedules."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.edge.values import SOME_ID, Name, RequestBody, body_example, example
from shared.contracts.event import Day
from shared.contracts.reports import FormWord, TemplateWord

MOST_PORTFOLIOS = 20
Cadence = Literal["daily", "weekly", "monthly"]
StateWord = Literal["queued", "rendering", "rendered", "failed", "cancelled", "expired"]


class ReportSection(StrEnum):
    """A part of a report."""

    SUMMARY = "summary"
    CHANGES = "changes"
    PERFORMANCE = "performance"
    EXPOSURES = "exposures"
    POSITIONS = "positions"
    GREEKS = "greeks"
    FACTORS = "factors"
    VAR = "var"
    SCENARIOS = "scenarios"
    CORRELATIONS = "correlations"
    LIMITS = "limits"
    QUALITY = "quality"
    NOTES = "notes"
    DRAFT = "draft"


Sections = Annotated[
    list[ReportSection] | None,
    Field(max_length=20, description="those of the template that are wanted; default: all of it"),
]
Portfolios = Annotated[
    list[UUID],
    Field(max_length=MOST_PORTFOLIOS, description="one chapter each; default: the first portfolio"),
]


class NewReport(RequestBody):
    """What a report is about, and its form."""

    model_config = body_example(
        portfolio_ids=[SOME_ID], as_of="2022-12-28", template="full", format="pdf"
    )

    portfolio_ids: Portfolios = Field(default=[])
    session_id: UUID | None = Field(
        default=None, description="of a modelling session: for the template draft, which needs it"
    )
    as_of: Day | None = Field(
        default=None, description="the session, or the last one before it; default: the last one"
    )
    template: TemplateWord = "full"
    format: FormWord = "pdf"
    sections: Sections = None


class ReportOut(BaseModel):
    """A report and what has become of it."""

    model_config = example(
        report_id=SOME_ID,
        state="rendered",
        progress=1.0,
        portfolio_ids=[SOME_ID],
        names=["Long/short"],
        as_of="2022-12-28",
        template="full",
        format="pdf",
        sections=["summary", "positions"],
        schedule_id=None,
        basis="9f2c5d0a7b1e4c3f",
        file_name="long-short-full-2022-12-28.pdf",
        byte_count=182_311,
        sha256="5b1e0c...",
        created_at="2022-12-28T21:05:00Z",
        finished_at="2022-12-28T21:05:01Z",
        expires_at="2023-01-11T21:05:01Z",
        downloaded_at=None,
        reason=None,
    )

    report_id: UUID
    state: StateWord = Field(description="rendered: it can be downloaded")
    progress: float = Field(description="the share done, 0 to 1")
    portfolio_ids: list[UUID]
    names: list[str] = Field(description="of the portfolios, when it was requested")
    as_of: date = Field(description="the last session of the portfolios")
    template: TemplateWord
    format: FormWord
    sections: list[ReportSection]
    schedule_id: UUID | None = Field(description="the schedule that requested it")
    basis: str = Field(
        description="the hash of its figures: the same question about them has the same bytes"
    )
    file_name: str
    byte_count: int | None
    sha256: str | None
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None = Field(description="when its content is deleted")
    downloaded_at: datetime | None = Field(description="when it was first downloaded")
    reason: str | None = Field(description="why it failed")


class ReportPage(BaseModel):
    """A part of the reports, the last ones first."""

    model_config = example(items=[], limit=100, next=None)

    items: list[ReportOut]
    limit: int
    next: str | None = Field(description="`after` of the page that follows; null on the last one")


class ReportTemplate(BaseModel):
    """A template and the sections it may have."""

    model_config = example(
        template="daily", description="One page after the close.", sections=["summary", "limits"]
    )

    template: TemplateWord
    description: str
    sections: list[ReportSection]


class ReportTemplates(BaseModel):
    """The templates, and the formats that any of them comes in."""

    model_config = example(items=[], formats=["pdf", "html"])

    items: list[ReportTemplate]
    formats: list[FormWord]


class NewSchedule(RequestBody):
    """A report that is requested again after sessions."""

    model_config = body_example(
        name="After the close",
        portfolio_ids=[SOME_ID],
        template="daily",
        format="pdf",
        cadence="daily",
    )

    name: Name
    portfolio_ids: Portfolios = Field(default=[])
    template: Literal["daily", "full", "investor"] = "daily"
    format: FormWord = "pdf"
    sections: Sections = None
    cadence: Cadence = Field(
        default="daily",
        description="after every session, or after the last one of a week or month",
    )
    enabled: bool = True


class ScheduleOut(BaseModel):
    """A schedule and the last session that it looked at."""

    model_config = example(
        schedule_id=SOME_ID,
        name="After the close",
        portfolio_ids=[SOME_ID],
        template="daily",
        format="pdf",
        sections=["summary", "limits"],
        cadence="daily",
        enabled=True,
        last_session="2022-12-28",
        problem=None,
        created_at="2022-12-28T21:05:00Z",
    )

    schedule_id: UUID
    name: str
    portfolio_ids: list[UUID]
    template: TemplateWord
    format: FormWord
    sections: list[ReportSection]
    cadence: Cadence
    enabled: bool
    last_session: date | None = Field(description="sessions after it are reported")
    problem: str | None = Field(description="why there is no report of that session")
    created_at: datetime


class ScheduleList(BaseModel):
    """The caller's schedules, by name."""

    model_config = example(items=[], total=0)

    items: list[ScheduleOut]
    total: int
