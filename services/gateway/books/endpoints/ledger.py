"""A portfolio's ledger: its transactions, the lots that follow from them, and expiries to come."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.gateway.books import repeated
from services.gateway.books.answers import NamedRevision
from services.gateway.books.booking import follow_lines
from services.gateway.books.checks import (
    dividends_in_price,
    refuse_free_lots,
    replaced_equity,
)
from services.gateway.books.dependencies import owned_portfolio, refuse_draft
from services.gateway.books.editing import terms_day
from services.gateway.books.entering import entered, excess_notices, load_lots
from services.gateway.books.files.instruments import listed_instrument, symbol_of
from services.gateway.books.keeping import API, SYSTEM, KeptLedger
from services.gateway.books.ledger import Kind
from services.gateway.books.queries import ledger as ledger_queries
from services.gateway.books.queries import portfolios
from services.gateway.books.queries import transactions as queries
from services.gateway.books.queries.ledger import TransactionRow
from services.gateway.books.queries.transactions import EnteredLine, LineFilter, Mark
from services.gateway.books.repeated import repeated_lines
from services.gateway.books.schemas.ledger import (
    ExpiryReport,
    LotPage,
    NewTransaction,
    NewTransactions,
    SkippedTransaction,
    TransactionPage,
    TransactionsSaved,
)
from services.gateway.books.schemas.uploads import Duplicates, RestatedSessions
from services.gateway.books.statements import lines, pages
from services.gateway.books.statements.lines import InvalidMark
from services.gateway.books.statements.pages import LotFilter, LotStatus, Wanted
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import (
    Caller,
    ChosenPage,
    Limit,
    OpenSession,
    refuse_wrong_order,
)
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import Problem, documented, not_found
from services.gateway.edge.values import Warned
from services.gateway.tables import User
from shared.contracts.event import Day
from shared.database import Session
from shared.instruments import InvalidSymbol

router = once_router("/portfolios/{portfolio_id}", "ledger", 401, 404, 422)
Symbol = Annotated[
    str | None, Query(max_length=24, description="of the instrument or its underlying")
]
TradedBy = Annotated[
    Day | None, Query(description="no trade is after it; default: the last session with data")
]


def named_symbol(text: str) -> str:
    """The symbol that a spelling means; as it is, in upper case, where it names no instrument."""
    instrument = listed_instrument(text)
    if isinstance(instrument, InvalidSymbol):
        return text.strip().upper()
    return symbol_of(instrument)


class LineSource(StrEnum):
    """Where a line of the ledger comes from; `system`: derived from market data."""

    API = "api"
    FILE = "file"
    MIGRATION = "migration"
    SYSTEM = "system"


def line_filter(
    kinds: Annotated[list[Kind], Query(alias="kind", description="any of them")] = [],  # noqa: B006
    symbol: Symbol = None,
    sources: Annotated[list[LineSource], Query(alias="source")] = [],  # noqa: B006
    first: Annotated[Day | None, Query(alias="from", description="first day of trade")] = None,
    last: Annotated[Day | None, Query(alias="to", description="last day of trade")] = None,
    counting: Annotated[
        bool, Query(description="leave out reversals and what they reversed")
    ] = False,
) -> LineFilter:
    """The conditions of the query, of which all hold; 422 for days in the wrong order."""
    refuse_wrong_order(first, last, "day of trade")
    named = named_symbol(symbol) if symbol else None
    wanted = [str(source) for source in sources]
    return LineFilter([str(kind) for kind in kinds], named, wanted, first, last, counting)


class LedgerSort(StrEnum):
    """The order of a ledger's lines."""

    OLDEST_FIRST = "trade_date"
    NEWEST_FIRST = "-trade_date"


def mark_after(
    after: Annotated[
        str | None, Query(max_length=200, description="`next` of the page before")
    ] = None,
) -> Mark | None:
    """The place in the ledger that the page begins behind; 422 for a word that names none."""
    try:
        return lines.read(after) if after else None
    except InvalidMark:
        raise Problem(
            422, "invalid_cursor", "after is not the `next` of a page of transactions"
        ) from None


@router.get("/transactions")
async def list_transactions(
    portfolio: NamedRevision,
    session: OpenSession,
    conditions: Annotated[LineFilter, Depends(line_filter)],
    after: Annotated[Mark | None, Depends(mark_after)],
    sort: Annotated[
        LedgerSort, Query(description="a leading '-' sorts downwards")
    ] = LedgerSort.OLDEST_FIRST,
    limit: Limit = 100,
) -> TransactionPage:
    """The lines of the ledger: those entered, and splits, dividends and expiries as derived."""
    wanted = Wanted(conditions, after, limit, newest_first=sort is LedgerSort.NEWEST_FIRST)
    return await pages.transaction_page(session, portfolio["portfolio_id"], wanted)


