"""Keeping ledgers: what is stored of a portfolio follows from its transactions."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from services.gateway.books.caps import refuse_too_many_lines
from services.gateway.books.files import LARGEST_VALUE
from services.gateway.books.ledger import (
    Kind,
    Ledger,
    Market,
    Trade,
    base_trade,
    branched,
    derived,
)
from services.gateway.books.lot_rows import Rows, by_portfolio, changed_since, rows_of
from services.gateway.books.lots import LotLines, Written, inheritances, lines_of_lots
from services.gateway.books.opening import keep_opening_cash
from services.gateway.books.queries import ledger as queries
from services.gateway.books.queries import tags
from services.gateway.books.queries.ledger import LotRow, Terms, TransactionRow
from services.gateway.edge.problems import Problem
from services.gateway.market import queries as market_queries
from shared.calendar import next_session
from shared.database import Session

# Where a transaction comes from.
API = "api"
FILE = "file"
SYSTEM = "system"


@dataclass(frozen=True)
class KeptLedger:
    """The ledger of a portfolio after a change, and the first day that numbers changed on.

    `since` None: neither a lot nor the opening cash changed.
    """

    ledger: Ledger
    since: date | None


async def derive_ledgers(
    session: Session, portfolio_ids: Collection[UUID], as_of: date | None = None
) -> dict[UUID, Ledger]:
    """The ledgers of the portfolios as the market is known up to `as_of`; nothing is written.

    `as_of` None: up to the last session with data.
    """
    terms = await queries.load_terms(session, portfolio_ids)
    trades = await queries.load_trades(session, list(terms))
    return await _derive(session, terms, trades, as_of)


async def load_lines(session: Session, portfolio_id: UUID) -> dict[UUID, LotLines]:
    """The lots of a portfolio with the lines of its ledger behind each, by id."""
    terms = await queries.load_terms(session, [portfolio_id])
    trades = await queries.load_trades(session, [portfolio_id])
    ledgers = await _derive(session, terms, trades, None)
    ledger = ledgers[portfolio_id]
    return await asyncio.to_thread(lines_of_lots, trades[portfolio_id], ledger)


async def _derive(
    session: Session,
    terms: Mapping[UUID, Terms],
    trades: Mapping[UUID, Sequence[Trade]],
    as_of: date | None,
) -> dict[UUID, Ledger]:
    day = as_of or await last_session_with_data(session)
    every = [trade for each in trades.values() for trade in each]
    market = await queries.load_market(session, every, day)
    return await asyncio.to_thread(_ledgers, trades, market, terms)


async def last_session_with_data(session: Session) -> date:
    """The last session that there can be closes of, announced or not; before any, the first day.

    What is derived up to it does not depend on the order in which sessions are run.
    """
    known = await market_queries.sessions_with_data(session)
    return known.last if known else date.min


def _ledgers(
    trades: Mapping[UUID, Sequence[Trade]], market: Market, terms: Mapping[UUID, Terms]
) -> dict[UUID, Ledger]:
    return {
        portfolio_id: _ledger(trades[portfolio_id], market, kept)
        for portfolio_id, kept in terms.items()
    }


def _ledger(trades: Sequence[Trade], market: Market, kept: Terms) -> Ledger:
    draft_id = kept.draft_id
    if draft_id is None:
        return derived(trades, market, kept.lot_method, cash_settlement=kept.cash_settlement)
    of_base = [base_trade(trade, draft_id) for trade in trades]
    ledger = derived(of_base, market, kept.lot_method, cash_settlement=kept.cash_settlement)
    return branched(ledger, draft_id)


async def keep_ledgers(session: Session, portfolio_ids: Collection[UUID]) -> dict[UUID, KeptLedger]:
    """Derive the lots of the portfolios again, and store them where they changed.

    The caller holds the locks of the portfolios and has written what changed.
    """
    return await _store(session, await derive_ledgers(session, portfolio_ids))


async def _store(session: Session, ledgers: Mapping[UUID, Ledger]) -> dict[UUID, KeptLedger]:
    stored = by_portfolio(*await queries.load_lots(session, list(ledgers)))
    after = {key: await asyncio.to_thread(rows_of, key, ledger) for key, ledger in ledgers.items()}
    found: dict[UUID, KeptLedger] = {}
    changed: list[UUID] = []
    for portfolio_id, rows in after.items():
        before = stored.get(portfolio_id, Rows({}, {}))
        since = await asyncio.to_thread(changed_since, before, rows)
        found[portfolio_id] = KeptLedger(ledgers[portfolio_id], since)
        if before != rows:
            changed.append(portfolio_id)
    if changed:
        lots = [row for key in changed for row in after[key].lots.values()]
        spans = [row for key in changed for each in after[key].spans.values() for row in each]
        was = {key: stored[key].lots for key in changed if key in stored}
        now = {key: after[key].lots for key in changed}
        left, delivered = inheritances(_together(was), _together(now))
        await tags.save_inherited(session, left)
        await queries.save_lots(session, changed, lots, spans, empty=not was)
        await tags.save_inherited(session, delivered)
    for portfolio_id, day in (await keep_opening_cash(session, ledgers)).items():
        since = found[portfolio_id].since
        found[portfolio_id] = KeptLedger(
            ledgers[portfolio_id], day if since is None else min(day, since)
        )
    return found


def _together(lots: Mapping[UUID, Mapping[UUID, LotRow]]) -> dict[UUID, LotRow]:
    return {lot_id: row for of_portfolio in lots.values() for lot_id, row in of_portfolio.items()}


async def keep_ledger(
    session: Session, portfolio_id: UUID, ledger: Ledger | None = None
) -> KeptLedger:
    """Derive and store the lots of one portfolio after a user's change; `ledger`: derived already.

    422 when its lots or what it was paid are together more than can be valued (each of a thousand
    lines may be small enough, and their sum not), and when its owner would have too many.
    """
    ledgers = {portfolio_id: ledger} if ledger else await derive_ledgers(session, [portfolio_id])
    kept = (await _store(session, ledgers))[portfolio_id]
    cost = sum(
        (
            abs(lot.quantity) * lot.instrument.multiplier * lot.entry_price
            for lot in kept.ledger.lots
        ),
        Decimal(0),
    )
    moved = await queries.load_amount_moved(session, portfolio_id)
    if max(cost, moved) >= LARGEST_VALUE:
        detail = (
            f"the portfolio's lots would cost {cost:,.2f} USD and its cash lines and fees move "
            f"{moved:,.2f} USD: each must stay below {LARGEST_VALUE:,} USD"
        )
        raise Problem(422, "portfolio_too_large", detail)
    await refuse_too_many_lines(session, portfolio_id)
    return kept


async def enter_lines(
    session: Session,
    portfolio_id: UUID,
    written: Sequence[Written],
    days: tuple[date | None, date],
    source: str,
) -> KeptLedger:
    """Enter what was written of several lots into the ledger, and store what follows from it.

    What is entered is not read again: the ledger is derived from it while Postgres writes. `days`:
    the session that it is valued on and its first day, from which NAV starts (`value_from_first`).
    """
    lines = await _undo(session, portfolio_id, written, source)
    terms = (await queries.load_terms(session, [portfolio_id]))[portfolio_id]
    trades = (await queries.load_trades(session, [portfolio_id]))[portfolio_id]
    trades += await asyncio.to_thread(queries.trades_of, lines)
    market = await queries.load_market(session, trades, await last_session_with_data(session))

    async def write() -> None:
        await queries.append_transactions(session, lines)
        await value_from_first(session, portfolio_id, *days, source)

    ledger, _ = await asyncio.gather(asyncio.to_thread(_ledger, trades, market, terms), write())
    return await keep_ledger(session, portfolio_id, ledger)


async def write_lines(
    session: Session, portfolio_id: UUID, written: Sequence[Written], source: str
) -> None:
    """Enter what was written of several lots into the ledger, reversals first."""
    lines = await _undo(session, portfolio_id, written, source)
    await queries.append_transactions(session, lines)


async def _undo(
    session: Session, portfolio_id: UUID, written: Sequence[Written], source: str
) -> list[TransactionRow]:
    """Reverse what was written over; the lines that are to be entered."""
    undone = [identity for each in written for identity in each.reversed]
    if undone:
        await queries.save_reversals(session, portfolio_id, undone, source)
    return [line for each in written for line in each.lines]


async def value_from(session: Session, portfolio_id: UUID, day: date, source: str) -> None:
    """Let NAV start from a session unless it starts already; equity given before is of that day."""
    latest = await market_queries.latest_session(session)
    given = await queries.save_valued_from(session, portfolio_id, day, latest)
    if given is not None:
        await queries.append_transactions(
            session, [equity_statement(portfolio_id, day, given, source)]
        )


async def value_from_first(
    session: Session, portfolio_id: UUID, valued_on: date | None, first_day: date, source: str
) -> None:
    """Let NAV start with a portfolio's first transactions, unless it starts already.

    That is on the session they are valued on, or when the first of them is later, on its session.
    `valued_on` None: no session is known yet, so it does not start.
    """
    if valued_on is not None:
        eve = max(valued_on, first_day) - timedelta(days=1)
        await value_from(session, portfolio_id, await asyncio.to_thread(next_session, eve), source)


async def anchor_portfolios(session: Session) -> None:
    """Let NAV start with the first snapshot where portfolios are older than their ledgers."""
    for portfolio_id, first in await queries.load_unanchored(session):
        await value_from(session, portfolio_id, first, SYSTEM)


async def state_equity(
    session: Session, portfolio_id: UUID, day: date, amount: Decimal | None, source: str
) -> date | None:
    """Let the equity of a day be so much, None: not given; the first day whose NAV that moves.

    None when it is so already. NAV before the first statement is carried backward from it.
    """
    standing = await queries.active_transactions(session, portfolio_id, [Kind.EQUITY])
    before = {key: given for key, (stated_on, given) in standing.items() if stated_on == day}
    if list(before.values()) == ([] if amount is None else [amount]):
        return None
    await queries.save_reversals(session, portfolio_id, list(before), source)
    if amount is not None:
        statement = equity_statement(portfolio_id, day, amount, source)
        await queries.append_transactions(session, [statement])
    is_first = all(stated_on >= day for stated_on, _ in standing.values())
    return date.min if is_first else day


def equity_statement(portfolio_id: UUID, day: date, amount: Decimal, source: str) -> TransactionRow:
    """The line that states a day's equity."""
    return TransactionRow(uuid4(), portfolio_id, Kind.EQUITY, day, day, source, amount=amount)


def cash_flow(portfolio_id: UUID, day: date, amount: Decimal, note: str) -> TransactionRow:
    """The line of a deposit (positive) or a withdrawal (negative)."""
    kind = Kind.DEPOSIT if amount > 0 else Kind.WITHDRAWAL
    return TransactionRow(uuid4(), portfolio_id, kind, day, day, API, amount=amount, note=note)
