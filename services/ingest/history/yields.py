"""Treasury yields: each maturity is a series, whose gaps are asked for like those of a symbol's
closes.

Bonds keep other holidays than the exchange, and FRED publishes a day late: such days are asked for
again, like a close that a provider lacks, but not before long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.ingest import calculations, repository
from services.ingest.calculations import MATURITY_YEARS, Asked
from services.ingest.history.feed import Completion, Feed, asked_lately, save_asked
from services.ingest.history.notices import unavailable
from services.ingest.providers import ProviderUnavailable, YieldObservation, YieldProvider
from shared import calendar
from shared.contracts.event import Notice


async def complete_yields(feed: Feed, expected: Sequence[date], done: Completion) -> None:
    """Ask for the yields that are missing on the expected sessions, of one provider after the
    other.
    """
    for provider in feed.sources.yields:
        question = await _question(feed, provider, expected)
        try:
            async for maturity, observations in provider.yields(question.ranges()):
                await _store(feed, question, maturity, observations, done)
        except ProviderUnavailable as error:
            done.notices.append(unavailable(error, ()))


@dataclass(frozen=True)
class _Question:
    """What one provider is asked: the sessions missing per maturity, of those expected; `held`: the
    days stored.
    """

    provider: YieldProvider
    expected: Sequence[date]
    held: Mapping[str, set[date]]
    missing: Mapping[str, Sequence[date]]

    def ranges(self) -> dict[str, tuple[date, date]]:
        """The days to ask for: from the first session missing to the last, and any holiday just
        before them.
        """
        return {
            maturity: (calendar.previous_session(days[0]) + timedelta(days=1), days[-1])
            for maturity, days in self.missing.items()
        }

    def wanted(
        self, maturity: str, observations: Sequence[YieldObservation]
    ) -> list[YieldObservation]:
        """One yield per day, of the days that have none."""
        return list(
            {
                each.observation_date: each
                for each in observations
                if each.maturity == maturity and each.observation_date not in self.held[maturity]
            }.values()
        )


async def _question(feed: Feed, provider: YieldProvider, expected: Sequence[date]) -> _Question:
    async with feed.database.transaction() as session:
        held = await repository.load_held_yields(session, MATURITY_YEARS, expected[0], expected[-1])
        asked = await asked_lately(session, feed, provider.name, "yields", MATURITY_YEARS)
    return _Question(provider, expected, held, calculations.missing_sessions(expected, held, asked))


async def _store(
    feed: Feed,
    question: _Question,
    maturity: str,
    observations: Sequence[YieldObservation],
    done: Completion,
) -> None:
    """One transaction: the yields that can be believed, and that the maturity was asked for."""
    provider, window = question.provider, Asked(question.expected[0], question.expected[-1])
    wanted = question.wanted(maturity, observations)
    problems = {
        each.observation_date: problem
        for each in wanted
        if (
            problem := calculations.yield_problem(
                each.yield_percent, each.observation_date, window.last
            )
        )
    }
    believed = [each for each in wanted if each.observation_date not in problems]
    async with feed.database.transaction() as session:
        await repository.save_new_yields(session, *dated(believed))
        if provider.live:
            lately = await asked_lately(session, feed, provider.name, "yields", {maturity})
            asked = {maturity: window.and_also(lately.get(maturity))}
            await save_asked(session, provider.name, "yields", asked, {maturity})
    if problems:
        reason = next(iter(problems.values()))
        message = f"yields of {provider.name} were not believed and not stored: {reason}"
        names = [f"{maturity} {day.isoformat()}" for day in problems]
        done.notices.append(Notice.naming("yield_not_believed", message, names))


def dated(
    observations: Sequence[YieldObservation],
) -> tuple[list[dict[str, Any]], dict[date, date]]:
    """Rows of yields, and the session from which each date counts: its own, or the next one after a
    holiday.
    """
    rows = [
        vars(observation) | {"maturity_years": MATURITY_YEARS[observation.maturity]}
        for observation in observations
    ]
    days = {observation.observation_date for observation in observations}
    return rows, {
        day: day if calendar.is_session(day) else calendar.next_session(day) for day in days
    }
