"""Treasury yields."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from services.ingest import calculations, repository
from services.ingest.handlers.history.feed import Completion, Feed, asked_lately
from services.ingest.handlers.history.notices import unavailable
from services.ingest.providers import ProviderUnavailable
from shared import calendar

ALL_YIELDS = "*"


async def complete_yields(feed: Feed, first: date, as_of: date, done: Completion) -> None:
    """Ask for the Treasury yields since the newest stored, of the first provider that answers."""
    async with feed.database.transaction() as session:
        earliest, latest = await repository.load_yield_range(session, as_of)
    if latest is not None and earliest is not None and earliest <= first + timedelta(days=7):
        first = latest + timedelta(days=1)
    for provider in feed.sources.yields if first <= as_of else ():
        try:
            if await _yields_of(feed, provider, first, as_of):
                return
        except ProviderUnavailable as error:
            done.notices.append(unavailable(error, ()))


async def _yields_of(feed: Feed, provider: Any, first: date, as_of: date) -> bool:
    """Whether the provider had any, now or when it was last asked."""
    async with feed.database.transaction() as session:
        asked = await asked_lately(session, feed, provider.name, "yields", {ALL_YIELDS})
    if ALL_YIELDS in asked and asked[ALL_YIELDS].covers(first) and asked[ALL_YIELDS].covers(as_of):
        return True
    observations = await provider.yields(first, as_of)
    async with feed.database.transaction() as session:
        await repository.save_yields(session, *dated(observations))
        if observations:
            ranges = {ALL_YIELDS: (first, as_of)}
            await repository.save_asked(session, provider.name, "yields", ranges, {ALL_YIELDS})
    return bool(observations)


def dated(observations: Sequence[Any]) -> tuple[list[dict[str, Any]], dict[date, date]]:
    """Rows of yields, and the session from which each date counts: its own, or the next one after a holiday."""
    years = calculations.MATURITY_YEARS
    rows = [
        vars(observation) | {"maturity_years": years[observation.maturity]} for observation in observations
    ]
    days = {observation.observation_date for observation in observations}
    return rows, {day: day if calendar.is_session(day) else calendar.next_session(day) for day in days}
