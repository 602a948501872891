"""What every kind of data needs when it is asked for: from whom, into where, and what became of
it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.ingest import repository
from services.ingest.calculations import Asked
from services.ingest.providers.sources import Sources
from services.ingest.settings import IngestSettings
from shared.contracts.event import Notice
from shared.database import Database, Session

WHOLE_KIND = "*"  # stands in the fetch log for everything of a kind


@dataclass(frozen=True)
class Feed:
    """Where data come from, where they go, and the rules of asking."""

    database: Database
    sources: Sources
    settings: IngestSettings
    seconds_at_once: float = 5.0  # how long an answer may wait for others, to be stored together

    @property
    def recheck(self) -> timedelta:
        """How long an answer that lacked something stands."""
        return timedelta(hours=self.settings.recheck_hours)

    @property
    def unknown_recheck(self) -> timedelta:
        """How long a symbol stays unknown."""
        return timedelta(days=self.settings.unknown_recheck_days)


@dataclass
class Completion:
    """What became of completing history: what to say."""

    notices: list[Notice] = field(default_factory=list)


async def asked_lately(
    session: Session, feed: Feed, provider: str, kind: str, symbols: Collection[str]
) -> dict[str, Asked]:
    """What a provider was asked about the symbols so lately that it would answer the same."""
    found = await repository.load_asked(
        session, provider, kind, symbols, feed.recheck, feed.unknown_recheck
    )
    return {symbol: Asked(*asked) for symbol, asked in found.items()}


async def save_asked(
    session: Session, provider: str, kind: str, asked: Mapping[str, Asked], known: Collection[str]
) -> None:
    """Remember what a provider has answered about the symbols, and which of them it knows."""
    ranges = {symbol: (each.first, each.last) for symbol, each in asked.items()}
    await repository.save_asked(session, provider, kind, ranges, known)


async def refused_lately(session: Session, feed: Feed, provider: str, kind: str) -> bool:
    """Whether the provider said not long ago that its plan does not include this kind of data."""
    recheck = feed.recheck
    return bool(
        await repository.load_asked(session, provider, kind, {WHOLE_KIND}, recheck, recheck)
    )


async def save_refused(session: Session, provider: str, kind: str, as_of: date) -> None:
    """Remember that the provider's plan does not include this kind of data."""
    await repository.save_asked(session, provider, kind, {WHOLE_KIND: (as_of, as_of)}, ())
