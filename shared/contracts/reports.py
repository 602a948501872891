"""What a report may be, and what reports publishes."""

from collections.abc import Mapping
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, WorkFailed

FormWord = Literal["html", "pdf", "xlsx", "md", "json", "csv", "parquet"]
TemplateWord = Literal["daily", "full", "investor", "draft"]
SectionWord = Literal[
    "summary",
    "changes",
    "performance",
    "exposures",
    "positions",
    "greeks",
    "factors",
    "var",
    "scenarios",
    "correlations",
    "limits",
    "quality",
    "notes",
    "draft",
]
# By template: what it is for, and its sections in their order.
TEMPLATES: Mapping[TemplateWord, tuple[str, tuple[SectionWord, ...]]] = {
    "daily": (
        "One page after the close: figures, what moved, exposures, the worst scenarios, limits.",
        ("summary", "changes", "exposures", "scenarios", "limits"),
    ),
    "full": (
        "Everything that is measured, with the data behind it and what the figures mean.",
        (
            *("summary", "changes", "performance", "exposures", "positions", "greeks", "factors"),
            *("var", "scenarios", "correlations", "limits", "quality", "notes"),
        ),
    ),
    "investor": (
        "Performance, drawdown and exposures, for those whose money it is.",
        ("performance", "exposures"),
    ),
    "draft": (
        "A modelling session: every measure before and after its trades.",
        ("draft",),
    ),
}


class ReportsRendered(Event):
    """A report's document is stored: its size, and the hash of its bytes."""

    subject: ClassVar[str] = "reports.rendered"

    report_id: UUID
    byte_count: int = Field(ge=0)
    sha256: str


class ReportsFailed(WorkFailed):
    """The reports service gave up on a message. `run_id` is the report's id."""

    subject: ClassVar[str] = "reports.failed"
