"""Alembic's environment for the factors schema."""

from services.factors.tables import FactorDefinition
from shared.database import run_migrations

run_migrations(FactorDefinition.metadata)