@router.post("/transactions", status_code=201)
async def add_transactions(
    portfolio_id: UUID,
    wanted: NewTransactions,
    caller: Caller,
    session: OpenSession,
    as_of: TradedBy = None,
    duplicates: Annotated[
        Duplicates, Query(description="of lines without an id that equal one in the ledger")
    ] = Duplicates.LOAD,
) -> TransactionsSaved:
    """Enter up to 1,000 transactions, all of them or none; lots are derived again from the first.

    A line whose `external_id` another line that counts has already is skipped. One without an id
    that equals a line of the ledger is entered with a warning, or refused with
    `duplicates=refuse`.
    """
    await _locked(session, caller, portfolio_id)
    fresh, skipped = await _unknown(session, portfolio_id, wanted.transactions)
    day = await terms_day(session, as_of)
    lots = await load_lots(session, portfolio_id)
    found = await entered(session, portfolio_id, fresh, day, lots)
    if not found.rows:
        return _saved([], skipped, None, [], [])
    twice = await _entered_twice(session, portfolio_id, fresh, found.rows, duplicates)
    identities = [row.transaction_id for row in found.rows]
    places = dict(zip(identities, (place for place, _ in fresh), strict=True))
    twice += await replaced_equity(session, portfolio_id, found.rows, places)
    await ledger_queries.append_transactions(session, found.rows)
    await refuse_free_lots(session, portfolio_id, found.rows, places)
    twice += await dividends_in_price(session, found.rows, places)
    await record(session, "transactions.created", portfolio_id, transactions=len(found.rows))
    return await _kept(
        session, caller, portfolio_id, identities, skipped, [*found.warnings, *twice]
    )


async def _entered_twice(
    session: Session,
    portfolio_id: UUID,
    places: Sequence[tuple[int, NewTransaction]],
    rows: Sequence[TransactionRow],
    duplicates: Duplicates,
) -> list[Warned]:
    """Warnings of the lines that equal one of the ledger; 422 where they are to be refused."""
    known = await repeated_lines(session, portfolio_id, rows)
    found = [
        (place, known[row.transaction_id])
        for (place, _), row in zip(places, rows, strict=True)
        if row.transaction_id in known
    ]
    if found and duplicates is Duplicates.REFUSE:
        errors = [
            {
                "field": f"transactions.{place}",
                "code": "line_exists",
                "message": repeated.why(equal, refused=True),
            }
            for place, equal in found
        ]
        raise Problem(422, "invalid_transaction", errors[0]["message"], errors)
    return [
        Warned(
            code="line_exists",
            message=f"transactions.{place} {repeated.why(equal, refused=False)}",
            about=[str(equal)],
        )
        for place, equal in found
    ]


async def _unknown(
    session: Session, portfolio_id: UUID, given: Sequence[NewTransaction]
) -> tuple[list[tuple[int, NewTransaction]], list[SkippedTransaction]]:
    """The lines to enter with their places in the request, and those known by a broker's id."""
    named = {terms.external_id for terms in given if terms.external_id}
    known = await queries.known_external_ids(session, portfolio_id, named) if named else {}
    fresh: list[tuple[int, NewTransaction]] = []
    skipped: dict[str, SkippedTransaction] = {}
    seen: set[str] = set()
    for place, terms in enumerate(given):
        external_id = terms.external_id
        if external_id in known:
            skipped[external_id] = SkippedTransaction(
                external_id=external_id, transaction_id=known[external_id]
            )
            continue
        if external_id in seen:
            raise _repeated(place, external_id)
        fresh.append((place, terms))
        if external_id is not None:
            seen.add(external_id)
    return fresh, list(skipped.values())


def _repeated(place: int, external_id: str) -> Problem:
    message = f"external_id {external_id!r} is that of an earlier line of the request"
    error = {
        "field": f"transactions.{place}.external_id",
        "code": "repeated",
        "message": message,
    }
    return Problem(422, "invalid_transaction", message, [error])


