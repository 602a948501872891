"""Alembic's environment for the ingest schema."""

from services.ingest.tables import Table
from shared.database.migrations import run_migrations

run_migrations(Table.metadata)
