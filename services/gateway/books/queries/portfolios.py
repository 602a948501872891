"""Portfolios, positions and tags. Every statement is narrowed to one user's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    Executable,
    FromClause,
    Select,
    Uuid,
    and_,
    case,
    delete,
    func,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.gateway.books.queries.revisions import revision_of
from services.gateway.books.queries.tags import load_carried, save_tags
from services.gateway.edge.queries import Row, all_rows, one_row
from services.gateway.tables import (
    IS_BOOK,
    Portfolio,
    PortfolioRevision,
    Position,
    PositionSpan,
    PositionTag,
    Tag,
    Transaction,
    User,
    accessible,
    may_read,
    role_of,
)
from services.gateway.tables.portfolios import COUNTS
from shared.database import (
    Session,
    fetched,
    folded_column,
    has_part,
    merge,
    prepared,
    sql_table,
)
from shared.published.gateway import positions_on
from shared.texts import folded

portfolios = sql_table(Portfolio)
positions = sql_table(Position)
tags = sql_table(Tag)
position_tags = sql_table(PositionTag)
revisions = sql_table(PortfolioRevision)
owners = sql_table(User)
lines = sql_table(Transaction)
spans = sql_table(PositionSpan)
PRICE_DECIMALS = 6
# --- portfolios ---


_ORDERS = {"created_at": portfolios.c.created_at, "name": folded_column(portfolios.c.name)}


def _portfolio_rows(user_id: UUID) -> Select[Any]:
    held = (
        select(func.count())
        .where(positions.c.portfolio_id == portfolios.c.portfolio_id)
        .scalar_subquery()
    )
    revision = revision_of(portfolios.c.portfolio_id).label("revision")
    statement = _statement()
    equity = func.coalesce(portfolios.c.equity_balance, statement.c.amount).label("equity_balance")
    others = (column for column in portfolios.c if column is not portfolios.c.equity_balance)
    named = func.coalesce(func.nullif(owners.c.full_name, ""), owners.c.email)
    owner = select(named).where(owners.c.user_id == portfolios.c.user_id).scalar_subquery()
    is_own = portfolios.c.user_id == user_id
    access = (
        role_of(user_id).label("access"),
        case((is_own, None), else_=owner).label("owner_name"),
    )
    return select(
        *others, equity, statement.c.equity_date, held.label("positions"), revision, *access
    ).select_from(portfolios.outerjoin(statement, true()))


def _statement() -> FromClause:
    """The equity given for the session that NAV starts from, else the first that is given."""
    of_start = lines.c.trade_date.is_not_distinct_from(portfolios.c.valued_from)
    own = and_(lines.c.portfolio_id == portfolios.c.portfolio_id, lines.c.kind == "equity", COUNTS)
    first = (of_start.desc(), lines.c.trade_date, lines.c.sequence.desc())
    day = lines.c.trade_date.label("equity_date")
    return select(lines.c.amount, day).where(own).order_by(*first).limit(1).lateral("statement")


@dataclass(frozen=True)
class Listing:
    """Which portfolios are wanted, and in what order.

    `search`: a part of the name; `sort`: created_at or name, "-" for descending; `shared`: with
    those that other users share.
    """

    search: str | None = None
    sort: str = "created_at"
    shared: bool = False


async def load_portfolios(
    session: Session, user_id: UUID, wanted: Listing, limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of the user's portfolios, drafts left out, and how many there are."""
    search = wanted.search
    sort = wanted.sort
    own = portfolios.c.user_id == user_id
    among = portfolios.c.portfolio_id.in_(accessible(user_id)) if wanted.shared else own
    conditions = [among, IS_BOOK]
    conditions += [has_part(portfolios.c.name, search)] if search else []
    column = _ORDERS[sort.removeprefix("-")]
    order = column.desc() if sort.startswith("-") else column.asc()
    page = _portfolio_rows(user_id).where(*conditions).order_by(order, portfolios.c.portfolio_id)
    found = await all_rows(session, page.limit(limit).offset(offset))
    count = await session.scalar(select(func.count()).select_from(portfolios).where(*conditions))
    return found, int(count or 0)


