"""History that heals itself: what is missing is asked for, of one provider after the other, and
stored as it comes.

No transaction is open while a provider is waited for. Every answer is stored at once, so a crash
loses at most the one under way. Replicas share the work by claims: a symbol is fetched by one of
them at a time.
"""

from collections.abc import Collection
from datetime import date

from services.ingest import calculations
from services.ingest.history.actions import adjust, complete_actions
from services.ingest.history.feed import Completion, Feed
from services.ingest.history.notices import still_missing
from services.ingest.history.option_quotes import complete_option_quotes
from services.ingest.history.prices import complete_prices
from services.ingest.history.securities import complete_securities
from services.ingest.history.yields import complete_yields, dated
from shared import calendar

__all__ = ["Completion", "Feed", "complete_history", "complete_option_quotes", "dated"]


async def complete_history(feed: Feed, symbols: Collection[str], as_of: date) -> Completion:
    """Everything that pricing the symbols up to `as_of` needs, as far as anybody has it."""
    done = Completion()
    first = calculations.window_start(as_of, feed.settings.history_sessions)
    expected = calendar.sessions(first, as_of)
    await complete_actions(feed, symbols, first, as_of, done)
    await complete_prices(feed, symbols, expected, done)
    await adjust(feed, symbols)
    await complete_yields(feed, expected, done)
    await complete_securities(feed, symbols, done)
    async with feed.database.transaction() as session:
        done.notices += await still_missing(session, symbols, as_of)
    return done
