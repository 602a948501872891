"""Splits and dividends, and the closes adjusted for them."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from services.ingest import calculations, repository
from services.ingest.calculations import Action, Asked
from services.ingest.history.feed import Completion, Feed, save_asked
from services.ingest.history.notices import unavailable
from services.ingest.providers import (
    ActionAnswer,
    CorporateAction,
    CorporateActionProvider,
    ProviderUnavailable,
)
from shared.contracts.event import Notice

KIND = "corporate_actions"
LEARNT_LATE = timedelta(
    days=7
)  # so much of what was asked for is asked for again, with what is new
NOBODY = UUID(int=0)  # who has told of what changes no figure


async def complete_actions(
    feed: Feed, symbols: Collection[str], first: date, last: date, done: Completion
) -> None:
    """Ask for splits and dividends not asked for yet, of the first provider that answers about a
    symbol.
    """
    waiting = set(symbols)
    for provider in feed.sources.corporate_actions:
        try:
            await _ask(feed, provider, waiting, Asked(first, last), done)
        except ProviderUnavailable as error:
            done.notices.append(unavailable(error, sorted(waiting)))


async def _ask(
    feed: Feed,
    provider: CorporateActionProvider,
    waiting: set[str],
    window: Asked,
    done: Completion,
) -> None:
    """Ask one provider; symbols it has answered about, now or before, wait no longer."""
    if not waiting:
        return
    async with feed.database.transaction() as session:
        ranges = await repository.load_ever_asked(session, provider.name, KIND, waiting)
    before = {symbol: Asked(*asked) for symbol, asked in ranges.items()} if provider.live else {}
    unasked = _unasked(waiting, before, window)
    waiting &= {symbol for names in unasked.values() for symbol in names}
    for begin, names in unasked.items():
        asked = Asked(begin, window.last)
        async for answer in provider.corporate_actions(names, asked.first, asked.last):
            await _store(feed, provider, asked, before, answer, done)
            waiting -= answer.settled


def _unasked(
    symbols: Collection[str], before: Mapping[str, Asked], window: Asked
) -> dict[date, set[str]]:
    """Symbols by the day to ask from: usually the last week, or the whole window for a new
    symbol.
    """
    found: dict[date, set[str]] = {}
    for symbol in symbols:
        asked = before.get(symbol)
        if asked is None or not asked.covers(window.first):
            found.setdefault(window.first, set()).add(symbol)
        elif asked.last < window.last:
            found.setdefault(max(window.first, asked.last - LEARNT_LATE), set()).add(symbol)
    return found


async def _store(
    feed: Feed,
    provider: CorporateActionProvider,
    asked: Asked,
    before: Mapping[str, Asked],
    answer: ActionAnswer,
    done: Completion,
) -> None:
    """One transaction: what is new and can be believed, that it is to be adjusted for and told, and
    what was asked.
    """
    sent = {(each.symbol, each.ex_date, each.kind): each for each in answer.actions}.values()
    wanted = [each for each in sent if each.symbol in answer.settled and asked.covers(each.ex_date)]
    problems = {
        _name(each): problem for each in wanted if (problem := calculations.action_problem(each))
    }
    believed = [
        replace(each, value=round(each.value, 8)) for each in wanted if _name(each) not in problems
    ]
    async with feed.database.transaction() as session:
        stored = await repository.load_actions(session, {each.symbol for each in believed})
        new = [
            each
            for each in believed
            if (each.ex_date, each.kind, float(each.value)) not in stored.get(each.symbol, ())
        ]
        priced = await repository.load_priced(session, {each.symbol for each in new})
        rows = [vars(each) | {"told_by": None if each.symbol in priced else NOBODY} for each in new]
        await repository.save_actions(session, rows)
        await repository.save_unadjusted(session, {each.symbol for each in new})
        if provider.live:
            ranges = {symbol: asked.and_also(before.get(symbol)) for symbol in answer.settled}
            await save_asked(session, provider.name, KIND, ranges, ranges)
    if problems:
        reason = next(iter(problems.values()))
        message = (
            f"splits or dividends of {provider.name} were not believed and not stored: {reason}"
        )
        done.notices.append(Notice.naming("action_not_believed", message, list(problems)))


def _name(action: CorporateAction) -> str:
    return f"{action.symbol} {action.ex_date.isoformat()} {action.kind}"


async def adjust(feed: Feed, symbols: Collection[str]) -> None:
    """Adjusted closes anew for symbols whose closes or splits and dividends changed since they were
    adjusted last.
    """
    async with feed.database.transaction() as session:
        changed = await repository.load_unadjusted(session, symbols)
        if not changed:
            return
        actions = await repository.load_actions(session, changed)
        histories = await repository.load_histories(session, actions) if actions else []
        rows = await asyncio.to_thread(_readjusted, histories, actions)
        await repository.save_prices(session, rows)
        await repository.delete_unadjusted(session, changed)


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
