"""A portfolio's ledger as its owner reads it: transactions, lots, and expiries to come."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.gateway.books import lines, lots
from services.gateway.books.keeping import derive_ledgers
from services.gateway.books.ledger import Ledger, Market, Trade, derived
from services.gateway.books.lines import Line
from services.gateway.books.lots import Outlook
from services.gateway.books.queries import ledger as ledger_queries
from services.gateway.books.queries import positions
from services.gateway.books.queries import transactions as queries
from services.gateway.books.queries.positions import PositionFilter
from services.gateway.books.queries.transactions import LineFilter, Mark
from services.gateway.books.reading import Book, Part, book_on
from services.gateway.edge.queries import Row
from services.gateway.market import queries as market_queries
from shared.database import Session


@dataclass(frozen=True)
class Wanted:
    """Which page of the lines is wanted: `limit` of them from behind a mark."""

    conditions: LineFilter
    after: Mark | None
    limit: int
    newest_first: bool


async def transaction_page(session: Session, portfolio_id: UUID, wanted: Wanted) -> dict[str, Any]:
    """A page of a portfolio's transactions, entered and derived."""
    conditions = wanted.conditions
    rows = (
        await queries.load_lines(
            session,
            portfolio_id,
            conditions,
            wanted.after,
            wanted.limit + 1,
            newest_first=wanted.newest_first,
        )
        if lines.wants_entered(conditions)
        else []
    )
    entered = [lines.entered_line(row) for row in rows]
    derived: list[Line] = []
    if lines.wants_derived(conditions):
        first, last = _days(wanted, entered)
        derived = await derived_lines(session, portfolio_id, first, last)
    items, following = await asyncio.to_thread(
        lines.page,
        entered,
        derived,
        conditions,
        wanted.after,
        wanted.limit,
        newest_first=wanted.newest_first,
    )
    return {"items": items, "limit": wanted.limit, "next": following}


def _days(wanted: Wanted, entered: Sequence[Line]) -> tuple[date, date]:
    """The days that a page can reach over: derived lines of others are not needed for it."""
    first = wanted.conditions.first or date.min
    last = wanted.conditions.last or date.max
    ends = [wanted.after.day] if wanted.after else []
    far = [entered[-1]["trade_date"]] if len(entered) > wanted.limit else []
    earliest, latest = (far, ends) if wanted.newest_first else (ends, far)
    return max([first, *earliest]), min([last, *latest])


async def derived_lines(
    session: Session, portfolio_id: UUID, first: date, last: date
) -> list[Line]:
    """What splits, dividends and expiries did from day to day, as far as there is market data."""
    known = await market_queries.latest_session(session)
    last = min(last, known or date.min)
    first = max(first, date(1900, 1, 1))
    if first > last:
        return []
    splits = await queries.load_splits_held(session, portfolio_id, first, last)
    dividends = await queries.load_dividends_due(session, portfolio_id, first, last)
    found = [lines.split_line(portfolio_id, row) for row in splits]
    found += [lines.dividend_line(portfolio_id, row) for row in dividends]
    if await queries.has_options(session, portfolio_id):
        ledger = (await derive_ledgers(session, [portfolio_id]))[portfolio_id]
        found += [
            line
            for settlement in ledger.settlements
            if first <= settlement.settled_on <= last
            for line in lines.settlement_lines(portfolio_id, settlement)
        ]
    return found


# --- lots ---


class LotStatus(StrEnum):
    """Whether some of a lot is left."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


async def lot_page(
    session: Session, portfolio_id: UUID, status: LotStatus, symbol: str | None, part: Part
) -> dict[str, Any]:
    """A page of the portfolio's lots, by entry, and the sums over all that meet the conditions."""
    book = await book_on(session, portfolio_id, None)
    ledger = (await derive_ledgers(session, [portfolio_id]))[portfolio_id]
    rows = await positions.load_positions(
        session, portfolio_id, PositionFilter(), book.valuation.day
    )
    known = await market_queries.latest_session(session)
    return await asyncio.to_thread(_lot_page, book, ledger, rows, known, (status, symbol, part))


def _lot_page(
    book: Book,
    ledger: Ledger,
    rows: Sequence[Row],
    known: date | None,
    wanted: tuple[LotStatus, str | None, Part],
) -> dict[str, Any]:
    status, symbol, part = wanted
    measured = {row["position_id"]: row for row in book.measured(rows)}
    shown = [lots.shown_lot(lot, measured.get(lot.lot_id), known) for lot in ledger.lots]
    found = [lot for lot in shown if _has_status(lot, status) and _is_on(lot, symbol)]
    return {**book.described(), "totals": lots.totals(found), **part.of(found)}


def _has_status(lot: Row, status: LotStatus) -> bool:
    if status is LotStatus.ALL:
        return True
    return (lot["exit_date"] is None) == (status is LotStatus.OPEN)


def _is_on(lot: Row, symbol: str | None) -> bool:
    return symbol in (None, lot["symbol"], lot["underlying"])


# --- expiries ---


async def expiry_report(session: Session, portfolio_id: UUID) -> dict[str, Any]:
    """The options that the portfolio holds, by expiry, and what each of them would end as."""
    day = await market_queries.latest_session(session)
    if day is None:
        return {"portfolio_id": portfolio_id, "as_of": None, "items": [], "unsettled": []}
    outlook = await _outlook(session, portfolio_id, day)
    return {
        "portfolio_id": portfolio_id,
        "as_of": day,
        "items": lots.expiries(outlook),
        "unsettled": lots.unsettled(outlook),
    }


async def _outlook(session: Session, portfolio_id: UUID, day: date) -> Outlook:
    """The options' ledger as if each expired at the last close of its underlying."""
    every = (await ledger_queries.load_trades(session, [portfolio_id]))[portfolio_id]
    options = [trade for trade in every if trade.instrument.expiry is not None]
    terms = (await ledger_queries.load_terms(session, [portfolio_id]))[portfolio_id]
    market = await ledger_queries.load_market(session, options, date.max)
    underlyings = {trade.instrument.underlying for trade in options}
    closes = await queries.load_last_closes(session, underlyings, day)
    prospect = _prospect(market, options, closes, day)
    ledger = await asyncio.to_thread(
        derived,
        options,
        prospect,
        terms.lot_method,
        cash_settlement=terms.cash_settlement,
    )
    return Outlook(day, prospect, closes, ledger)


def _prospect(
    market: Market, options: Sequence[Trade], closes: queries.LastCloses, day: date
) -> Market:
    """The market with the last closes as those of every expiry to come."""
    known = {key: close for key, close in market.settlements.items() if key[1] <= day}
    for trade in options:
        expiry, underlying = trade.instrument.expiry, trade.instrument.underlying
        if expiry is not None and underlying in closes:
            last = market.last_session(expiry)
            if last > day:
                known[underlying, last] = closes[underlying][1]
    splits = {
        symbol: [split for split in found if split.ex_date <= day]
        for symbol, found in market.splits.items()
    }
    return replace(market, settlements=known, splits=splits)
