"""Portfolios, positions, tags and cash flows. Every statement is narrowed to one user's own."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.gateway.repository.rows import Row, all_rows, one_row
from services.gateway.tables import (
    CashFlow,
    Portfolio,
    PortfolioRevision,
    Position,
    PositionTag,
    Tag,
)
from shared.database import Rows, Session, merge, sql_table

portfolios, positions, flows = sql_table(Portfolio), sql_table(Position), sql_table(CashFlow)
tags, position_tags = sql_table(Tag), sql_table(PositionTag)
revisions = sql_table(PortfolioRevision)


# --- portfolios ---


def _portfolio_rows(user_id: UUID) -> Select[Any]:
    held = select(func.count()).where(positions.c.portfolio_id == portfolios.c.portfolio_id).scalar_subquery()
    return select(portfolios, held.label("positions")).where(portfolios.c.user_id == user_id)


async def load_portfolios(session: Session, user_id: UUID, limit: int, offset: int) -> tuple[list[Row], int]:
    """A page of the user's portfolios, oldest first, and how many there are."""
    page = _portfolio_rows(user_id).order_by(portfolios.c.created_at, portfolios.c.portfolio_id)
    found = await all_rows(session, page.limit(limit).offset(offset))
    count = await session.scalar(select(func.count()).where(portfolios.c.user_id == user_id))
    return found, int(count or 0)


async def load_portfolio(session: Session, user_id: UUID, portfolio_id: UUID) -> Row | None:
    """The user's portfolio with its number of positions; None when it is not the user's."""
    mine = _portfolio_rows(user_id).where(portfolios.c.portfolio_id == portfolio_id)
    return await one_row(session, mine)


async def first_portfolio(session: Session, user_id: UUID) -> Row | None:
    """The user's oldest portfolio, or None."""
    first = _portfolio_rows(user_id).order_by(portfolios.c.created_at, portfolios.c.portfolio_id).limit(1)
    return await one_row(session, first)


async def save_portfolio(
    session: Session, user_id: UUID, name: str, equity_balance: Decimal | None
) -> UUID | None:
    """A new portfolio's id; None when the user has one of this name already, whatever the case."""
    row = {"portfolio_id": uuid4(), "user_id": user_id, "name": name, "equity_balance": equity_balance}
    statement = insert(portfolios).values(row).on_conflict_do_nothing()
    portfolio_id: UUID | None = await session.scalar(statement.returning(portfolios.c.portfolio_id))
    return portfolio_id


async def portfolio_named(session: Session, user_id: UUID, name: str) -> UUID | None:
    """The user's portfolio of this name, whatever the case."""
    named = and_(portfolios.c.user_id == user_id, func.lower(portfolios.c.name) == name.lower())
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
    """Let edits of one portfolio wait for each other until the transaction ends."""
    await session.execute(select(1).where(portfolios.c.portfolio_id == portfolio_id).with_for_update())


async def raise_revision(session: Session, portfolio_ids: Collection[UUID]) -> None:
    """Outdate every answer given about these portfolios: in the transaction that changes what answers are made of.

    In ascending order, so that nobody deadlocks; portfolios that were deleted meanwhile are passed over.
    """
    if not portfolio_ids:
        return
    there = select(portfolios.c.portfolio_id).where(portfolios.c.portfolio_id.in_(portfolio_ids))
    held = there.order_by(portfolios.c.portfolio_id).with_for_update(read=True, key_share=True)
    raised = insert(revisions).from_select(["portfolio_id"], held)
    next_revision = {"revision": revisions.c.revision + 1}
    await session.execute(
        raised.on_conflict_do_update(index_elements=[revisions.c.portfolio_id], set_=next_revision)
    )


async def any_portfolio_exists(session: Session) -> bool:
    """Whether anybody has a portfolio."""
    return bool(await session.scalar(select(select(portfolios.c.portfolio_id).exists())))


# --- positions ---


@dataclass(frozen=True)
class PositionFilter:
    """Which positions are wanted: all conditions hold; `tags` by any or all of them."""

    types: Collection[str] = ()
    tags: Sequence[str] = ()
    all_tags: bool = False
    underlying: str | None = None
    search: str | None = None


SORT_COLUMNS = {
    "symbol": positions.c.symbol,
    "underlying": positions.c.underlying,
    "entry_date": positions.c.entry_date,
    "entry_price": positions.c.entry_price,
    "quantity": positions.c.quantity,
    "cost": positions.c.quantity * positions.c.entry_price * positions.c.multiplier,
}

_TYPES = {
    "LONG": (None, 1),
    "SHORT": (None, -1),
    "LC": ("C", 1),
    "SC": ("C", -1),
    "LP": ("P", 1),
    "SP": ("P", -1),
}


def _of_type(word: str) -> Any:
    option_type, sign = _TYPES[word]
    same_kind = (
        positions.c.option_type.is_(None) if option_type is None else positions.c.option_type == option_type
    )
    return and_(same_kind, func.sign(positions.c.quantity) == sign)


