"""The lines of a ledger: those that were entered, and those that follow from market data."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, String, and_, func, literal, or_, select, true

from services.gateway.books.queries.ledger import TransactionRow
from services.gateway.tables import Transaction
from services.gateway.tables.portfolios import COUNTS, PUBLISHED
from shared.database import Session, among, sql_table
from shared.published import gateway as published
from shared.published import ingest
from shared.published.gateway import (
    DIVIDEND_PAID_WITHIN,
    active_on,
    dividends_due,
    positions_on,
)

# A user's transactions may not read the published views: rows are narrowed in the tables.
held = PUBLISHED[published.positions].subquery("own_positions")
income = PUBLISHED[published.income].subquery("own_income")
lines = sql_table(Transaction)
undoing = lines.alias("undoing")


@dataclass(frozen=True)
class LineFilter:
    """Which lines are wanted: all conditions hold.

    `symbol`: of the instrument or its underlying. `first`, `last`: days of trade. `counting`: only
    those that neither reverse nor are reversed.
    """

    kinds: Collection[str] = ()
    symbol: str | None = None
    sources: Collection[str] = ()
    first: date | None = None
    last: date | None = None
    counting: bool = False


@dataclass(frozen=True)
class EnteredLine:
    """A row of the transactions table, and the transaction that undid it."""

    transaction_id: UUID
    sequence: int
    portfolio_id: UUID
    kind: str
    trade_date: date
    symbol: str | None
    underlying: str | None
    option_type: str | None
    strike: Decimal | None
    expiry: date | None
    multiplier: int
    quantity: Decimal | None
    price: Decimal | None
    amount: Decimal | None
    fees: Decimal
    stated_on: date
    lot_id: UUID | None
    lot_method: str | None
    source: str
    source_line: int | None
    external_id: str | None
    note: str
    reverses: UUID | None
    created_at: datetime
    reversed_by: UUID | None


@dataclass(frozen=True)
class SplitHeld:
    """A split of what was held the evening before: terms and quantity as they were then."""

    symbol: str
    underlying: str
    option_type: str | None
    strike: Decimal | None
    expiry: date | None
    multiplier: int
    ex_date: date
    ratio: Decimal
    quantity: Decimal


@dataclass(frozen=True)
class DividendDue:
    """A dividend of a symbol: USD per share, the shares held, and what that made in USD."""

    symbol: str
    ex_date: date
    per_share: Decimal
    quantity: Decimal
    amount: Decimal


@dataclass(frozen=True)
class LotDividend:
    """What a dividend made in USD for one lot, negative where it is short."""

    lot_id: UUID
    ex_date: date
    amount: Decimal


@dataclass(frozen=True, order=True)
class Mark:
    """Where a line is in the ledger.

    `part`: of the day: 0 before the open (splits, dividends), 1 entered, 2 at the close
    (settlements). `sequence` and `identity` order the lines of one part.
    """

    day: date
    part: int
    sequence: int
    identity: str


_LINES: Select[Any] = select(
    *(lines.c[field.name] for field in fields(EnteredLine) if field.name in lines.c),
    undoing.c.transaction_id,
).select_from(lines.outerjoin(undoing, undoing.c.reverses == lines.c.transaction_id))
LastCloses = dict[str, tuple[date, Decimal]]
ENTERED = 1  # the part of the day of lines that were entered


async def load_lines(
    session: Session,
    portfolio_id: UUID,
    wanted: LineFilter,
    after: Mark | None,
    limit: int,
    *,
    newest_first: bool,
) -> list[EnteredLine]:
    """Lines that were entered, in order of day and entry, from behind a mark on."""
    row = lines.c
    order = (row.trade_date, row.sequence)
    page = _LINES.where(row.portfolio_id == portfolio_id, *_conditions(wanted))
    if after is not None:
        page = page.where(_behind(after, newest_first=newest_first))
    ordered = (column.desc() for column in order) if newest_first else order
    found = await session.execute(page.order_by(*ordered).limit(limit))
    return [EnteredLine(*line) for line in found]


async def load_entered(
    session: Session, portfolio_id: UUID, transaction_ids: Collection[UUID]
) -> list[EnteredLine]:
    """Those lines of the portfolio that were entered, in order of entry."""
    row = lines.c
    mine = and_(row.portfolio_id == portfolio_id, among(row.transaction_id, transaction_ids))
    found = await session.execute(_LINES.where(mine).order_by(row.sequence))
    return [EnteredLine(*line) for line in found]


async def known_external_ids(
    session: Session, portfolio_id: UUID, external_ids: Collection[str]
) -> dict[str, UUID]:
    """The transactions of a portfolio that count and carry these ids, by id.

    An id is a broker's, else the transaction's own: that of a line which was exported.
    """
    row = lines.c
    mine = (row.portfolio_id == portfolio_id, COUNTS)
    carried = select(row.external_id, row.transaction_id).where(
        *mine, row.external_id.is_not(None), among(row.external_id, external_ids)
    )
    known = {row.external_id: row.transaction_id for row in await session.execute(carried)}
    own = {identity: text for text in external_ids if (identity := _own_id(text))}
    if own:
        exported = select(row.transaction_id).where(*mine, among(row.transaction_id, own))
        known |= {own[identity]: identity for identity in await session.scalars(exported)}
    return known


def _own_id(text: str) -> UUID | None:
    """The id of a transaction that a text is; None for a broker's."""
    try:
        return UUID(text) if len(text) == len(str(UUID(int=0))) else None
    except ValueError:
        return None


