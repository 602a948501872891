"""Every SQL statement of reports. Nothing here commits."""

from services.reports.repository.documents import (
    delete_expired,
    save_document,
    save_progress,
    save_started,
)
from services.reports.repository.requests import (
    Outcome,
    is_queued,
    load_outcome,
    load_question,
)

__all__ = [
    "Outcome",
    "delete_expired",
    "is_queued",
    "load_outcome",
    "load_question",
    "save_document",
    "save_progress",
    "save_started",
]
