"""Treasury yields: the gaps of each maturity are queried like those of a symbol's closes.

Bonds have other holidays than the exchange, and FRED publishes a day late: such days are queried
again like a close that a provider does not have, but not soon.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from services.ingest import calculations, repository
from services.ingest.history.caveats import unavailable
from services.ingest.history.feed import Feed
from services.ingest.inputs import MATURITY_YEARS, Channel, Range, YieldObservation
from services.ingest.providers import ProviderUnavailable, YieldProvider
from shared import calendar
from shared.caveats import Caveat

Answers = Mapping[str, Sequence[YieldObservation]]  # by maturity


async def fetch_yields(feed: Feed, expected: Sequence[date]) -> list[Caveat]:
    """Fetch the yields missing on the expected sessions, from one provider after the other."""
    caveats: list[Caveat] = []
    for provider in feed.sources.yields:
        query = await _query_of(feed, provider, expected)
        try:
            async for answers in _answers(provider, query.ranges()):
                caveats += await _store(feed, query, answers)
        except ProviderUnavailable as error:
            caveats.append(unavailable(error, ()))
    return caveats


async def _answers(
    provider: YieldProvider, ranges: Mapping[str, tuple[date, date]]
) -> AsyncIterator[Answers]:
    """Each maturity as it arrives over the network, those of files together."""
    if provider.live:
        async for maturity, observations in provider.yields(ranges):
            yield {maturity: observations}
    elif found := {maturity: each async for maturity, each in provider.yields(ranges)}:
        yield found


@dataclass(frozen=True)
class _Query:
    """What one provider is queried for: the sessions missing per maturity, of those expected.

    `held`: the days stored, by maturity.
    """

    provider: YieldProvider
    expected: Sequence[date]
    held: Mapping[str, set[date]]
    missing: Mapping[str, Sequence[date]]

    @property
    def channel(self) -> Channel:
        """The provider's series in the fetch log."""
        return Channel(self.provider.name, "yields")

    @property
    def window(self) -> Range:
        """All sessions expected."""
        return Range(self.expected[0], self.expected[-1])

    def ranges(self) -> dict[str, tuple[date, date]]:
        """By maturity, from the first missing session and the holidays before it to the last."""
        return {
            maturity: (calendar.previous_session(days[0]) + timedelta(days=1), days[-1])
            for maturity, days in self.missing.items()
        }

    def wanted(self, answers: Answers) -> list[YieldObservation]:
        """One yield per maturity and day, of the days that have none."""
        by_day = {
            (maturity, each.observation_date): each
            for maturity, observations in answers.items()
            for each in observations
            if each.maturity == maturity and each.observation_date not in self.held[maturity]
        }
        return list(by_day.values())


async def _query_of(feed: Feed, provider: YieldProvider, expected: Sequence[date]) -> _Query:
    channel = Channel(provider.name, "yields")
    async with feed.database.transaction() as session:
        held = await repository.load_held_yields(session, MATURITY_YEARS, expected[0], expected[-1])
        queried = (
            await repository.load_recent_queries(session, channel, MATURITY_YEARS, feed.recheck)
            if provider.live
            else {}  # files are read again every time
        )
    missing = calculations.missing_sessions(expected, held, queried)
    return _Query(provider, expected, held, missing)


async def _store(feed: Feed, query: _Query, answers: Answers) -> list[Caveat]:
    """In one transaction: the plausible yields, and that the maturities were queried."""
    judged = calculations.judged(
        query.wanted(answers),
        partial(calculations.yield_problem, last=query.window.last),
        lambda each: f"{each.maturity} {each.observation_date.isoformat()}",
    )
    effective = calculations.effective_sessions(
        (each.observation_date for each in judged.accepted),
        calendar.is_session,
        calendar.next_session,
    )
    async with feed.database.transaction() as session:
        await repository.save_new_yields(session, judged.accepted, effective)
        if query.provider.live:
            recent = await repository.load_recent_queries(
                session, query.channel, answers, feed.recheck
            )
            queried = {maturity: query.window.joined(recent.get(maturity)) for maturity in answers}
            await repository.save_queries(session, query.channel, queried, answers)
    return judged.caveats("yield_not_believed", f"yields of {query.provider.name}")