async def load_same_days(
    session: Session, portfolio_id: UUID, days: Collection[date]
) -> list[TransactionRow]:
    """The lines of a portfolio that count and were traded on these days, in order of entry."""
    columns = [lines.c[field.name] for field in fields(TransactionRow)]
    mine = and_(lines.c.portfolio_id == portfolio_id, among(lines.c.trade_date, days), COUNTS)
    found = await session.execute(select(*columns).where(mine).order_by(lines.c.sequence))
    return [TransactionRow(*row) for row in found]


def _conditions(wanted: LineFilter) -> list[ColumnElement[bool]]:
    row = lines.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.kinds:
        conditions.append(row.kind.in_(list(wanted.kinds)))
    if wanted.symbol:
        conditions.append(or_(row.symbol == wanted.symbol, row.underlying == wanted.symbol))
    if wanted.sources:
        conditions.append(row.source.in_(list(wanted.sources)))
    if wanted.first:
        conditions.append(row.trade_date >= wanted.first)
    if wanted.last:
        conditions.append(row.trade_date <= wanted.last)
    if wanted.counting:
        conditions += [row.reverses.is_(None), undoing.c.transaction_id.is_(None)]
    return conditions


def _behind(mark: Mark, *, newest_first: bool) -> ColumnElement[bool]:
    """Whether a line follows the mark in the order that is read in."""
    row = lines.c
    later = row.trade_date < mark.day if newest_first else row.trade_date > mark.day
    further = row.sequence < mark.sequence if newest_first else row.sequence > mark.sequence
    same_day = row.trade_date == mark.day
    if mark.part == ENTERED:
        return or_(later, and_(same_day, further))
    return or_(later, same_day) if (mark.part > ENTERED) == newest_first else later


# --- what the market did to what was held ---


async def load_splits_held(
    session: Session, portfolio_id: UUID, first: date, last: date
) -> list[SplitHeld]:
    """Splits with ex-dates from `first` to `last` of what was held the evening before."""
    split = ingest.splits.c
    between = and_(split.symbol == held.c.underlying, split.ex_date.between(first, last))
    alive = or_(held.c.expiry.is_(None), held.c.expiry >= split.ex_date)
    over = (
        select(held, split.ex_date, split.ratio)
        .select_from(held.join(ingest.splits, between))
        .where(held.c.portfolio_id == portfolio_id, active_on(held, split.ex_date - 1), alive)
        .subquery("over")
    )
    row = positions_on(over.c.ex_date - 1, over).c
    terms = (
        *(row.symbol, row.underlying, row.option_type, row.strike, row.expiry, row.multiplier),
        *(row.ex_date, row.ratio),
    )
    grouped = select(*terms, func.sum(row.quantity)).group_by(*terms)
    found = await session.execute(grouped.order_by(row.ex_date, row.symbol))
    return [SplitHeld(*split) for split in found]


async def load_dividends_due(
    session: Session, portfolio_id: UUID, first: date, last: date
) -> list[DividendDue]:
    """Dividends with ex-dates from `first` to `last` by symbol."""
    before = first - timedelta(days=1)
    due = dividends_due([portfolio_id], before, last, held, income).subquery("due").c
    terms = (due.symbol, due.ex_date, due.per_share)
    grouped = select(*terms, func.sum(due.quantity), func.sum(due.amount)).group_by(*terms)
    found = await session.execute(grouped.order_by(due.ex_date, due.symbol))
    return [DividendDue(*dividend) for dividend in found]


async def first_ex_date(session: Session, transaction_ids: Collection[UUID]) -> date | None:
    """The first ex-date that dividends among the lines, or reversals of such, may be paid for.

    What they make due, or no longer, is restated from it. None without any.
    """
    row = lines.c
    due = ingest.dividends.c
    paid_for = and_(
        due.symbol == row.symbol,
        row.trade_date.between(due.ex_date, due.ex_date + DIVIDEND_PAID_WITHIN),
    )
    query = select(func.min(due.ex_date)).select_from(lines.join(ingest.dividends, paid_for))
    entered = and_(among(row.transaction_id, transaction_ids), row.kind == "dividend")
    first: date | None = await session.scalar(query.where(entered))
    return first


async def load_in_price(session: Session, transaction_ids: Collection[UUID]) -> list[UUID]:
    """The dividends among the lines whose symbols have closes that are adjusted for them."""
    row = lines.c
    in_price = and_(row.kind == "dividend", ingest.is_adjusted(row.symbol, row.trade_date))
    mine = among(row.transaction_id, transaction_ids)
    query = select(row.transaction_id).where(mine, in_price)
    return list(await session.scalars(query.order_by(row.sequence)))


async def load_dividends_by_lot(
    session: Session, portfolio_id: UUID, first: date, last: date
) -> list[LotDividend]:
    """Dividends with ex-dates from `first` to `last` of each lot."""
    before = first - timedelta(days=1)
    due = dividends_due([portfolio_id], before, last, held, income).subquery("due").c
    found = await session.execute(select(due.position_id, due.ex_date, due.amount))
    return [LotDividend(*dividend) for dividend in found]


async def has_options(session: Session, portfolio_id: UUID) -> bool:
    """Whether the portfolio has ever traded an option."""
    row = lines.c
    mine = and_(row.portfolio_id == portfolio_id, row.expiry.is_not(None))
    return bool(await session.scalar(select(select(literal(1)).where(mine).exists())))


async def load_last_closes(session: Session, symbols: Collection[str], day: date) -> LastCloses:
    """The last session and close of each symbol on or before a day, in the shares of the day."""
    symbol = func.unnest(literal(sorted(symbols), ARRAY(String))).column_valued("wanted")
    last = ingest.last_close(symbol, day)
    query = select(symbol, last.c.session_date, last.c.close).join(last, true())
    return {
        name: (session_date, close) for name, session_date, close in await session.execute(query)
    }
