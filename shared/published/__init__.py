"""The read-only views each service publishes, as typed tables: one file per publishing service.

A view is named `published_<noun>` in its owner's schema. The owner defines it in `tables.py` as a
select whose columns are exactly these (a test compares them with the database); everyone else reads
it and nothing else.
"""

from typing import Any

from sqlalchemy import Column, MetaData, Table


def published_view(schema: str, noun: str, *columns: Column[Any]) -> Table:
    """The typed view `<schema>.published_<noun>`; nothing creates it from its metadata."""
    return Table(f"published_{noun}", MetaData(), *columns, schema=schema)
