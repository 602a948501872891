"""Alembic's environment for the factors schema."""

from services.factors.tables import FactorDefinition
from shared.database.migrations import run_migrations

run_migrations(FactorDefinition.metadata)
