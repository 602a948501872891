"""Record what each stage failed for or succeeded without, with the portfolios that it concerns

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-29 16:00:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

# revision identifiers, used by Alembic.
revision: str = '0009'
down_revision: Union[str, Sequence[str], None] = '0008'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None

# Events of earlier versions quote errors that may name what other users hold.
QUOTING = """
DELETE FROM gateway.run_events
WHERE data ->> 'message' IS NOT NULL OR jsonb_array_length(data -> 'problems') > 0
"""


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column(
        'batch_items',
        sa.Column('problems', postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        schema='gateway',
    )
    op.execute(QUOTING)


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column('batch_items', 'problems', schema='gateway')
