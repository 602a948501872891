"""Which sessions are available at a moment."""

import asyncio
from datetime import UTC, date, datetime, timedelta

from services.ingest import repository
from services.ingest.history.data_sources import data_sources
from services.ingest.inputs import Coverage
from services.ingest.providers.sources import Sources
from services.ingest.settings import IngestSettings, ingest_settings
from shared import calendar
from shared.database import Session
from shared.errors import DateOutsideData


async def coverage_now() -> Coverage:
    """The sessions that the process's providers have at this moment."""
    return await coverage_at(datetime.now(UTC), data_sources(), ingest_settings())


async def coverage_at(moment: datetime, sources: Sources, settings: IngestSettings) -> Coverage:
    """The sessions available at a moment: a live provider has one some time after its close."""
    ready = moment - timedelta(seconds=settings.close_delay_seconds)
    return await sources.coverage(await asyncio.to_thread(calendar.last_closed, ready))


async def require_covered(session: Session, session_date: date) -> None:
    """Raise `NotASession` on a closed exchange, `DateOutsideData` outside the known sessions.

    Those are the providers' and, before and after them, the ones that an administrator stored rows
    for: the sessions that the gateway accepts.
    """
    calendar.require_session(session_date)
    coverage = await coverage_now()
    if coverage.includes(session_date):
        return
    known = (await repository.load_known_sessions(session) or coverage).joined(coverage)
    if not known.includes(session_date):
        raise DateOutsideData(session_date, known.first, known.last)
