"""Alembic's environment for the snapshots schema."""

from services.snapshots.tables import Table
from shared.database.migrations import run_migrations

run_migrations(Table.metadata)
