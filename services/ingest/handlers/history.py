"""History that heals itself: what is missing is asked for, of one provider after the other, and stored as it comes.

No transaction is open while a provider is waited for. Every answer is stored at once, so a crash loses at most the
one under way. Replicas share the work by claims: a symbol is fetched by one of them at a time.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import structlog

from services.ingest import calculations, repository
from services.ingest.calculations import Action, Asked, Doubt, Known
from services.ingest.providers import Answer, Bar, PriceProvider, ProviderUnavailable
from services.ingest.providers.sources import Sources
from services.ingest.settings import IngestSettings
from shared import calendar
from shared.contracts.event import Notice
from shared.database import Database, Session

BARS_AT_ONCE = 50_000
CLAIM_POLL_SECONDS = 0.5
ALL_YIELDS = "*"
log = structlog.get_logger("sigmasight.ingest")


@dataclass(frozen=True)
class Feed:
    """Where data come from, where they go, and the rules of asking."""

    database: Database
    sources: Sources
    settings: IngestSettings
    seconds_at_once: float = 5.0  # how long an answer may wait for others, to be stored together

    @property
    def recheck(self) -> timedelta:
        """How long an answer that lacked something stands."""
        return timedelta(hours=self.settings.recheck_hours)

    @property
    def unknown_recheck(self) -> timedelta:
        """How long a symbol stays unknown."""
        return timedelta(days=self.settings.unknown_recheck_days)


@dataclass
class Completion:
    """What became of completing history: what to say, and which symbols changed before which day.

    `restated`: by symbol, the first session whose figures a split or dividend learnt late changes.
    """

    notices: list[Notice] = field(default_factory=list)
    restated: dict[str, date] = field(default_factory=dict)


async def complete_history(feed: Feed, symbols: Collection[str], as_of: date) -> Completion:
    """Everything that pricing the symbols up to `as_of` needs, as far as anybody has it."""
    done = Completion()
    first = calculations.window_start(as_of, feed.settings.history_sessions)
    new_actions = await _complete_actions(feed, symbols, first, as_of, done)
    fresh = await _complete_prices(feed, symbols, calendar.sessions(first, as_of), done)
    await _adjust(feed, set(new_actions) | fresh)
    done.restated.update({symbol: day for symbol, day in new_actions.items() if day < as_of})
    await _complete_yields(feed, first, as_of, done)
    await _complete_securities(feed, symbols, done)
    async with feed.database.transaction() as session:
        done.notices += await _still_missing(session, symbols, as_of)
    return done


# --- prices ---


async def _complete_prices(
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
        asked = await _asked_lately(session, feed, provider.name, "prices", set(held)) if held else {}
    return calculations.missing_sessions(covered, held, asked)


async def _asked_lately(
    session: Session, feed: Feed, provider: str, kind: str, symbols: Collection[str]
) -> dict[str, Asked]:
    found = await repository.load_asked(session, provider, kind, symbols, feed.recheck, feed.unknown_recheck)
    return {symbol: Asked(*asked) for symbol, asked in found.items()}


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
        done.notices.append(_unavailable(error, sorted(set(missing) - fresh)))
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


def _unavailable(error: ProviderUnavailable, about: Sequence[str]) -> Notice:
    log.warning("provider unavailable", provider=error.provider, reason=error.reason)
    return Notice.naming("provider_unavailable", f"{error.provider}: {error.reason}", about)


# --- splits and dividends ---


async def _complete_actions(
    feed: Feed, symbols: Collection[str], first: date, last: date, done: Completion
) -> dict[str, date]:
    """Ask for splits and dividends not asked for yet; returns the oldest new ex-date of each symbol that has one."""
    for provider in feed.sources.corporate_actions:
        try:
            return await _actions_of(feed, provider, symbols, first, last)
        except ProviderUnavailable as error:
            done.notices.append(_unavailable(error, ()))
    return {}


async def _actions_of(
    feed: Feed, provider: Any, symbols: Collection[str], first: date, last: date
) -> dict[str, date]:
    new: dict[str, date] = {}
    async with feed.database.transaction() as session:
        asked = await _asked_lately(session, feed, provider.name, "corporate_actions", symbols)
    for (begin, end), names in _unasked(symbols, asked, first, last).items():
        found = await provider.corporate_actions(names, begin, end)
        wanted = [action for action in found if action.symbol in names]
        async with feed.database.transaction() as session:
            stored = await repository.load_actions(session, {action.symbol for action in wanted})
            await repository.save_actions(session, [vars(action) for action in wanted])
            ranges = {symbol: (min(first, begin), end) for symbol in names}
            await repository.save_asked(session, provider.name, "corporate_actions", ranges, names)
        for action in wanted:
            if (action.ex_date, action.kind, float(action.value)) not in stored.get(action.symbol, ()):
                new[action.symbol] = min(new.get(action.symbol, action.ex_date), action.ex_date)
    return new


def _unasked(
    symbols: Collection[str], asked: Mapping[str, Asked], first: date, last: date
) -> dict[tuple[date, date], set[str]]:
    """The ranges not asked for yet, each with its symbols: usually one day, or everything for a new symbol."""
    ranges: dict[tuple[date, date], set[str]] = {}
    for symbol in symbols:
        before = asked.get(symbol)
        begin = before.last + timedelta(days=1) if before and before.first <= first <= before.last else first
        if begin <= last:
            ranges.setdefault((begin, last), set()).add(symbol)
    return ranges


async def _adjust(feed: Feed, symbols: Collection[str]) -> None:
    """Adjusted closes anew for symbols whose closes or splits and dividends changed."""
    if not symbols:
        return
    async with feed.database.transaction() as session:
        actions = await repository.load_actions(session, symbols)
        histories = await repository.load_histories(session, actions) if actions else []
        rows = await asyncio.to_thread(_readjusted, histories, actions)
        await repository.save_prices(session, rows)


def _readjusted(
    histories: Sequence[Any], actions: Mapping[str, Sequence[tuple[date, str, float]]]
) -> list[dict[str, Any]]:
    rows = []
    for history in histories:
        adjusted = calculations.adjusted_closes(
            history.session_date,
            np.array(history.close, dtype=np.float64),
            np.array(history.close_basis) == "adjusted",
            [Action(*action) for action in actions[history.symbol]],
        )
        rows += [
            {
                "symbol": history.symbol,
                "session_date": day,
                "close": close,
                "adjusted_close": float(new),
                "close_basis": basis,
                "source": source,
            }
            for day, close, old, basis, source, new in zip(
                history.session_date,
                history.close,
                history.adjusted_close,
                history.close_basis,
                history.source,
                adjusted,
                strict=True,
            )
            if float(new) != old
        ]
    return rows


# --- yields and facts ---


async def _complete_yields(feed: Feed, first: date, as_of: date, done: Completion) -> None:
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
            done.notices.append(_unavailable(error, ()))


async def _yields_of(feed: Feed, provider: Any, first: date, as_of: date) -> bool:
    """Whether the provider had any, now or when it was last asked."""
    async with feed.database.transaction() as session:
        asked = await _asked_lately(session, feed, provider.name, "yields", {ALL_YIELDS})
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


async def _complete_securities(feed: Feed, symbols: Collection[str], done: Completion) -> None:
    """Learn what symbols without facts are, of one provider after the other."""
    async with feed.database.transaction() as session:
        unknown = set(symbols) - await repository.load_known_symbols(session, symbols)
    for provider in feed.sources.securities if unknown else ():
        async with feed.database.transaction() as session:
            asked = await _asked_lately(session, feed, provider.name, "securities", unknown)
        names = unknown - set(asked)
        try:
            facts = await provider.securities(names) if names else ()
        except ProviderUnavailable as error:
            done.notices.append(_unavailable(error, sorted(names)))
            continue
        found = {fact.symbol for fact in facts} & names
        async with feed.database.transaction() as session:
            await repository.save_securities(session, [vars(fact) for fact in facts if fact.symbol in names])
            ranges = dict.fromkeys(names, (date.min, date.max))
            await repository.save_asked(session, provider.name, "securities", ranges, found)
        unknown -= found


# --- what stays missing ---


async def _still_missing(session: Session, symbols: Collection[str], as_of: date) -> list[Notice]:
    known = await repository.load_known_symbols(session, symbols)
    known |= await repository.load_priced(session, set(symbols) - known)
    unknown = set(symbols) - known
    unpriced = await repository.load_unpriced(session, known, as_of)
    notices = []
    if unknown:
        message = "no provider knows these symbols: they have no price"
        notices.append(Notice.naming("unknown_symbol", message, sorted(unknown)))
    if unpriced:
        message = f"no price on {as_of.isoformat()}: the last one is carried forward"
        notices.append(Notice.naming("price_missing", message, sorted(unpriced)))
    return notices
