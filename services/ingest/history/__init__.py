"""Market data that is missing: queried from one provider after the other, stored as it arrives.

No transaction is open while a provider answers. Every answer is stored at once, so a crash loses at
most the one in progress. Replicas share the work by claims: one of them fetches a symbol at a time.
"""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from services.ingest import calculations, repository
from services.ingest.history.actions import adjust_closes, fetch_actions
from services.ingest.history.caveats import missing_facts
from services.ingest.history.data_sources import feed_into
from services.ingest.history.feed import Feed
from services.ingest.history.option_quotes import fetch_option_quotes
from services.ingest.history.prices import fetch_prices
from services.ingest.history.securities import fetch_securities
from services.ingest.history.yields import fetch_yields
from shared import calendar
from shared.caveats import Caveat

__all__ = ["Feed", "feed_into", "fetch_history", "fetch_missing", "fetch_option_quotes"]


async def fetch_missing(feed: Feed, portfolio_ids: Collection[UUID], as_of: date) -> list[Caveat]:
    """Fetch what the portfolios' symbols and options need up to `as_of`."""
    async with feed.database.transaction() as session:
        symbols = await repository.load_symbols(session, portfolio_ids, as_of)
    caveats = await fetch_history(feed, symbols, as_of)
    if not feed.sources.option_quotes:
        return caveats
    # Every split is known by now, and with it the names of the contracts.
    async with feed.database.transaction() as session:
        contracts = await repository.load_contracts(session, portfolio_ids, as_of)
    return caveats + await fetch_option_quotes(feed, contracts, as_of)


async def fetch_history(feed: Feed, symbols: Collection[str], as_of: date) -> list[Caveat]:
    """Fetch what pricing the symbols up to `as_of` needs, as far as any provider has it."""
    first = calculations.window_start(as_of, feed.settings.history_sessions)
    expected = calendar.sessions(first, as_of)
    caveats = await fetch_actions(feed, symbols, first, as_of)
    caveats += await fetch_prices(feed, symbols, expected)
    await adjust_closes(feed, symbols)
    caveats += await fetch_yields(feed, expected)
    async with feed.database.transaction() as session:
        missing = await missing_facts(session, symbols, as_of)
    if missing.unknown:
        caveats += await fetch_securities(feed, missing.unknown)
        async with feed.database.transaction() as session:
            missing = await missing_facts(session, symbols, as_of)
    return caveats + missing.caveats(as_of)