async def load_portfolio(session: Session, user_id: UUID, portfolio_id: UUID) -> Row | None:
    """A portfolio with its number of positions; None when the user may not read it."""
    found = await fetched(session, *_readable_portfolio(user_id, portfolio_id))
    return found[0] if found else None


@prepared(user_id=Uuid(), portfolio_id=Uuid())
def _readable_portfolio(user_id: UUID, portfolio_id: UUID) -> Executable:
    named = portfolios.c.portfolio_id == portfolio_id
    return _portfolio_rows(user_id).where(named, may_read(user_id))


async def load_owner(session: Session, portfolio_id: UUID) -> UUID:
    """Whose a portfolio is that exists."""
    named = portfolios.c.portfolio_id == portfolio_id
    owner_id: UUID = (await session.execute(select(portfolios.c.user_id).where(named))).scalar_one()
    return owner_id


async def is_draft(session: Session, portfolio_id: UUID) -> bool:
    """Whether the portfolio exists and is a draft."""
    named = and_(portfolios.c.portfolio_id == portfolio_id, ~IS_BOOK)
    return bool(await session.scalar(select(select(portfolios.c.name).where(named).exists())))


async def first_portfolio(session: Session, user_id: UUID) -> Row | None:
    """The user's oldest portfolio that is no draft, then one that is shared with them, or None."""
    is_another = portfolios.c.user_id != user_id
    first = (
        _portfolio_rows(user_id)
        .where(portfolios.c.portfolio_id.in_(accessible(user_id)), IS_BOOK)
        .order_by(is_another, portfolios.c.created_at, portfolios.c.portfolio_id)
        .limit(1)
    )
    return await one_row(session, first)


async def save_portfolio(
    session: Session, user_id: UUID, name: str, equity_balance: Decimal | None
) -> UUID | None:
    """A new portfolio's id; None when the user has one of this name, regardless of case."""
    row = {
        "portfolio_id": uuid4(),
        "user_id": user_id,
        "name": name,
        "equity_balance": equity_balance,
    }
    statement = insert(portfolios).values(row).on_conflict_do_nothing()
    portfolio_id: UUID | None = await session.scalar(statement.returning(portfolios.c.portfolio_id))
    return portfolio_id


async def count_portfolios(session: Session, user_id: UUID) -> int:
    """How many portfolios the user has, drafts left out."""
    own = portfolios.c.user_id == user_id, IS_BOOK
    return int(await session.scalar(select(func.count()).select_from(portfolios).where(*own)) or 0)


async def portfolio_named(session: Session, user_id: UUID, name: str) -> UUID | None:
    """The user's portfolio of this name, regardless of case; a draft's name is no other's."""
    named = and_(portfolios.c.user_id == user_id, folded_column(portfolios.c.name) == folded(name))
    return await session.scalar(select(portfolios.c.portfolio_id).where(named, IS_BOOK))


async def save_portfolio_terms(
    session: Session, portfolio_id: UUID, terms: Mapping[str, Any]
) -> None:
    """Rename a portfolio or restate its equity balance."""
    if terms:
        named = portfolios.c.portfolio_id == portfolio_id
        await session.execute(update(portfolios).where(named).values(**terms))


async def delete_portfolio(session: Session, user_id: UUID, portfolio_id: UUID) -> bool:
    """Delete the user's portfolio with everything in it; whether there was one."""
    mine = and_(portfolios.c.user_id == user_id, portfolios.c.portfolio_id == portfolio_id)
    gone = await session.scalar(delete(portfolios).where(mine).returning(portfolios.c.portfolio_id))
    return gone is not None


async def lock_portfolio(session: Session, portfolio_id: UUID) -> None:
    """Let edits of one portfolio wait for each other until the transaction ends.

    Rows that only refer to it do not wait.
    """
    held = select(1).where(portfolios.c.portfolio_id == portfolio_id)
    await session.execute(held.with_for_update(key_share=True))


# --- positions ---


