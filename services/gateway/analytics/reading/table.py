"""All positions of a portfolio by column, and what chosen ones add up to."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.gateway.analytics.queries.table import load_option_measures, load_parts_of_var
from services.gateway.analytics.schemas.table import (
    PositionColumns,
    PositionsTable,
    SummedPositions,
)
from services.gateway.analytics.shapes.cents import cents_adding_up
from services.gateway.analytics.shapes.table import (
    Fields,
    Measured,
    table_groups,
    table_rows,
    table_sums,
)
from services.gateway.books.queries import positions, tags
from services.gateway.books.queries.positions import PositionFilter
from services.gateway.books.reading import Book, book_on
from services.gateway.books.shapes import GroupBy, Status
from shared.calendar import sessions
from shared.database import Session


async def positions_table(
    session: Session,
    owner: tuple[UUID, UUID],
    as_of: date | None,
    wanted: PositionFilter,
    status: Status,
) -> PositionsTable:
    """Every wanted position; `owner`: the user and the portfolio."""
    user_id, portfolio_id = owner
    book, rows = await _rows(session, portfolio_id, as_of, wanted)
    known, _ = await tags.load_tags(session, user_id, None, None, 0)
    return await asyncio.to_thread(_laid_out, book, rows, known, status)


def _laid_out(
    book: Book, rows: Sequence[Fields], known_tags: Iterable[Fields], status: Status
) -> PositionsTable:
    columns = {name: [row[name] for row in rows] for name in PositionColumns.model_fields}
    used = {name for names in columns["tags"] for name in _names(names)}
    return PositionsTable.model_validate(
        {
            **book.described(),
            "status": status,
            "positions": len(rows),
            "columns": columns,
            "tags": [tag for tag in known_tags if tag["name"] in used],
            "everything": table_sums(rows),
        }
    )


def _names(tags_of_position: object) -> list[str]:
    return list(tags_of_position) if isinstance(tags_of_position, list) else []


async def summed_positions(
    session: Session,
    portfolio_id: UUID,
    as_of: date | None,
    wanted: PositionFilter,
    by: GroupBy | None,
) -> SummedPositions:
    """What the wanted positions add up to, all together and in groups."""
    book, rows = await _rows(session, portfolio_id, as_of, wanted)
    return await asyncio.to_thread(_summed, book, rows, by)


def _summed(book: Book, rows: Sequence[Fields], by: GroupBy | None) -> SummedPositions:
    return SummedPositions.model_validate(
        {
            **book.described(),
            "by": by,
            "everything": table_sums(rows),
            "groups": table_groups(rows, by) if by else [],
        }
    )


async def _rows(
    session: Session, portfolio_id: UUID, as_of: date | None, wanted: PositionFilter
) -> tuple[Book, list[dict[str, object]]]:
    book = await book_on(session, portfolio_id, as_of)
    held = await positions.load_positions(session, portfolio_id, wanted, book.day)
    found = await _measured(session, portfolio_id, book.valuation.day, held)
    return book, await asyncio.to_thread(lambda: table_rows(book.measured(held), found))


async def _measured(
    session: Session, portfolio_id: UUID, day: date | None, held: Iterable[Fields]
) -> Measured:
    if day is None:
        return Measured(None, {}, {}, {})
    dates = {each for row in held if isinstance(each := row["price_date"], date)}
    return Measured(
        day,
        await load_option_measures(session, portfolio_id, day),
        await _parts_of_var(session, portfolio_id, day),
        {each: len(sessions(each, day)) - 1 for each in dates},
    )


async def _parts_of_var(session: Session, portfolio_id: UUID, day: date) -> Mapping[UUID, Decimal]:
    """The parts in cents that add up, as the report has them."""
    parts = await load_parts_of_var(session, portfolio_id, day)
    cents = cents_adding_up([amount for _, amount in parts])
    return {position_id: part for (position_id, _), part in zip(parts, cents, strict=True)}
