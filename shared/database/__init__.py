"""Postgres: engines and transactions, columns and conditions, COPY-and-merge.

Migrations are in `shared.database.migrations`, which only Alembic's `env.py` files import, and
what needs numpy in `shared.database.arrays`, which the gateway does not import.
"""

from shared.database.columns import (
    SECOND,
    among,
    array_of,
    folded_column,
    has_part,
    key,
    optional,
    published_columns,
    required,
    sql_table,
)
from shared.database.engine import (
    Database,
    Session,
    Step,
    create_engine,
    lock,
    lock_each,
    lock_shared,
)
from shared.database.failures import (
    DATABASE_ERRORS,
    breaks_reference,
    cannot_write,
    is_outage,
    is_refused_by_policy,
    is_too_large,
    is_unstorable_text,
)
from shared.database.merge import append, merge
from shared.database.prepared import (
    Prepared,
    Statements,
    changed,
    execute_each,
    fetched,
    plan_once,
    prepared,
    tuples,
)
from shared.database.upserts import MOST_VALUES, Rows, quote

__all__ = [
    "DATABASE_ERRORS",
    "MOST_VALUES",
    "SECOND",
    "Database",
    "Prepared",
    "Rows",
    "Session",
    "Statements",
    "Step",
    "among",
    "append",
    "array_of",
    "breaks_reference",
    "cannot_write",
    "changed",
    "create_engine",
    "execute_each",
    "fetched",
    "folded_column",
    "has_part",
    "is_outage",
    "is_refused_by_policy",
    "is_too_large",
    "is_unstorable_text",
    "key",
    "lock",
    "lock_each",
    "lock_shared",
    "merge",
    "optional",
    "plan_once",
    "prepared",
    "published_columns",
    "quote",
    "required",
    "sql_table",
    "tuples",
]
