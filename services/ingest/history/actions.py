"""Splits and dividends, and the closes adjusted for them."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from services.ingest import calculations, repository
from services.ingest.history.caveats import unavailable
from services.ingest.history.feed import Feed
from services.ingest.inputs import Channel, CorporateAction, Range
from services.ingest.providers import ActionAnswer, CorporateActionProvider, ProviderUnavailable
from shared.caveats import Caveat
from shared.database import Session

LEARNT_LATE = timedelta(days=7)  # so much of an earlier range is queried again with the new days
DECIMALS = 8  # as values are stored


async def fetch_actions(
    feed: Feed, symbols: Collection[str], first: date, last: date
) -> list[Caveat]:
    """Fetch splits and dividends not yet queried, from the first provider that answers."""
    waiting = set(symbols)
    caveats: list[Caveat] = []
    for provider in feed.sources.corporate_actions:
        if waiting:
            caveats += await _fetch_from(feed, provider, waiting, Range(first, last))
    return caveats


async def _fetch_from(
    feed: Feed, provider: CorporateActionProvider, waiting: set[str], window: Range
) -> list[Caveat]:
    """Query one provider; symbols it has answered about, now or before, leave `waiting`."""
    before = await _queried(feed, provider, waiting) if provider.live else {}
    unqueried = _unqueried(waiting, before, window)
    waiting &= {symbol for names in unqueried.values() for symbol in names}
    caveats: list[Caveat] = []
    try:
        for begin, names in unqueried.items():
            queried = Range(begin, window.last)
            async for answer in provider.corporate_actions(names, queried.first, queried.last):
                caveats += await _store(feed, provider, queried, before, answer)
                waiting -= answer.settled
    except ProviderUnavailable as error:
        caveats.append(unavailable(error, waiting))
    return caveats


async def _queried(
    feed: Feed, provider: CorporateActionProvider, symbols: Collection[str]
) -> Mapping[str, Range]:
    """What the provider was queried for, by symbol; what files say is read again every time."""
    channel = Channel(provider.name, "corporate_actions")
    async with feed.database.transaction() as session:
        return await repository.load_queries(session, channel, symbols)


def _unqueried(
    symbols: Collection[str], before: Mapping[str, Range], window: Range
) -> dict[date, set[str]]:
    """Symbols by the first day to query: the last week, or the whole window for a new symbol."""
    found: dict[date, set[str]] = {}
    for symbol in symbols:
        queried = before.get(symbol)
        if queried is None or not queried.covers(window.first):
            found.setdefault(window.first, set()).add(symbol)
        elif queried.last < window.last:
            found.setdefault(max(window.first, queried.last - LEARNT_LATE), set()).add(symbol)
    return found


async def _store(
    feed: Feed,
    provider: CorporateActionProvider,
    queried: Range,
    before: Mapping[str, Range],
    answer: ActionAnswer,
) -> list[Caveat]:
    """In one transaction: what is new and plausible, and what was queried."""
    sent = {(each.symbol, each.ex_date, each.kind): each for each in answer.actions}
    wanted = [
        each
        for each in sent.values()
        if each.symbol in answer.settled and queried.covers(each.ex_date)
    ]
    judged = calculations.judged(wanted, calculations.action_problem, _name)
    async with feed.database.transaction() as session:
        await _save_new(session, judged.accepted)
        if provider.live:
            ranges = {symbol: queried.joined(before.get(symbol)) for symbol in answer.settled}
            channel = Channel(provider.name, "corporate_actions")
            await repository.save_queries(session, channel, ranges, ranges)
    return judged.caveats("action_not_believed", f"splits or dividends of {provider.name}")


async def _save_new(session: Session, actions: Sequence[CorporateAction]) -> None:
    rounded = [replace(each, value=round(each.value, DECIMALS)) for each in actions]
    stored = await repository.load_actions(session, {each.symbol for each in rounded})
    known = {_identity(each) for found in stored.values() for each in found}
    new = [each for each in rounded if _identity(each) not in known]
    priced = await repository.load_priced(session, {each.symbol for each in new})
    await repository.save_actions(session, new, priced)


def _identity(action: CorporateAction) -> tuple[str, date, str, float]:
    return action.symbol, action.ex_date, action.kind, float(action.value)


def _name(action: CorporateAction) -> str:
    return f"{action.symbol} {action.ex_date.isoformat()} {action.kind}"


async def adjust_closes(feed: Feed, symbols: Collection[str]) -> None:
    """Adjust again the closes that changed, or whose splits or dividends changed, since last."""
    async with feed.database.transaction() as session:
        changed = await repository.claim_unadjusted(session, symbols)
        if not changed:
            return
        actions = await repository.load_actions(session, changed)
        histories = await repository.load_histories(session, actions) if actions else []
        bars = await asyncio.to_thread(calculations.readjusted_bars, histories, actions)
        await repository.save_prices(session, bars)
        await repository.delete_unadjusted(session, changed)
