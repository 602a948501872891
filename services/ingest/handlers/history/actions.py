"""Splits and dividends, and the closes adjusted for them."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from services.ingest import calculations, repository
from services.ingest.calculations import Action, Asked
from services.ingest.handlers.history.feed import Completion, Feed, asked_lately
from services.ingest.handlers.history.notices import unavailable
from services.ingest.providers import ProviderUnavailable


async def complete_actions(
    feed: Feed, symbols: Collection[str], first: date, last: date, done: Completion
) -> dict[str, date]:
    """Ask for splits and dividends not asked for yet; returns the oldest new ex-date of each symbol that has one."""
    for provider in feed.sources.corporate_actions:
        try:
            return await _actions_of(feed, provider, symbols, first, last)
        except ProviderUnavailable as error:
            done.notices.append(unavailable(error, ()))
    return {}


async def _actions_of(
    feed: Feed, provider: Any, symbols: Collection[str], first: date, last: date
) -> dict[str, date]:
    new: dict[str, date] = {}
    async with feed.database.transaction() as session:
        asked = await asked_lately(session, feed, provider.name, "corporate_actions", symbols)
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


async def adjust(feed: Feed, symbols: Collection[str]) -> None:
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
