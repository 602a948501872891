"""Rows as plain dictionaries by column name, and the last session a view has rows of."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Table, func, select

from shared.database import Session

Row = dict[str, Any]


async def all_rows(
    session: Session, statement: Executable, parameters: Mapping[str, Any] | None = None
) -> list[Row]:
    """Every row of the statement, its bound `parameters` filled in."""
    result = await session.execute(statement, parameters)
    names = [str(name) for name in result.keys()]  # noqa: SIM118 - they are no dictionary's
    return [dict(zip(names, row, strict=True)) for row in result]


async def one_row(session: Session, statement: Executable) -> Row | None:
    """The statement's only row; None when there is none."""
    found = await all_rows(session, statement)
    return found[0] if found else None


async def latest_date(
    session: Session, view: Table, portfolio_id: UUID, as_of: date | None
) -> date | None:
    """The last session, at or before `as_of`, for which the view has rows of the portfolio."""
    statement = select(func.max(view.c.as_of)).where(view.c.portfolio_id == portfolio_id)
    found: date | None = await session.scalar(
        statement if as_of is None else statement.where(view.c.as_of <= as_of)
    )
    return found
