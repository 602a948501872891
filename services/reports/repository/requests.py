"""What users requested, as the gateway publishes it, and what has become of it here."""

import json
import zlib
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from services.reports.inputs import Answer, Question
from services.reports.tables import Document
from shared.database import Session, sql_table
from shared.published import gateway

QUEUED = "queued"
_requests = gateway.report_requests
_documents = sql_table(Document)


@dataclass(frozen=True)
class Outcome:
    """A document that is stored already."""

    byte_count: int
    sha256: str


async def load_outcome(session: Session, report_id: UUID) -> Outcome | None:
    """The document of a report; None while there is none."""
    row = _documents.c
    stored = select(row.byte_count, row.sha256).where(
        row.report_id == report_id, row.rendered_at.is_not(None)
    )
    found = (await session.execute(stored)).one_or_none()
    return None if found is None else Outcome(found.byte_count, found.sha256)


async def load_question(session: Session, report_id: UUID) -> Question | None:
    """What is to be rendered; None for a report that was cancelled or deleted."""
    row = _requests.c
    queued = row.report_id == report_id, row.state == QUEUED, row.figures.is_not(None)
    found = (await session.execute(select(_requests).where(*queued))).mappings().one_or_none()
    if found is None:
        return None
    return Question(
        report_id=report_id,
        user_id=found["user_id"],
        template=found["template"],
        form=found["form"],
        sections=tuple(found["sections"]),
        as_of=found["as_of"],
        basis=found["basis"],
        revisions=found["revisions"],
        figures=Answer(json.loads(zlib.decompress(found["figures"]))),
    )


async def is_queued(session: Session, report_id: UUID) -> bool:
    """Whether the report is still wanted."""
    row = _requests.c
    queued = select(row.report_id).where(row.report_id == report_id, row.state == QUEUED)
    return await session.scalar(queued) is not None
