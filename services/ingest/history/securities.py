"""What symbols are."""

from collections.abc import Collection
from datetime import date
from typing import Any

from services.ingest import repository
from services.ingest.history.feed import Completion, Feed, asked_lately
from services.ingest.history.notices import unavailable
from services.ingest.providers import ProviderUnavailable, SecurityFacts, SecurityProvider

KIND = "securities"
SYMBOLS_AT_ONCE = 25  # a request or two for each: so many a failure loses at most
ROOM = {"name": 200, "sector": 60, "industry": 100}  # characters


async def complete_securities(feed: Feed, symbols: Collection[str], done: Completion) -> None:
    """Learn what symbols without facts are, of one provider after the other."""
    async with feed.database.transaction() as session:
        unknown = set(symbols) - await repository.load_known_symbols(session, symbols)
    for provider in feed.sources.securities if unknown else ():
        async with feed.database.transaction() as session:
            asked = await asked_lately(session, feed, provider.name, KIND, unknown)
        names = sorted(unknown - set(asked))
        try:
            for start in range(0, len(names), SYMBOLS_AT_ONCE):
                unknown -= await _learnt(
                    feed, provider, set(names[start : start + SYMBOLS_AT_ONCE])
                )
        except ProviderUnavailable as error:
            done.notices.append(unavailable(error, sorted(unknown & set(names))))


async def _learnt(feed: Feed, provider: SecurityProvider, names: set[str]) -> set[str]:
    """Ask about some symbols and store the answer; returns those that the provider knows."""
    facts = {
        fact.symbol: _row(fact) for fact in await provider.securities(names) if fact.symbol in names
    }
    async with feed.database.transaction() as session:
        await repository.save_securities(session, list(facts.values()))
        ranges = dict.fromkeys(names, (date.min, date.max))
        await repository.save_asked(session, provider.name, KIND, ranges, facts)
    return set(facts)


def _row(fact: SecurityFacts) -> dict[str, Any]:
    """The facts as far as they can be stored: names are cut to what there is room for, and no yield
    is invented.
    """
    texts = {name: _fitting(getattr(fact, name), room) for name, room in ROOM.items()}
    sound = fact.dividend_yield is not None and 0 <= fact.dividend_yield < 1
    return vars(fact) | texts | {"dividend_yield": fact.dividend_yield if sound else None}


def _fitting(words: str | None, room: int) -> str | None:
    return None if words is None else words.replace("\0", "")[:room]