class OwnDay(StrEnum):
    """A day that is another one for each lot."""

    OPENING = "stated_on"
    ENTRY = "entry_date"


async def load_holdings(
    session: Session, portfolio_id: UUID, day: date | OwnDay, position_id: UUID | None = None
) -> list[Row]:
    """Every lot a portfolio holds or held, or one of them, with tags, in order of entry.

    In terms of a day's shares: the same one, or as each lot was entered, or of its entry date.
    `left`: the share of its quantity that remains.
    """
    terms = positions_on(positions.c[day] if isinstance(day, OwnDay) else day, positions)
    opened = terms.outerjoin(lines, lines.c.transaction_id == terms.c.opened_by)
    opened = opened.outerjoin(spans, _lasting(terms))
    # both in the shares of the lot, whichever those are
    stored = select(positions.c.quantity).where(positions.c.position_id == terms.c.position_id)
    in_parts = (spans.c.position_id.is_not(None), spans.c.quantity / stored.scalar_subquery())
    left = case((terms.c.exit_date.is_not(None), 0), in_parts, else_=1).label("left")
    theirs = [terms.c.portfolio_id == portfolio_id]
    theirs += [terms.c.position_id == position_id] if position_id else []
    rows = select(terms, left).select_from(opened).where(*theirs)
    in_order = rows.order_by(lines.c.sequence.nulls_last(), terms.c.position_id)
    held = await all_rows(session, in_order)
    carried = await load_carried(session, [row["position_id"] for row in held])
    return [
        {**with_file_decimals(row), "tags": carried.get(row["position_id"], [])} for row in held
    ]


def _lasting(lots: FromClause) -> ColumnElement[bool]:
    """Which span of a lot lasts: of a lot that was closed in part."""
    return and_(spans.c.position_id == lots.c.position_id, spans.c.held_until.is_(None))


def with_file_decimals(row: Row) -> Row:
    """The row with prices of as many decimals as files and tables have."""
    exit_price = row["exit_price"]
    rounded = {
        "entry_price": round(row["entry_price"], PRICE_DECIMALS),
        "exit_price": None if exit_price is None else round(exit_price, PRICE_DECIMALS),
    }
    return {**row, **rounded}


async def save_position_tags(
    session: Session, user_id: UUID, names_of: Mapping[UUID, Sequence[str]]
) -> None:
    """Add tags to positions, creating those the user does not have.

    Tags they have already stay.
    """
    tag_ids = await save_tags(
        session, user_id, [name for names in names_of.values() for name in names]
    )
    carried = {
        (position_id, tag_ids[folded(name)])
        for position_id, names in names_of.items()
        for name in names
    }
    await merge(
        session,
        PositionTag,
        [{"position_id": one, "tag_id": other} for one, other in sorted(carried)],
    )


@dataclass(frozen=True)
class OpenTotals:
    """How many lots are open, and what is left of them cost, USD by side."""

    lots: int
    long_cost: Decimal
    short_cost: Decimal
    cash: Decimal | None = None


async def load_totals(session: Session, portfolio_id: UUID) -> OpenTotals:
    """The totals of what a portfolio holds; its cash is not known here."""
    left = func.coalesce(spans.c.quantity, positions.c.quantity)
    cost = func.round(left * positions.c.multiplier * positions.c.entry_price, 2)
    totals = select(
        func.count().label("lots"),
        func.coalesce(func.sum(cost).filter(cost > 0), 0).label("long_cost"),
        func.coalesce(func.sum(cost).filter(cost < 0), 0).label("short_cost"),
    )
    still_open = (positions.c.portfolio_id == portfolio_id, positions.c.exit_date.is_(None))
    found = totals.select_from(positions.outerjoin(spans, _lasting(positions))).where(*still_open)
    return OpenTotals(*(await session.execute(found)).one())


# --- tags ---


async def load_tag_names(session: Session, user_id: UUID) -> set[str]:
    """The user's tags, folded."""
    names = await session.scalars(select(tags.c.name).where(tags.c.user_id == user_id))
    return {folded(name) for name in names}
