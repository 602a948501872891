"""Portfolios, positions and tags. Every statement is narrowed to one user's own."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.gateway.books.queries.revisions import revision_of
from services.gateway.books.queries.tags import load_carried, save_tags
from services.gateway.edge.queries import Row, all_rows, one_row
from services.gateway.tables import (
    Portfolio,
    PortfolioRevision,
    Position,
    PositionTag,
    Tag,
)
from shared.database import Rows, Session, merge, sql_table
from shared.published.gateway import positions_on

portfolios = sql_table(Portfolio)
positions = sql_table(Position)
tags = sql_table(Tag)
position_tags = sql_table(PositionTag)
revisions = sql_table(PortfolioRevision)
PRICE_DECIMALS = 6
# --- portfolios ---


_ORDERS = {"created_at": portfolios.c.created_at, "name": func.lower(portfolios.c.name)}


def _portfolio_rows(user_id: UUID) -> Select[Any]:
    held = (
        select(func.count())
        .where(positions.c.portfolio_id == portfolios.c.portfolio_id)
        .scalar_subquery()
    )
    revision = revision_of(portfolios.c.portfolio_id).label("revision")
    return select(portfolios, held.label("positions"), revision).where(
        portfolios.c.user_id == user_id
    )


async def load_portfolios(
    session: Session, user_id: UUID, search: str | None, sort: str, limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of the user's portfolios, and how many there are.

    `search`: a part of the name; `sort`: created_at or name, "-" for descending.
    """
    conditions = [portfolios.c.user_id == user_id]
    conditions += [portfolios.c.name.icontains(search, autoescape=True)] if search else []
    column = _ORDERS[sort.removeprefix("-")]
    order = column.desc() if sort.startswith("-") else column.asc()
    page = _portfolio_rows(user_id).where(*conditions).order_by(order, portfolios.c.portfolio_id)
    found = await all_rows(session, page.limit(limit).offset(offset))
    count = await session.scalar(select(func.count()).select_from(portfolios).where(*conditions))
    return found, int(count or 0)


async def load_portfolio(session: Session, user_id: UUID, portfolio_id: UUID) -> Row | None:
    """The user's portfolio with its number of positions; None when it is not the user's."""
    mine = _portfolio_rows(user_id).where(portfolios.c.portfolio_id == portfolio_id)
    return await one_row(session, mine)


async def first_portfolio(session: Session, user_id: UUID) -> Row | None:
    """The user's oldest portfolio, or None."""
    first = (
        _portfolio_rows(user_id)
        .order_by(portfolios.c.created_at, portfolios.c.portfolio_id)
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


async def portfolio_named(session: Session, user_id: UUID, name: str) -> UUID | None:
    """The user's portfolio of this name, regardless of case."""
    named = and_(portfolios.c.user_id == user_id, func.lower(portfolios.c.name) == func.lower(name))
    return await session.scalar(select(portfolios.c.portfolio_id).where(named))


async def save_portfolio_terms(
    session: Session, user_id: UUID, portfolio_id: UUID, terms: Mapping[str, Any]
) -> None:
    """Rename a portfolio or restate its equity balance."""
    if terms:
        mine = and_(portfolios.c.user_id == user_id, portfolios.c.portfolio_id == portfolio_id)
        await session.execute(update(portfolios).where(mine).values(**terms))


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


async def load_holdings(session: Session, portfolio_id: UUID, day: date) -> list[Row]:
    """Everything a portfolio holds or held, in terms of a day's shares, with tags."""
    terms = positions_on(day, positions)
    held = await all_rows(session, select(terms).where(terms.c.portfolio_id == portfolio_id))
    carried = await load_carried(session, [row["position_id"] for row in held])
    return [
        {**with_file_decimals(row), "tags": carried.get(row["position_id"], [])} for row in held
    ]


def with_file_decimals(row: Row) -> Row:
    """The row with prices of as many decimals as files and tables have."""
    exit_price = row["exit_price"]
    rounded = {
        "entry_price": round(row["entry_price"], PRICE_DECIMALS),
        "exit_price": None if exit_price is None else round(exit_price, PRICE_DECIMALS),
    }
    return {**row, **rounded}


async def save_positions(session: Session, rows: Rows) -> None:
    """Write positions, each by its id."""
    await merge(session, Position, rows)


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
        (position_id, tag_ids[name.lower()])
        for position_id, names in names_of.items()
        for name in names
    }
    await merge(
        session,
        PositionTag,
        [{"position_id": one, "tag_id": other} for one, other in sorted(carried)],
    )


# --- tags ---


async def load_tag_names(session: Session, user_id: UUID) -> set[str]:
    """The user's tags in lower case."""
    names = await session.scalars(select(tags.c.name).where(tags.c.user_id == user_id))
    return {name.lower() for name in names}
