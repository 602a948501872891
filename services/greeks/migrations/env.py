"""Alembic's environment for the greeks schema."""

from services.greeks.tables import Table
from shared.database import run_migrations

run_migrations(Table.metadata)
