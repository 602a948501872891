"""Closes: which are missing, which replica fetches them, and which answers are accepted."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import structlog

from services.ingest import calculations, repository
from services.ingest.history.caveats import not_in_plan, unavailable
from services.ingest.history.claims import claimed
from services.ingest.history.feed import Feed
from services.ingest.history.gathering import gathered
from services.ingest.inputs import Bar, Channel, CorporateAction, Range, Rejected, StoredCloses
from services.ingest.providers import Answer, NotInPlan, PriceProvider, ProviderUnavailable
from shared import calendar
from shared.caveats import Caveat
from shared.database import Session

CLAIM_POLL_SECONDS = 0.5
MOST_LOGGED = 20  # closes of one answer

log = structlog.get_logger("sigmasight.ingest")


async def fetch_prices(
    feed: Feed, symbols: Collection[str], expected: Sequence[date]
) -> list[Caveat]:
    """Fetch the closes missing on the expected sessions; replicas share the symbols."""
    waiting = set(symbols)
    caveats: list[Caveat] = []
    while wanted := await _worth_a_query(feed, waiting, expected):
        async with claimed(feed, wanted) as mine:
            for provider in feed.sources.prices if mine else ():
                caveats += await _fetch_from(feed, provider, mine, expected)
        waiting -= mine
        if waiting and not mine:
            await asyncio.sleep(CLAIM_POLL_SECONDS)
    return caveats


async def _worth_a_query(
    feed: Feed, symbols: Collection[str], expected: Sequence[date]
) -> set[str]:
    found: set[str] = set()
    for provider in feed.sources.prices if symbols else ():
        found |= set(await _load_missing(feed, provider, symbols, expected))
    return found


async def _load_missing(
    feed: Feed, provider: PriceProvider, symbols: Collection[str], expected: Sequence[date]
) -> dict[str, tuple[date, ...]]:
    """The sessions to query from this provider, by symbol."""
    coverage = await provider.coverage()
    covered = [day for day in expected if coverage is None or coverage.includes(day)]
    if not covered:
        return {}
    async with feed.database.transaction() as session:
        held = await repository.load_held_sessions(session, symbols, covered)
        if not held:
            return {}
        queried = (
            await repository.load_recent_queries(session, _channel(provider), held, feed.recheck)
            if provider.live
            else {}  # files are read again every time
        )
    return calculations.missing_sessions(covered, held, queried)


def _channel(provider: PriceProvider) -> Channel:
    return Channel(provider.name, "prices")


async def _fetch_from(
    feed: Feed, provider: PriceProvider, symbols: Collection[str], expected: Sequence[date]
) -> list[Caveat]:
    """Query one provider for what is still missing, and store each answer."""
    missing = await _load_missing(feed, provider, symbols, expected)
    query = _Query(provider, expected, missing)
    waiting = set(missing)
    caveats: list[Caveat] = []
    if not waiting:
        return caveats
    try:
        async with aclosing(query.answers(feed.seconds_at_once)) as answers:
            async for answer in answers:
                caveats += await _store(feed, query, answer)
                waiting -= answer.settled
    except NotInPlan:
        async with feed.database.transaction() as session:
            await _save_queries(session, feed, query, waiting, waiting)
        caveats.append(not_in_plan(provider.name, "these indices", waiting))
    except ProviderUnavailable as error:
        caveats.append(unavailable(error, waiting))
    return caveats


@dataclass(frozen=True)
class _Query:
    """What one provider is queried for: the sessions missing per symbol, of those expected."""

    provider: PriceProvider
    expected: Sequence[date]
    missing: Mapping[str, Sequence[date]]

    @cached_property
    def _days(self) -> Mapping[str, frozenset[date]]:
        """`missing` as sets, made once and not per answer."""
        return {symbol: frozenset(days) for symbol, days in self.missing.items()}

    def answers(self, seconds_at_once: float) -> AsyncGenerator[Answer, None]:
        """The answers as they arrive, small ones together."""
        return gathered(self.provider.bars(self.missing), seconds_at_once)

    def wanted(self, bars: Iterable[Bar]) -> list[Bar]:
        """One close per symbol and session that was queried, and any that is dated later.

        A close of the future is to be rejected and reported.
        """
        days = self._days
        found = {
            (bar.symbol, bar.session_date): bar
            for bar in bars
            if bar.symbol in days
            and (bar.session_date in days[bar.symbol] or bar.session_date > self.expected[-1])
        }
        return list(found.values())


async def _store(feed: Feed, query: _Query, answer: Answer) -> list[Caveat]:
    """In one transaction: the plausible closes, the others, what to adjust, what was queried."""
    bars = query.wanted(answer.bars)
    provider = query.provider
    async with feed.database.transaction() as session:
        actions = await repository.load_actions(session, {bar.symbol for bar in bars})
        stored = await repository.load_stored_closes(session, bars, actions, provider.name)
        judged = await asyncio.to_thread(
            calculations.judged_bars,
            bars,
            stored,
            query.expected[-1],
            calendar.is_session,
            vouched=calculations.OWN_FILE if provider.vouched else None,
        )
        released = _released(judged.accepted, stored)
        await repository.save_new_prices(session, judged.accepted)
        await repository.save_unadjusted(session, _unadjusted(judged.accepted, actions))
        await repository.save_quarantined(session, provider.name, judged.rejected)
        await repository.delete_quarantined(session, provider.name, released)
        await repository.save_released(session, released)
        if provider.live:
            answered = {bar.symbol for bar in bars}
            await _save_queries(session, feed, query, answer.settled, answered)
    _log_quarantined(provider.name, judged.rejected)
    return judged.caveats(provider.name)


def _log_quarantined(provider: str, rejected: Sequence[Rejected]) -> None:
    """For operators: which closes were rejected, and why."""
    if rejected:
        shown = rejected[:MOST_LOGGED]
        log.warning(
            "closes quarantined",
            provider=provider,
            closes=[
                {
                    "symbol": each.bar.symbol,
                    "session_date": each.bar.session_date.isoformat(),
                    "reason": each.reason,
                }
                for each in shown
            ],
            more=len(rejected) - len(shown),
        )


def _released(accepted: Iterable[Bar], stored: StoredCloses) -> list[Bar]:
    """The accepted closes that were rejected when the provider sent them first."""
    rejected = {
        (bar.symbol, bar.session_date) for found in stored.suspected.values() for bar in found
    }
    return [bar for bar in accepted if (bar.symbol, bar.session_date) in rejected]


def _unadjusted(bars: Iterable[Bar], actions: Mapping[str, Sequence[CorporateAction]]) -> set[str]:
    """Symbols with splits or dividends for which these closes are not adjusted as ours are."""
    newest = {symbol: found[-1].ex_date for symbol, found in actions.items()}
    return {
        bar.symbol
        for bar in bars
        if bar.symbol in newest
        and (bar.session_date < newest[bar.symbol] or bar.adjusted_close != float(bar.close))
    }


async def _save_queries(
    session: Session,
    feed: Feed,
    query: _Query,
    settled: Collection[str],
    answered: Collection[str],
) -> None:
    """Record the queries that are settled. A symbol without any close, now or stored, is unknown.

    Each session expected of a symbol is stored, was queried recently, or was queried now: so all of
    them count as queried.
    """
    channel = _channel(query.provider)
    symbols = set(settled) & set(query.missing)
    priced = await repository.load_priced(session, symbols - set(answered))
    recent = await repository.load_recent_queries(session, channel, symbols, feed.recheck)
    window = Range(query.expected[0], query.expected[-1])
    ranges = {symbol: window.joined(recent.get(symbol)) for symbol in symbols}
    await repository.save_queries(session, channel, ranges, set(answered) | priced)
