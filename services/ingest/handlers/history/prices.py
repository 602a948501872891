"""Closes: the gaps, who fills them, and which answers are believed."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date, timedelta
from uuid import UUID, uuid4

from services.ingest import calculations, repository
from services.ingest.calculations import Asked, Doubt, Known
from services.ingest.handlers.history.feed import Completion, Feed, asked_lately
from services.ingest.handlers.history.notices import unavailable
from services.ingest.providers import Answer, Bar, PriceProvider, ProviderUnavailable
from shared import calendar
from shared.contracts.event import Notice
from shared.database import Database, Session

BARS_AT_ONCE = 50_000
CLAIM_POLL_SECONDS = 0.5


async def complete_prices(
    feed: Feed, symbols: Collection[str], expected: Sequence[date], done: Completion
) -> set[str]:
    """Ask for what is missing, sharing the symbols with other replicas; returns the symbols that got a close."""
    waiting, fresh = set(symbols), set[str]()
    while todo := await _worth_asking(feed, waiting, expected):
        async with _claimed(feed, todo) as mine:
            for provider in feed.sources.prices if mine else ():
                fresh |= await _ask(feed, provider, mine, expected, done)
        waiting -= mine
        if waiting and not mine:
            await asyncio.sleep(CLAIM_POLL_SECONDS)
    return fresh


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
        held = await repository.load_held_sessions(session, symbols, covered[0], covered[-1], len(covered))
        asked = await asked_lately(session, feed, provider.name, "prices", set(held)) if held else {}
    return calculations.missing_sessions(covered, held, asked)


@asynccontextmanager
async def _claimed(feed: Feed, symbols: Collection[str]) -> AsyncIterator[set[str]]:
    """The symbols that are ours to fetch until we leave; held by a renewal, so that they are free if we die."""
    claimant, seconds = uuid4(), feed.settings.claim_seconds
    async with feed.database.transaction() as session:
        mine = await repository.save_claims(session, symbols, claimant, seconds)
    renewal = asyncio.create_task(_renew(feed.database, claimant, seconds))
    try:
        yield mine
    finally:
        renewal.cancel()
        with suppress(asyncio.CancelledError):
            await renewal
        async with feed.database.transaction() as session:
            await repository.delete_claims(session, claimant)


async def _renew(database: Database, claimant: UUID, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds / 3)
        async with database.transaction() as session:
            await repository.renew_claims(session, claimant, seconds)


async def _ask(
    feed: Feed, provider: PriceProvider, symbols: Collection[str], expected: Sequence[date], done: Completion
) -> set[str]:
    """Ask one provider for what is missing still, and store each answer; returns the symbols that got a close."""
    missing = await _missing(feed, provider, symbols, expected)
    if not missing:
        return set()
    fresh: set[str] = set()
    try:
        async for answer in _gathered(provider.bars(missing), feed.seconds_at_once):
            fresh |= await _store(feed, provider, missing, answer, done)
    except ProviderUnavailable as error:
        done.notices.append(unavailable(error, sorted(set(missing) - fresh)))
    return fresh


async def _gathered(answers: AsyncIterator[Answer], seconds: float) -> AsyncIterator[Answer]:
    """Small answers put together, so that storing them costs less; none is kept back for long, or lost."""
    loop = asyncio.get_running_loop()
    bars: list[Bar] = []
    settled: set[str] = set()
    since, failure, coming = loop.time(), None, asyncio.ensure_future(anext(answers))
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=max(0.0, since + seconds - loop.time()))
            if done:
                try:
                    answer = coming.result()
                except (StopAsyncIteration, ProviderUnavailable) as error:
                    failure = error
                    break
                bars += answer.bars
                settled |= answer.settled
                coming = asyncio.ensure_future(anext(answers))
            if len(bars) >= BARS_AT_ONCE or loop.time() - since >= seconds:
                if settled or bars:
                    yield Answer(bars, frozenset(settled))
                bars, settled, since = [], set(), loop.time()
    finally:
        coming.cancel()
    yield Answer(bars, frozenset(settled))
    if isinstance(failure, ProviderUnavailable):
        raise failure


async def _store(
    feed: Feed,
    provider: PriceProvider,
    missing: Mapping[str, Sequence[date]],
    answer: Answer,
    done: Completion,
) -> set[str]:
    """One transaction: the closes that can be believed, those that cannot, and what was asked."""
    bars = _wanted(answer.bars, missing)
    live = await provider.coverage() is None
    async with feed.database.transaction() as session:
        known = await _known(session, provider.name, bars)
        last = max((days[-1] for days in missing.values()), default=date.min)
        believed, doubts = await asyncio.to_thread(
            calculations.sound_bars, bars, known, last, calendar.is_session
        )
        await repository.save_prices(session, [vars(bar) for bar in believed])
        await _save_doubts(session, provider.name, doubts, done)
        if live:
            await _save_asked(session, provider.name, missing, answer, {bar.symbol for bar in bars})
    return {bar.symbol for bar in believed}


def _wanted(bars: Sequence[Bar], missing: Mapping[str, Sequence[date]]) -> list[Bar]:
    """One close per symbol and session, of what was missing: what is stored already came from elsewhere and stays.

    Sessions outside the range asked for are kept to be judged: they are what a lying provider sends.
    """
    asked = {symbol: frozenset(days) for symbol, days in missing.items()}
    chosen = {
        (bar.symbol, bar.session_date): bar
        for bar in bars
        if bar.symbol in missing
        and (
            bar.session_date in asked[bar.symbol]
            or not missing[bar.symbol][0] <= bar.session_date <= missing[bar.symbol][-1]
        )
    }
    return list(chosen.values())


async def _known(session: Session, provider: str, bars: Sequence[Bar]) -> Known:
    if not bars:
        return Known({}, {}, {})
    symbols = {bar.symbol for bar in bars}
    first, last = min(bar.session_date for bar in bars), max(bar.session_date for bar in bars)
    actions = await repository.load_actions(session, symbols)
    splits = {
        symbol: [(day, value) for day, kind, value in found if kind == "split"]
        for symbol, found in actions.items()
    }
    return Known(
        await repository.load_neighbours(session, symbols, first, last),
        splits,
        await repository.load_doubted(session, symbols, first, last, provider),
    )


async def _save_doubts(session: Session, provider: str, doubts: Sequence[Doubt], done: Completion) -> None:
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
    provider: str,
    missing: Mapping[str, Sequence[date]],
    answer: Answer,
    answered: Collection[str],
) -> None:
    """Remember the questions that are settled. A symbol without any close, now or stored, is unknown."""
    settled = answer.settled & set(missing)
    stored = await repository.load_priced(session, settled - set(answered))
    before = await repository.load_asked(
        session, provider, "prices", settled, timedelta(days=36_500), timedelta(0)
    )
    ranges = {}
    for symbol in settled:
        first, last = missing[symbol][0], missing[symbol][-1]
        together = Asked(*before[symbol]).and_also(first, last) if symbol in before else Asked(first, last)
        ranges[symbol] = (together.first, together.last)
    await repository.save_asked(session, provider, "prices", ranges, set(answered) | stored)
