"""A file of transactions, met with the ledger it is for, and entered into it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from os import urandom
from uuid import UUID, uuid4

from services.gateway.books.checks import IN_PRICE, in_price
from services.gateway.books.entering import beyond_held
from services.gateway.books.files import OPTIONS, PUBLIC, Entry, Skipped
from services.gateway.books.files import Problem as RowProblem
from services.gateway.books.keeping import FILE, enter_lines
from services.gateway.books.ledger import Excess, Kind
from services.gateway.books.lots import Written
from services.gateway.books.queries.ledger import TransactionRow
from services.gateway.books.queries.transactions import (
    first_ex_date,
    known_external_ids,
    load_in_price,
)
from shared.database import Session
from shared.instruments import OPTION_MULTIPLIER, STOCK_MULTIPLIER, OptionContract


@dataclass(frozen=True)
class Result:
    """What entering a file did: the first day whose numbers it changes, and notices about lines.

    `since` None: no number changes.
    """

    since: date | None = None
    warnings: Sequence[RowProblem] = ()


async def known_lines(
    session: Session, portfolio_id: UUID, entries: Sequence[Entry]
) -> list[Skipped]:
    """The lines that the portfolio has already, by the broker's own ids."""
    named = {entry.external_id for entry in entries if entry.external_id is not None}
    known = await known_external_ids(session, portfolio_id, named) if named else {}
    message = "the portfolio has a transaction of this id already: it is not entered again"
    return [
        Skipped(entry.line, entry.external_id, "known_id", message)
        for entry in entries
        if entry.external_id is not None and entry.external_id in known
    ]


async def write_entries(
    session: Session,
    portfolio_id: UUID,
    entries: Sequence[Entry],
    valued_on: date | None,
    share_day: date | None,
) -> Result:
    """Enter lines into a portfolio's ledger and derive its lots again.

    `share_day`: in whose shares all of them are; None: each in those of its day.
    """
    if not entries:
        return Result()
    rows = await asyncio.to_thread(_rows, portfolio_id, entries, share_day)
    first = min(entry.trade_date for entry in entries)
    written = [Written((), rows)]
    kept = await enter_lines(session, portfolio_id, written, (valued_on, first), FILE)
    by_id = {row.transaction_id: row for row in rows}
    warnings = [
        _excess_warning(by_id[excess.transaction_id], excess)
        for excess in kept.ledger.excesses
        if excess.transaction_id in by_id
    ]
    dividends = [row.transaction_id for row in rows if row.kind is Kind.DIVIDEND]
    warnings += [
        RowProblem(by_id[key].source_line or 0, "amount", IN_PRICE, in_price(by_id[key]))
        for key in await load_in_price(session, dividends)
    ]
    paid_for = await first_ex_date(session, dividends)
    since = min(day for day in (first, kept.since, paid_for) if day is not None)
    return Result(since, sorted(warnings, key=lambda warning: warning.line))


def _rows(
    portfolio_id: UUID, entries: Sequence[Entry], share_day: date | None
) -> list[TransactionRow]:
    ids = _random_ids(len(entries))
    return [
        transaction_row(portfolio_id, entry, share_day, transaction_id)
        for entry, transaction_id in zip(entries, ids, strict=True)
    ]


def _random_ids(count: int) -> list[UUID]:
    """As many ids as `uuid4` would give, for one call of the system instead of one for each."""
    drawn = urandom(16 * count)
    return [UUID(bytes=drawn[place : place + 16], version=4) for place in range(0, len(drawn), 16)]


def transaction_row(
    portfolio_id: UUID, entry: Entry, share_day: date | None, transaction_id: UUID | None = None
) -> TransactionRow:
    """The line as one of the ledger; `transaction_id`: default a random one.

    `share_day`: in whose shares it is where it does not say so itself.
    """
    instrument = entry.instrument
    option = instrument if isinstance(instrument, OptionContract) else None
    symbol = instrument.symbol if isinstance(instrument, OptionContract) else instrument
    traded = entry.quantity is not None
    return TransactionRow(
        transaction_id or uuid4(),
        portfolio_id,
        entry.kind,
        entry.trade_date,
        ((entry.stated_on or share_day) if traded else None) or entry.trade_date,
        FILE,
        symbol=symbol,
        underlying=option.underlying if option else symbol,
        option_type=option.option_type if option else None,
        strike=option.strike if option else None,
        expiry=option.expiry if option else None,
        multiplier=OPTION_MULTIPLIER if option else STOCK_MULTIPLIER,
        investment_class=(OPTIONS if option else PUBLIC) if traded else None,
        quantity=entry.quantity,
        price=entry.price,
        amount=entry.amount,
        fees=entry.fees,
        source_line=entry.line,
        external_id=entry.external_id,
        note=entry.note,
    )


def _excess_warning(row: TransactionRow, excess: Excess) -> RowProblem:
    """What a line sold, or bought to cover, beyond what was held."""
    message = beyond_held(row, excess)
    return RowProblem(row.source_line or 0, "quantity", "more_than_held", message)
