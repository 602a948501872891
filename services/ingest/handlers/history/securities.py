"""What symbols are."""

from collections.abc import Collection
from datetime import date

from services.ingest import repository
from services.ingest.handlers.history.feed import Completion, Feed, asked_lately
from services.ingest.handlers.history.notices import unavailable
from services.ingest.providers import ProviderUnavailable


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
            await repository.save_securities(session, [vars(fact) for fact in facts if fact.symbol in names])
            ranges = dict.fromkeys(names, (date.min, date.max))
            await repository.save_asked(session, provider.name, "securities", ranges, found)
        unknown -= found
