"""Rows as plain dictionaries by column name."""

from typing import Any

from sqlalchemy import Executable

from shared.database import Session

Row = dict[str, Any]


async def all_rows(session: Session, statement: Executable) -> list[Row]:
    """Every row of the statement."""
    return [
        {str(key): value for key, value in row.items()}
        for row in (await session.execute(statement)).mappings()
    ]


async def one_row(session: Session, statement: Executable) -> Row | None:
    """The statement's only row; None when there is none."""
    found = await all_rows(session, statement)
    return found[0] if found else None
