"""Do not compress vectors

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-22 14:26:11.301177

"""

from collections.abc import Sequence

from alembic import op

# revision identifiers, used by Alembic.
revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

VECTORS = ("historical_pnl", "scenario_pnl")


def upgrade() -> None:
    """Upgrade schema."""
    for name in VECTORS:
        op.execute(f"ALTER TABLE stress.position_pnl ALTER COLUMN {name} SET STORAGE EXTERNAL")


def downgrade() -> None:
    """Downgrade schema."""
    for name in VECTORS:
        op.execute(f"ALTER TABLE stress.position_pnl ALTER COLUMN {name} SET STORAGE EXTENDED")
