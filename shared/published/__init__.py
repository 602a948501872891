"""The read-only views each service publishes, as typed tables: one file per publishing service.

A view is named `published_<noun>` in its owner's schema. The owner defines it in `tables.py` as a
select whose columns are exactly these (a test compares them with the database); everyone else reads
it and nothing else.
"""

from datetime import date
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, MetaData, Table

# What a question about views takes: a day as a value or an expression, and one of the views or a
# subquery with its columns.
Day = date | ColumnElement[date]
Text = str | ColumnElement[str]
View = FromClause
AnyColumn = ColumnElement[Any]


def published_view(schema: str, noun: str, *columns: Column[object]) -> Table:
    """The typed view `<schema>.published_<noun>`; nothing creates it from its metadata."""
    return Table(f"published_{noun}", MetaData(), *columns, schema=schema)
