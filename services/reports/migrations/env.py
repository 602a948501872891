"""Alembic's environment for the reports schema."""

from services.reports.tables import Table
from shared.database.migrations import run_migrations

run_migrations(Table.metadata)
