"""Pages of a ledger, from what is stored and what follows from it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.gateway.books.keeping import derive_ledgers, last_session_with_data
from services.gateway.books.ledger import Ledger, Market, Trade, derived
from services.gateway.books.queries import ledger as ledger_queries
from services.gateway.books.queries import positions
from services.gateway.books.queries import transactions as queries
from services.gateway.books.queries.positions import PositionFilter
from services.gateway.books.queries.transactions import LineFilter, Mark
from services.gateway.books.reading import Book, book_on
from services.gateway.books.schemas.ledger import ExpiryReport, LotPage, TransactionPage
from services.gateway.books.statements import lines, lots
from services.gateway.books.statements.lines import Line
from services.gateway.books.statements.lots import Outlook, ShownLot, Valued
from services.gateway.edge.dependencies import Paging
from shared.database import Session


@dataclass(frozen=True)
class Wanted:
    """Which page of the lines is wanted: `limit` of them from behind a mark."""

    conditions: LineFilter
    after: Mark | None
    limit: int
    newest_first: bool


async def transaction_page(session: Session, portfolio_id: UUID, wanted: Wanted) -> TransactionPage:
    """A page of a portfolio's transactions, entered and derived."""
    items, following = await found_lines(session, portfolio_id, wanted)
    found = {"items": items, "limit": wanted.limit, "next": following}
    return TransactionPage.model_validate(found, from_attributes=True)


async def found_lines(
    session: Session, portfolio_id: UUID, wanted: Wanted
) -> tuple[list[Line], str | None]:
    """The lines of a page, and the mark of the next one, None on the last."""
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
    return await asyncio.to_thread(
        lines.page,
        entered,
        derived,
        conditions,
        wanted.after,
        wanted.limit,
        newest_first=wanted.newest_first,
    )


def _days(wanted: Wanted, entered: Sequence[Line]) -> tuple[date, date]:
    """The days that a page can reach over: derived lines of others are not needed for it."""
    first = wanted.conditions.first or date.min
    last = wanted.conditions.last or date.max
    ends = [wanted.after.day] if wanted.after else []
    far = [entered[-1].trade_date] if len(entered) > wanted.limit else []
    if wanted.newest_first:
        return max([first, *far]), min([last, *ends])
    return max([first, *ends]), min([last, *far])


async def derived_lines(
    session: Session, portfolio_id: UUID, first: date, last: date
) -> list[Line]:
    """What splits, dividends and expiries did from day to day, as far as there is market data."""
    last = min(last, await last_session_with_data(session))
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


@dataclass(frozen=True)
class LotFilter:
    """Which lots are wanted: all conditions hold. `symbol`: theirs or their underlying's."""

    status: LotStatus
    symbol: str | None

    def meets(self, lot: ShownLot) -> bool:
        """Whether the lot is wanted."""
        named = self.symbol in (None, lot.symbol, lot.underlying)
        is_open = lot.exit_date is None
        return named and (
            self.status is LotStatus.ALL or is_open == (self.status is LotStatus.OPEN)
        )


async def lot_page(
    session: Session, portfolio_id: UUID, wanted: LotFilter, page: Paging
) -> LotPage:
    """A page of the portfolio's lots, by entry, and the sums over all that meet the conditions."""
    book = await book_on(session, portfolio_id, None)
    ledger = (await derive_ledgers(session, [portfolio_id]))[portfolio_id]
    rows = await positions.load_positions(
        session, portfolio_id, PositionFilter(), book.valuation.day
    )
    known = await last_session_with_data(session)
    names = [field.name for field in fields(Valued)]
    measured = {
        row["position_id"]: Valued(**{name: row[name] for name in names})
        for row in book.measured(rows)
    }
    return await asyncio.to_thread(_lot_page, book, ledger, measured, known, wanted, page)


def _lot_page(
    book: Book,
    ledger: Ledger,
    measured: Mapping[UUID, Valued],
    known: date,
    wanted: LotFilter,
    page: Paging,
) -> LotPage:
    shown = [lots.shown_lot(lot, measured.get(lot.lot_id), known) for lot in ledger.lots]
    found = [lot for lot in shown if wanted.meets(lot)]
    content = {**book.described(), "totals": lots.totals(found), **page.of(found)}
    return LotPage.model_validate(content, from_attributes=True)


# --- expiries ---


async def expiry_report(session: Session, portfolio_id: UUID) -> ExpiryReport:
    """The options that the portfolio holds, by expiry, and what each of them would end as."""
    day = await last_session_with_data(session)
    if day == date.min:
        return ExpiryReport(portfolio_id=portfolio_id, as_of=None, items=[], unsettled=[])
    outlook = await _outlook(session, portfolio_id, day)
    found = {"items": lots.expiries(outlook), "unsettled": lots.unsettled(outlook)}
    about = {"portfolio_id": portfolio_id, "as_of": day}
    return ExpiryReport.model_validate({**about, **found}, from_attributes=True)


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
        expiry = trade.instrument.expiry
        underlying = trade.instrument.underlying
        if expiry is not None and underlying in closes:
            last = market.last_session(expiry)
            if last > day:
                known[underlying, last] = closes[underlying][1]
    splits = {
        symbol: [split for split in found if split.ex_date <= day]
        for symbol, found in market.splits.items()
    }
    return replace(market, settlements=known, splits=splits)
