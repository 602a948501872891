"""The read-only views each service publishes, as typed tables: one file per publishing service.

A view is named `published_<noun>` in its owner's schema. The owner defines it in `tables.py` as a
select whose columns are exactly these (a test compares them with the database); everyone else reads
it and nothing else.
"""

from datetime import date
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, MetaData, Table
from sqlalchemy.types import TypeEngine

# What a question about views takes: a day as a value or an expression, and one of the views or a
# subquery with its columns.
Day = date | ColumnElement[date]
Text = str | ColumnElement[str]
View = FromClause
AnyColumn = ColumnElement[Any]
Kind = type[TypeEngine[Any]] | TypeEngine[Any]


def published_view(schema: str, noun: str, *columns: Column[Any]) -> Table:
    """The typed view `<schema>.published_<noun>`; nothing creates it from its metadata."""
    return Table(f"published_{noun}", MetaData(), *columns, schema=schema)


def keys(kind: Kind, *names: str) -> list[Column[Any]]:
    """Columns of one type that identify a row of a view."""
    return [Column(name, kind, primary_key=True) for name in names]


def columns(kind: Kind, *names: str) -> list[Column[Any]]:
    """Columns of one type."""
    return [Column(name, kind) for name in names]
