"""The process's providers, with rate limits that all replicas share."""

from functools import lru_cache

from services.ingest import repository
from services.ingest.history.feed import Feed
from services.ingest.providers.pace import Reserve
from services.ingest.providers.sources import Sources, configured_sources
from services.ingest.settings import ingest_settings
from shared.database import Database, create_engine
from shared.settings import shared_settings


@lru_cache
def data_sources() -> Sources:
    """The process's providers."""
    return configured_sources(ingest_settings(), _slots_of)


def feed_into(database: Database) -> Feed:
    """The process's providers and settings, for this database."""
    return Feed(database, data_sources(), ingest_settings())


def _slots_of(provider: str) -> Reserve:
    """Slots of a provider's rate limit, assigned by the database to all replicas."""

    async def reserve(limit: int, window_seconds: float, margin_seconds: float) -> float:
        async with _slots_database().transaction() as session:
            return await repository.reserve_slot(
                session, provider, limit, window_seconds, margin_seconds
            )

    return reserve


@lru_cache
def _slots_database() -> Database:
    return Database(create_engine(shared_settings(), "ingest"))
