"""The background work of every replica: documents expire."""

import asyncio
from datetime import timedelta

import structlog

from services.reports import repository
from services.reports.settings import get_settings
from shared.contracts.event import utc_now
from shared.database import DATABASE_ERRORS
from shared.service import Runtime

log = structlog.get_logger("sigmasight.reports")


async def expire_documents(runtime: Runtime) -> None:
    """Delete documents that no user collects, and old ones, until the process ends."""
    settings = get_settings()
    kept = timedelta(days=settings.downloaded_days)
    while True:
        try:
            async with runtime.database.transaction() as session:
                expired = await repository.delete_expired(session, utc_now(), kept)
            if expired:
                log.info("expired", documents=expired)
        except DATABASE_ERRORS as error:
            log.warning("expiry put off", reason=repr(error))
        await asyncio.sleep(settings.expire_seconds)
