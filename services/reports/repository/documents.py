"""Documents: begun, rendered, expired."""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.reports.inputs import Question, Rendered
from services.reports.repository.requests import Outcome
from services.reports.tables import Document
from shared.database import Session, sql_table
from shared.published import gateway

RENDERING = "rendering"
RENDERED = "rendered"
EXPIRED = "expired"
_documents = sql_table(Document)


async def save_started(session: Session, question: Question, now: datetime) -> None:
    """Note that a report is being rendered, unless another process has rendered it."""
    row = {
        **{name: getattr(question, name) for name in ("report_id", "user_id", "template", "form")},
        "sections": list(question.sections),
        "basis": question.basis,
        "revisions": dict(question.revisions),
        "state": RENDERING,
        "progress": 0.0,
        "started_at": now,
    }
    begun = insert(_documents).values(row)
    again = begun.on_conflict_do_update(
        index_elements=[_documents.c.report_id],
        set_={"progress": 0.0, "started_at": now},
        where=_documents.c.state == RENDERING,
    )
    await session.execute(again)


async def save_progress(session: Session, report_id: UUID, share: float) -> None:
    """How far the rendering is, from 0 to 1."""
    own = _documents.c.report_id == report_id, _documents.c.state == RENDERING
    await session.execute(update(_documents).where(*own).values(progress=share))


async def save_document(
    session: Session, question: Question, rendered: Rendered, now: datetime, waits: timedelta
) -> Outcome:
    """Store the document, once: what another process has stored meanwhile has the same bytes."""
    sha256 = hashlib.sha256(rendered.content).hexdigest()
    own = _documents.c.report_id == question.report_id, _documents.c.state == RENDERING
    done = (
        update(_documents)
        .where(*own)
        .values(
            state=RENDERED,
            progress=1.0,
            media_type=rendered.media_type,
            content=rendered.content,
            sha256=sha256,
            byte_count=len(rendered.content),
            rendered_at=now,
            expires_at=now + waits,
        )
    )
    await session.execute(done)
    return Outcome(len(rendered.content), sha256)


async def delete_expired(session: Session, now: datetime, downloaded: timedelta) -> int:
    """Delete the content of what no user downloaded in time, and of what is old; how many.

    A document without a request is gone with it. One that was downloaded is kept for longer.
    """
    row = _documents.c
    request = gateway.report_requests.c
    known = select(request.report_id)
    await session.execute(delete(_documents).where(row.report_id.not_in(known)))
    collected = select(request.report_id).where(request.downloaded_at.is_not(None))
    longer = and_(row.state == RENDERED, row.report_id.in_(collected))
    until = row.rendered_at + downloaded
    kept = update(_documents).where(longer, row.expires_at != until)
    await session.execute(kept.values(expires_at=until))
    due = and_(row.state == RENDERED, row.expires_at <= now)
    gone = update(_documents).where(due).values(state=EXPIRED, content=None)
    return len(list(await session.scalars(gone.returning(row.report_id))))
