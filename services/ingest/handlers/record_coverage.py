"""At start-up: record which symbols and sessions are available, so that requests can be checked."""

from services.ingest import repository
from services.ingest.history.coverage import coverage_now
from services.ingest.history.data_sources import data_sources
from shared import calendar
from shared.database import Session


async def record_coverage(session: Session) -> None:
    """Record the providers, the symbols they list, and the first and last session available."""
    sources = data_sources()
    await repository.save_providers(session, sources.by_kind())
    for provider in sources.listed:
        await repository.save_securities(session, await provider.securities())
    coverage = await coverage_now()
    covered = calendar.sessions(coverage.first, coverage.last)
    await repository.save_known_sessions(session, [covered[0], covered[-1]])