def _tag_names() -> Any:
    names = func.coalesce(func.array_agg(tags.c.name), [])
    carried = position_tags.join(tags, tags.c.tag_id == position_tags.c.tag_id)
    return (
        select(names)
        .select_from(carried)
        .where(position_tags.c.position_id == positions.c.position_id)
        .scalar_subquery()
    )


def _carries(names: Sequence[str], *, every: bool) -> Any:
    wanted = sorted({name.lower() for name in names})
    carried = position_tags.join(tags, tags.c.tag_id == position_tags.c.tag_id)
    matching = (
        select(func.count())
        .select_from(carried)
        .where(position_tags.c.position_id == positions.c.position_id, func.lower(tags.c.name).in_(wanted))
        .scalar_subquery()
    )
    return matching >= (len(wanted) if every else 1)


def _conditions(wanted: PositionFilter) -> list[Any]:
    conditions = []
    if wanted.types:
        conditions.append(or_(*(_of_type(word) for word in wanted.types)))
    if wanted.tags:
        conditions.append(_carries(wanted.tags, every=wanted.all_tags))
    if wanted.underlying:
        conditions.append(positions.c.underlying == wanted.underlying.upper())
    if wanted.search:
        conditions.append(positions.c.symbol.icontains(wanted.search, autoescape=True))
    return conditions


async def load_positions(
    session: Session, portfolio_id: UUID, wanted: PositionFilter, sort: str, limit: int | None, offset: int
) -> tuple[list[Row], int]:
    """A page of a portfolio's positions with their tags, and how many match. `sort`: a column, "-" for descending."""
    conditions = [positions.c.portfolio_id == portfolio_id, *_conditions(wanted)]
    column = SORT_COLUMNS[sort.removeprefix("-")]
    order = column.desc() if sort.startswith("-") else column.asc()
    page = select(positions, _tag_names().label("tags")).where(*conditions)
    page = page.order_by(order, positions.c.symbol, positions.c.entry_date).limit(limit).offset(offset)
    found = await all_rows(session, page)
    count = await session.scalar(select(func.count()).select_from(positions).where(*conditions))
    return found, int(count or 0)


async def load_holdings(session: Session, portfolio_id: UUID) -> list[Row]:
    """Everything a portfolio holds or held, with tags."""
    held = select(positions, _tag_names().label("tags")).where(positions.c.portfolio_id == portfolio_id)
    return await all_rows(session, held)


async def save_positions(session: Session, rows: Rows) -> None:
    """Write positions, each by its id."""
    await merge(session, Position, rows)


async def save_position_tags(session: Session, user_id: UUID, names_of: Mapping[UUID, Sequence[str]]) -> None:
    """Let positions carry tags, creating those the user does not have; tags they carry already stay."""
    tag_ids = await _save_tags(session, user_id, [name for names in names_of.values() for name in names])
    carried = {
        (position_id, tag_ids[name.lower()]) for position_id, names in names_of.items() for name in names
    }
    await merge(
        session, PositionTag, [{"position_id": one, "tag_id": other} for one, other in sorted(carried)]
    )


# --- tags ---


async def load_tag_names(session: Session, user_id: UUID) -> set[str]:
    """The user's tags in lower case."""
    return set(await session.scalars(select(func.lower(tags.c.name)).where(tags.c.user_id == user_id)))


async def _save_tags(session: Session, user_id: UUID, names: Sequence[str]) -> dict[str, UUID]:
    """The id of each tag by its lower-case name, created where the user does not have it."""
    spellings = {name.lower(): name for name in reversed(names)}
    if not spellings:
        return {}
    rows = [{"tag_id": uuid4(), "user_id": user_id, "name": spellings[key]} for key in sorted(spellings)]
    await session.execute(insert(tags).values(rows).on_conflict_do_nothing())
    lowered = func.lower(tags.c.name)
    mine = select(lowered, tags.c.tag_id).where(tags.c.user_id == user_id, lowered.in_(spellings))
    return {row[0]: row[1] for row in await session.execute(mine)}


# --- cash flows ---


async def load_cash_flows(
    session: Session, portfolio_id: UUID, limit: int, offset: int
) -> tuple[list[Row], int]:
    """A page of a portfolio's cash flows, newest first, and how many there are."""
    page = select(flows).where(flows.c.portfolio_id == portfolio_id)
    page = page.order_by(flows.c.flow_date.desc(), flows.c.created_at.desc(), flows.c.cash_flow_id)
    found = await all_rows(session, page.limit(limit).offset(offset))
    count = await session.scalar(select(func.count()).where(flows.c.portfolio_id == portfolio_id))
    return found, int(count or 0)


async def save_cash_flow(
    session: Session, portfolio_id: UUID, flow_date: date, amount: Decimal, note: str
) -> Row:
    """A new cash flow; positive is a deposit."""
    row = {
        "cash_flow_id": uuid4(),
        "portfolio_id": portfolio_id,
        "flow_date": flow_date,
        "amount": amount,
        "note": note,
    }
    return (await all_rows(session, insert(flows).values(row).returning(flows)))[0]
