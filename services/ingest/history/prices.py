"""Closes: the gaps, who fills them, and which answers are believed."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from services.ingest import calculations, repository
from services.ingest.calculations import Asked, Close, Doubt, Known
from services.ingest.history.claims import claimed
from services.ingest.history.feed import Completion, Feed, asked_lately, save_asked
from services.ingest.history.gathering import gathered
from services.ingest.history.notices import not_in_plan, unavailable
from services.ingest.providers import Answer, Bar, NotInPlan, PriceProvider, ProviderUnavailable
from shared import calendar
from shared.contracts.event import Notice
from shared.database import Session

CLAIM_POLL_SECONDS = 0.5


async def complete_prices(
    feed: Feed, symbols: Collection[str], expected: Sequence[date], done: Completion
) -> None:
    """Ask for what is missing, sharing the symbols with other replicas."""
    waiting = set(symbols)
    while todo := await _worth_asking(feed, waiting, expected):
        async with claimed(feed, todo) as mine:
            for provider in feed.sources.prices if mine else ():
                await _ask(feed, provider, mine, expected, done)
        waiting -= mine
        if waiting and not mine:
            await asyncio.sleep(CLAIM_POLL_SECONDS)


async def _worth_asking(feed: Feed, symbols: Collection[str], expected: Sequence[date]) -> set[str]:
    found: set[str] = set()
    for provider in feed.sources.prices if symbols else ():
        found |= set(await _missing(feed, provider, symbols, expected))
    return found


async def _missing(
    feed: Feed, provider: PriceProvider, symbols: Collection[str], expected: Sequence[date]
) -> dict[str, tuple[date, ...]]:
    coverage = await provider.coverage()
    covered = [day for day in expected if coverage is None or coverage.includes(day)]
    if not covered:
        return {}
    async with feed.database.transaction() as session:
        held = await repository.load_held_sessions(
            session, symbols, covered[0], covered[-1], len(covered)
        )
        asked = (
            await asked_lately(session, feed, provider.name, "prices", set(held)) if held else {}
        )
    return calculations.missing_sessions(covered, held, asked)


async def _ask(
    feed: Feed,
    provider: PriceProvider,
    symbols: Collection[str],
    expected: Sequence[date],
    done: Completion,
) -> None:
    """Ask one provider for what is missing still, and store each answer."""
    question = _Question(provider, expected, await _missing(feed, provider, symbols, expected))
    waiting = set(question.missing)
    if not waiting:
        return
    try:
        async with aclosing(question.answers(feed.seconds_at_once)) as answers:
            async for answer in answers:
                await _store(feed, question, answer, done)
                waiting -= answer.settled
    except NotInPlan:
        async with feed.database.transaction() as session:
            await _save_asked(session, feed, question, waiting, waiting)
        done.notices.append(not_in_plan(provider.name, "these indices", sorted(waiting)))
    except ProviderUnavailable as error:
        done.notices.append(unavailable(error, sorted(waiting)))


@dataclass(frozen=True)
class _Question:
    """What one provider is asked: the sessions missing per symbol, of those expected."""

    provider: PriceProvider
    expected: Sequence[date]
    missing: Mapping[str, Sequence[date]]

    @cached_property
    def _asked(self) -> Mapping[str, frozenset[date]]:
        """`missing` to look things up in: made once, not per answer."""
        return {symbol: frozenset(days) for symbol, days in self.missing.items()}

    def answers(self, seconds_at_once: float) -> AsyncGenerator[Answer, None]:
        """As they come, small ones together."""
        return gathered(self.provider.bars(self.missing), seconds_at_once)

    def wanted(self, bars: Iterable[Bar]) -> list[Bar]:
        """One close per symbol and session, of what was asked for, and whatever is dated after it:
        to be doubted.
        """
        asked = self._asked
        found = {
            (bar.symbol, bar.session_date): bar
            for bar in bars
            if bar.symbol in asked
            and (bar.session_date in asked[bar.symbol] or bar.session_date > self.expected[-1])
        }
        return list(found.values())


async def _store(feed: Feed, question: _Question, answer: Answer, done: Completion) -> None:
    """One transaction: the closes that can be believed, those that cannot, what is to be adjusted,
    what was asked.
    """
    bars, provider = question.wanted(answer.bars), question.provider
    async with feed.database.transaction() as session:
        actions = await repository.load_actions(session, {bar.symbol for bar in bars})
        known = await _known(session, provider.name, bars, actions)
        believed, doubts = await asyncio.to_thread(
            calculations.sound_bars, bars, known, question.expected[-1], calendar.is_session
        )
        await repository.save_new_prices(session, [vars(bar) for bar in believed])
        await repository.save_unadjusted(session, _unadjusted(believed, actions))
        await _save_doubts(session, provider.name, doubts, done)
        if provider.live:
            await _save_asked(session, feed, question, answer.settled, {bar.symbol for bar in bars})


def _unadjusted(
    bars: Iterable[Close], actions: Mapping[str, Sequence[tuple[date, str, float]]]
) -> set[str]:
    """Symbols with splits or dividends that these closes are not adjusted for, or that a provider
    adjusted its way.
    """
    newest = {symbol: found[-1][0] for symbol, found in actions.items()}
    return {
        bar.symbol
        for bar in bars
        if bar.symbol in newest
        and (bar.session_date < newest[bar.symbol] or bar.adjusted_close != float(bar.close))
    }


async def _known(
    session: Session,
    provider: str,
    bars: Sequence[Bar],
    actions: Mapping[str, Sequence[tuple[date, str, float]]],
) -> Known:
    if not bars:
        return Known({}, {}, {})
    symbols = {bar.symbol for bar in bars}
    first, last = min(bar.session_date for bar in bars), max(bar.session_date for bar in bars)
    splits = {
        symbol: [(day, value) for day, kind, value in found if kind == "split"]
        for symbol, found in actions.items()
    }
    return Known(
        await repository.load_neighbours(session, symbols, first, last),
        splits,
        await repository.load_doubted(session, symbols, first, last, provider),
    )


async def _save_doubts(
    session: Session, provider: str, doubts: Sequence[Doubt], done: Completion
) -> None:
    if not doubts:
        return
    rows = {
        (doubt.bar.symbol, doubt.bar.session_date): {
            "symbol": doubt.bar.symbol,
            "session_date": doubt.bar.session_date,
            "source": provider,
            "close": str(doubt.bar.close),
            "reason": doubt.reason,
        }
        for doubt in doubts
    }
    await repository.save_doubted(session, list(rows.values()))
    about = sorted({f"{symbol} {day.isoformat()}" for symbol, day in rows})
    message = f"closes of {provider} were not believed and not stored: {doubts[0].reason}"
    done.notices.append(Notice.naming("price_quarantined", message, about))


async def _save_asked(
    session: Session,
    feed: Feed,
    question: _Question,
    settled: Collection[str],
    answered: Collection[str],
) -> None:
    """Remember the questions that are settled. A symbol without any close, now or stored, is
    unknown.

    What was expected of a symbol is stored, was asked for lately, or was asked for now: so all of
    it was asked.
    """
    symbols = set(settled) & set(question.missing)
    stored = await repository.load_priced(session, symbols - set(answered))
    lately = await asked_lately(session, feed, question.provider.name, "prices", symbols)
    window = Asked(question.expected[0], question.expected[-1])
    ranges = {symbol: window.and_also(lately.get(symbol)) for symbol in symbols}
    await save_asked(session, question.provider.name, "prices", ranges, set(answered) | stored)
