"""What symbols are."""

from collections.abc import Collection
from datetime import date
from typing import Any

from services.ingest import repository
from services.ingest.handlers.history.feed import Completion, Feed, asked_lately
from services.ingest.handlers.history.notices import unavailable
from services.ingest.providers import ProviderUnavailable, SecurityFacts

ROOM = {"name": 200, "sector": 60, "industry": 100}  # characters


async def complete_securities(feed: Feed, symbols: Collection[str], done: Completion) -> None:
    """Learn what symbols without facts are, of one provider after the other."""
    async with feed.database.transaction() as session:
        unknown = set(symbols) - await repository.load_known_symbols(session, symbols)
    for provider in feed.sources.securities if unknown else ():
        async with feed.database.transaction() as session:
            asked = await asked_lately(session, feed, provider.name, "securities", unknown)
        names = unknown - set(asked)
        try:
            facts = await provider.securities(names) if names else ()
        except ProviderUnavailable as error:
            done.notices.append(unavailable(error, sorted(names)))
            continue
        found = {fact.symbol for fact in facts} & names
        async with feed.database.transaction() as session:
            await repository.save_securities(session, [_row(fact) for fact in facts if fact.symbol in names])
            ranges = dict.fromkeys(names, (date.min, date.max))
            await repository.save_asked(session, provider.name, "securities", ranges, found)
        unknown -= found


def _row(fact: SecurityFacts) -> dict[str, Any]:
    """The facts as far as they can be stored: names are cut to what there is room for, and no yield is invented."""
    texts = {name: _fitting(getattr(fact, name), room) for name, room in ROOM.items()}
    sound = fact.dividend_yield is not None and 0 <= fact.dividend_yield < 1
    return vars(fact) | texts | {"dividend_yield": fact.dividend_yield if sound else None}


def _fitting(words: str | None, room: int) -> str | None:
    return None if words is None else words.replace("\0", "")[:room]
