"""The read-only views each service publishes, as typed tables: one file per publishing service.

A view is named `published_<noun>` in its owner's schema. The owner defines it in `tables.py` as a
select whose columns are exactly these (a test compares them with the database); everyone else reads
it and nothing else.
"""

from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Column, ColumnElement, FromClause, MetaData, Table
from sqlalchemy.types import TypeEngine

# What a question about views takes: a day as a value or an expression, and one of the views or a
# subquery with its columns.
Day = date | ColumnElement[date]
Text = str | ColumnElement[str]
View = FromClause
AnyColumn = ColumnElement[Any]
Identity = tuple[ColumnElement[UUID], ColumnElement[UUID], ColumnElement[str], ColumnElement[str]]
T = TypeVar("T")
Kind = TypeEngine[Any] | type[TypeEngine[Any]]


def published_view(schema: str, noun: str, *columns: Column[object]) -> Table:
    """The typed view `<schema>.published_<noun>`; nothing creates it from its metadata."""
    return Table(f"published_{noun}", MetaData(), *columns, schema=schema)


def identity(held: View) -> Identity:
    """Which positions the rows of `held` are about: position, portfolio, symbol and underlying."""
    row = held.c
    return row.position_id, row.portfolio_id, row.symbol, row.underlying


def keys(**kinds: Kind) -> list[Column[object]]:
    """The columns that identify a row of a view: name and kind of each."""
    return [Column(name, kind, primary_key=True) for name, kind in kinds.items()]


def columns(kind: TypeEngine[T] | type[TypeEngine[T]], *names: str) -> list[Column[object]]:
    """Columns of a view that are of the same kind."""
    return [Column(name, kind) for name in names]
