"""Alembic's environment for the limits schema."""

from services.limits.tables import Table
from shared.database.migrations import run_migrations

run_migrations(Table.metadata)
