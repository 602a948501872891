"""Alembic's environment for the stress schema."""

from services.stress.tables import Table
from shared.database import run_migrations

run_migrations(Table.metadata)
