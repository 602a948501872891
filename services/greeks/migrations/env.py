"""Alembic's environment for the greeks schema."""

from services.greeks.tables import ContractGreeks
from shared.database.migrations import run_migrations

run_migrations(ContractGreeks.metadata)
