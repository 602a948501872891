"""Record which symbols and sessions are available, so that requests can be checked.

At start-up, and again whenever the CSV folder has changed.
"""

import asyncio

from services.ingest import repository
from services.ingest.history.coverage import coverage_now
from services.ingest.history.data_sources import data_sources
from services.ingest.history.listing import listed_securities, priced_symbols, providers_by_kind
from shared import calendar
from shared.background import repeat
from shared.database import Session
from shared.service import Runtime

FOLDER_SECONDS = 2.0  # between two looks at the folder, which read no file


async def record_coverage(session: Session) -> None:
    """Record the providers, the symbols they list, and the first and last session available."""
    sources = data_sources()
    await repository.save_providers(session, await providers_by_kind(sources))
    for facts in await listed_securities(sources):
        await repository.save_securities(session, facts)
    for provider, symbols in (await priced_symbols(sources)).items():
        await repository.save_unlisted_securities(session, symbols, provider)
    coverage = await coverage_now()
    covered = calendar.sessions(coverage.first, coverage.last)
    await repository.save_known_sessions(session, [covered[0], covered[-1]])


async def watch_folder(runtime: Runtime) -> None:
    """Record again what the CSV folder lists and covers when it changes, until the process ends."""
    folder = data_sources().folder
    if folder is None:
        return
    recorded = None

    async def record_changes() -> None:
        nonlocal recorded
        found = await asyncio.to_thread(folder.stamps)
        if found != recorded:
            async with runtime.database.transaction() as session:
                await record_coverage(session)
            recorded = found
            await folder.read_ahead()

    await repeat(record_changes, FOLDER_SECONDS, "record of the folder")
