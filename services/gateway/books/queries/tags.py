"""Tags: a user's words for positions. Every statement is narrowed to one user's own."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, String, Uuid, and_, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from services.gateway.edge.queries import Row, all_rows, one_row
from services.gateway.tables import IS_BOOK, Portfolio, Position, PositionTag, Tag
from shared.database import Session, among, folded_column, has_part, lock, sql_table
from shared.texts import folded

tags = sql_table(Tag)
position_tags = sql_table(PositionTag)
positions = sql_table(Position)
portfolios = sql_table(Portfolio)


async def lock_tags(session: Session, user_id: UUID) -> None:
    """Let changes of the user's tags wait for each other until the transaction ends."""
    await lock(session, "tags", user_id)


def _tag_rows(user_id: UUID) -> Select[Any]:
    joined = position_tags.join(
        positions, positions.c.position_id == position_tags.c.position_id
    ).join(portfolios, portfolios.c.portfolio_id == positions.c.portfolio_id)
    carried = select(func.count()).select_from(joined).where(IS_BOOK)
    carrying = carried.where(position_tags.c.tag_id == tags.c.tag_id).scalar_subquery()
    return select(tags, carrying.label("positions")).where(tags.c.user_id == user_id)


async def load_tags(
    session: Session, user_id: UUID, search: str | None, limit: int | None, offset: int
) -> tuple[list[Row], int]:
    """A page of the user's tags by name, and how many there are; `search`: a part of the name."""
    conditions = [tags.c.user_id == user_id]
    conditions += [has_part(tags.c.name, search)] if search else []
    page = _tag_rows(user_id).where(*conditions).order_by(folded_column(tags.c.name))
    found = await all_rows(session, page.limit(limit).offset(offset))
    count = await session.scalar(select(func.count()).select_from(tags).where(*conditions))
    return found, int(count or 0)


async def load_tag(session: Session, user_id: UUID, tag_id: UUID) -> Row | None:
    """The user's tag and how many positions carry it; None when it is not the user's."""
    return await one_row(session, _tag_rows(user_id).where(tags.c.tag_id == tag_id))


async def tag_named(session: Session, user_id: UUID, name: str) -> UUID | None:
    """The user's tag of this name, regardless of case."""
    named = and_(tags.c.user_id == user_id, folded_column(tags.c.name) == folded(name))
    return await session.scalar(select(tags.c.tag_id).where(named))


async def save_tag(session: Session, user_id: UUID, name: str, colour: str) -> UUID | None:
    """A new tag's id; None when the user has one of this name already, regardless of case."""
    row = {"tag_id": uuid4(), "user_id": user_id, "name": name, "colour": colour}
    statement = insert(tags).values(row).on_conflict_do_nothing()
    tag_id: UUID | None = await session.scalar(statement.returning(tags.c.tag_id))
    return tag_id


async def save_tag_terms(
    session: Session, user_id: UUID, tag_id: UUID, terms: Mapping[str, Any]
) -> None:
    """Rename a tag or give it another colour."""
    mine = and_(tags.c.user_id == user_id, tags.c.tag_id == tag_id)
    await session.execute(update(tags).where(mine).values(**terms))


async def delete_tag(session: Session, user_id: UUID, tag_id: UUID) -> None:
    """Delete a tag: the positions that carry it stay."""
    await session.execute(delete(tags).where(tags.c.user_id == user_id, tags.c.tag_id == tag_id))


async def portfolios_with(session: Session, tag_id: UUID) -> set[UUID]:
    """The portfolios that hold a position with the tag."""
    joined = position_tags.join(positions, positions.c.position_id == position_tags.c.position_id)
    holding = (
        select(positions.c.portfolio_id).select_from(joined).where(position_tags.c.tag_id == tag_id)
    )
    return set(await session.scalars(holding.distinct()))


async def load_carried(session: Session, position_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The tags of each position that carries any, by name.

    Here and below apart from the positions: the planner has no statistics yet of what was just
    uploaded.
    """
    if not position_ids:
        return {}
    joined = position_tags.join(tags, tags.c.tag_id == position_tags.c.tag_id)
    those = among(position_tags.c.position_id, position_ids)
    found = select(position_tags.c.position_id, tags.c.name).select_from(joined).where(those)
    names: dict[UUID, list[str]] = {}
    for position_id, name in await session.execute(found.order_by(folded_column(tags.c.name))):
        names.setdefault(position_id, []).append(name)
    return names


async def load_tagged(
    session: Session, portfolio_id: UUID, names: Collection[str], least: int
) -> set[UUID]:
    """The positions that carry at least so many of the tags, by name, of the portfolio's owner."""
    owner = (
        select(portfolios.c.user_id)
        .where(portfolios.c.portfolio_id == portfolio_id)
        .scalar_subquery()
    )
    named = among(folded_column(tags.c.name), sorted(map(folded, names)))
    same = and_(tags.c.user_id == owner, named)
    tag_ids = list(await session.scalars(select(tags.c.tag_id).where(same)))
    carried = among(position_tags.c.tag_id, tag_ids)
    carrying = (
        select(position_tags.c.position_id).where(carried).group_by(position_tags.c.position_id)
    )
    return set(await session.scalars(carrying.having(func.count() >= least)))


async def save_carried(session: Session, position_id: UUID, tag_ids: Collection[UUID]) -> None:
    """Let a position carry these tags and no others."""
    of_position = position_tags.c.position_id == position_id
    others = delete(position_tags).where(of_position, position_tags.c.tag_id.not_in(tag_ids))
    await session.execute(others)
    rows = [{"position_id": position_id, "tag_id": tag_id} for tag_id in sorted(tag_ids)]
    if rows:
        await session.execute(insert(position_tags).values(rows).on_conflict_do_nothing())


async def save_inherited(session: Session, heirs: Mapping[UUID, UUID]) -> None:
    """Let positions (keys) carry the tags of others (values) as well."""
    if not heirs:
        return
    pair = func.unnest(
        literal(list(heirs), ARRAY(Uuid)), literal(list(heirs.values()), ARRAY(Uuid))
    )
    given = pair.table_valued("heir", "source", name="given").render_derived()
    carried = select(given.c.heir, position_tags.c.tag_id).join(
        position_tags, position_tags.c.position_id == given.c.source
    )
    statement = insert(position_tags).from_select(["position_id", "tag_id"], carried)
    await session.execute(statement.on_conflict_do_nothing())


async def save_tags(session: Session, user_id: UUID, names: Iterable[str]) -> dict[str, UUID]:
    """The id of each tag by its folded name, created where the user does not have it.

    Postgres alone says which names are the same: its table of letters may be newer than ours.
    """
    spellings = {folded(name): name for name in reversed(list(names))}
    if not spellings:
        return {}
    rows = [
        {"tag_id": uuid4(), "user_id": user_id, "name": spellings[key]} for key in sorted(spellings)
    ]
    await session.execute(insert(tags).values(rows).on_conflict_do_nothing())
    wanted = func.unnest(literal(list(spellings.values()), ARRAY(String))).column_valued("wanted")
    same = and_(tags.c.user_id == user_id, folded_column(tags.c.name) == folded_column(wanted))
    found = await session.execute(select(wanted, tags.c.tag_id).where(same))
    return {folded(name): tag_id for name, tag_id in found}