@router.post(
    "/transactions/{transaction_id}/reverse",
    status_code=201,
    responses=documented(409),
)
async def reverse_transaction(
    portfolio_id: UUID, transaction_id: UUID, caller: Caller, session: OpenSession
) -> TransactionsSaved:
    """Undo a transaction by a new line; lots are derived again without it.

    A reversal cannot be reversed: enter the line again.
    """
    await _locked(session, caller, portfolio_id)
    found = await queries.load_entered(session, portfolio_id, [transaction_id])
    if not found:
        raise await _absent(session, portfolio_id, transaction_id)
    line = found[0]
    if line.reverses is not None:
        detail = f"{transaction_id} is itself a reversal: enter the line again"
        raise Problem(409, "is_a_reversal", detail)
    if line.reversed_by is not None:
        detail = f"{transaction_id} was reversed by {line.reversed_by}"
        raise Problem(409, "reversed_already", detail)
    await ledger_queries.save_reversals(session, portfolio_id, [transaction_id], API)
    (undone,) = await queries.load_entered(session, portfolio_id, [transaction_id])
    assert undone.reversed_by is not None, "the portfolio is locked, and the line counted"
    await record(session, "transaction.reversed", transaction_id, portfolio_id=portfolio_id)
    return await _kept(session, caller, portfolio_id, [undone.reversed_by], [], [])


async def _absent(session: Session, portfolio_id: UUID, transaction_id: UUID) -> Problem:
    """409 for a line that is derived from market data, 404 for none at all."""
    derived = await pages.derived_lines(session, portfolio_id, date.min, date.max)
    if any(line.transaction_id == transaction_id for line in derived):
        detail = f"{transaction_id} follows from market data ({SYSTEM}): it cannot be reversed"
        return Problem(409, "is_derived", detail)
    return not_found("transaction", transaction_id)


async def _locked(session: Session, caller: User, portfolio_id: UUID) -> None:
    """Let other edits of the caller's portfolio wait; 404 when there is none."""
    await owned_portfolio(session, caller, portfolio_id)
    await refuse_draft(session, portfolio_id)
    await portfolios.lock_portfolio(session, portfolio_id)
    await owned_portfolio(session, caller, portfolio_id)


async def _kept(
    session: Session,
    caller: User,
    portfolio_id: UUID,
    identities: Sequence[UUID],
    skipped: Sequence[SkippedTransaction],
    warnings: Sequence[Warned],
) -> TransactionsSaved:
    """What was written, after lots are derived again and the runs since the first change start."""
    found = await queries.load_entered(session, portfolio_id, identities)
    first = min(line.trade_date for line in found)
    written = [line.transaction_id for line in found]
    booked = await follow_lines(session, caller, portfolio_id, written, first)
    notices = [*warnings, *await _excesses(session, portfolio_id, booked.kept, found)]
    return _saved(found, skipped, booked.run_id, booked.restated, notices)


async def _excesses(
    session: Session, portfolio_id: UUID, kept: KeptLedger, touched: Sequence[EnteredLine]
) -> list[Warned]:
    """Warnings of sales beyond what was held, of the instruments that the change touched."""
    symbols = {line.symbol for line in touched} - {None}
    identities = [excess.transaction_id for excess in kept.ledger.excesses]
    if not identities or not symbols:
        return []
    rows = await queries.load_entered(session, portfolio_id, identities)
    named = {row.transaction_id: row for row in rows if row.symbol in symbols}
    return excess_notices(kept.ledger.excesses, named)


def _saved(
    found: Sequence[EnteredLine],
    skipped: Sequence[SkippedTransaction],
    run_id: UUID | None,
    restated: Sequence[date],
    warnings: Sequence[Warned],
) -> TransactionsSaved:
    content = {
        "transactions": [lines.entered_line(line) for line in found],
        "skipped": skipped,
        "run_id": run_id,
        "restated": RestatedSessions.of(restated),
        "warnings": warnings,
    }
    return TransactionsSaved.model_validate(content, from_attributes=True)


@router.get("/lots")
async def list_lots(
    portfolio: NamedRevision,
    session: OpenSession,
    page: ChosenPage,
    status: Annotated[LotStatus, Query(description="whether some of it is left")] = LotStatus.ALL,
    symbol: Symbol = None,
) -> LotPage:
    """Every lot with what closed it: realised P&L by closing, unrealised P&L as last valued."""
    named = named_symbol(symbol) if symbol else None
    wanted = LotFilter(status, named)
    return await pages.lot_page(session, portfolio["portfolio_id"], wanted, page)


@router.get("/expiries")
async def list_expiries(portfolio: NamedRevision, session: OpenSession) -> ExpiryReport:
    """The options held, by expiry, and what each would end as at the last close.

    In the money by a cent an option on shares is exercised or assigned; options on an index, and
    all of a portfolio with `settlement=cash`, end in cash.
    """
    return await pages.expiry_report(session, portfolio["portfolio_id"])
