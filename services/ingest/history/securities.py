"""What symbols are."""

from collections.abc import Collection
from dataclasses import replace

from services.ingest import repository
from services.ingest.history.caveats import unavailable
from services.ingest.history.feed import Feed
from services.ingest.inputs import EVER, Channel, SecurityFacts
from services.ingest.providers import ProviderUnavailable, SecurityProvider
from shared.caveats import Caveat

SYMBOLS_AT_ONCE = 25  # a request or two for each: so many are lost at most with a failure
NAME_CHARACTERS = 200
SECTOR_CHARACTERS = 60
INDUSTRY_CHARACTERS = 100


async def fetch_securities(feed: Feed, symbols: Collection[str]) -> list[Caveat]:
    """Fetch the facts of symbols without any, from one provider after the other."""
    unknown = set(symbols)
    caveats: list[Caveat] = []
    for provider in feed.sources.securities:
        channel = Channel(provider.name, "securities")
        async with feed.database.transaction() as session:
            queried = await repository.load_recent_queries(session, channel, unknown, feed.recheck)
        names = sorted(unknown - set(queried))
        try:
            for start in range(0, len(names), SYMBOLS_AT_ONCE):
                some = set(names[start : start + SYMBOLS_AT_ONCE])
                unknown -= await _fetch_some(feed, provider, some)
        except ProviderUnavailable as error:
            caveats.append(unavailable(error, unknown & set(names)))
    return caveats


async def _fetch_some(feed: Feed, provider: SecurityProvider, names: set[str]) -> set[str]:
    """Query some symbols and store the answer; returns those that the provider knows."""
    answered = await provider.securities(names)
    facts = {fact.symbol: _storable(fact) for fact in answered if fact.symbol in names}
    async with feed.database.transaction() as session:
        await repository.save_securities(session, list(facts.values()))
        channel = Channel(provider.name, "securities")
        await repository.save_queries(session, channel, dict.fromkeys(names, EVER), facts)
    return set(facts)


def _storable(fact: SecurityFacts) -> SecurityFacts:
    """The facts with texts cut to their columns' lengths, and without an implausible yield."""
    plausible = fact.dividend_yield is not None and 0 <= fact.dividend_yield < 1
    return replace(
        fact,
        name=_cut(fact.name, NAME_CHARACTERS),
        sector=_cut(fact.sector, SECTOR_CHARACTERS),
        industry=_cut(fact.industry, INDUSTRY_CHARACTERS),
        dividend_yield=fact.dividend_yield if plausible else None,
    )


def _cut(text: str | None, characters: int) -> str | None:
    return None if text is None else text.replace("\0", "")[:characters]
