"""The background work of every replica: documents expire."""

from datetime import timedelta

import structlog

from services.reports import repository
from services.reports.settings import get_settings
from shared.background import repeat
from shared.contracts.event import utc_now
from shared.service import Runtime

log = structlog.get_logger("sigmasight.reports")


async def expire_documents(runtime: Runtime) -> None:
    """Delete documents that no user collects, and old ones, until the process ends."""
    settings = get_settings()
    kept = timedelta(days=settings.downloaded_days)

    async def expire() -> None:
        async with runtime.database.transaction() as session:
            expired = await repository.delete_expired(session, utc_now(), kept)
        if expired:
            log.info("expired", documents=expired)

    await repeat(expire, settings.expire_seconds, "expiry of documents")
