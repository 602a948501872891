"""Alembic's environment for the stress schema."""

from services.stress.tables import Table
from shared.database.migrations import run_migrations

run_migrations(Table.metadata)
