"""What fetching needs: the providers, the database, and when a provider is queried again."""

from dataclasses import dataclass
from datetime import date, timedelta

from services.ingest import repository
from services.ingest.inputs import Channel, Range, Recheck
from services.ingest.providers.sources import Sources
from services.ingest.settings import IngestSettings
from shared.database import Database, Session

WHOLE_KIND = "*"  # in the fetch log: everything of a kind


@dataclass(frozen=True)
class Feed:
    """Where data come from, where they go, and the rules of querying."""

    database: Database
    sources: Sources
    settings: IngestSettings
    seconds_at_once: float = 5.0  # how long an answer may wait for others, to be stored together

    @property
    def recheck(self) -> Recheck:
        """How long answers stay valid."""
        return Recheck(
            known=timedelta(hours=self.settings.recheck_hours),
            unknown=timedelta(days=self.settings.unknown_recheck_days),
        )


async def recently_refused(session: Session, feed: Feed, channel: Channel) -> bool:
    """Whether the provider recently answered that its plan does not include this kind of data."""
    known = feed.recheck.known
    recheck = Recheck(known, unknown=known)
    return bool(await repository.load_recent_queries(session, channel, {WHOLE_KIND}, recheck))


async def save_refusal(session: Session, channel: Channel, as_of: date) -> None:
    """Record that the provider's plan does not include this kind of data."""
    await repository.save_queries(session, channel, {WHOLE_KIND: Range(as_of, as_of)}, ())
