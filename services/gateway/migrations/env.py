"""Alembic's environment for the gateway schema."""

from services.gateway.tables import Table
from shared.database.migrations import run_migrations

run_migrations(Table.metadata)
