"""What shards were calculated from

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-30 23:25:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

# revision identifiers, used by Alembic.
revision: str = '0007'
down_revision: Union[str, Sequence[str], None] = '0006'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        'calculations',
        sa.Column('portfolio_id', sa.Uuid(), nullable=False),
        sa.Column('as_of', sa.Date(), nullable=False),
        sa.Column('stage', sa.String(length=40), nullable=False),
        sa.Column('basis', sa.String(length=64), nullable=False),
        sa.Column('outcome', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint('portfolio_id', 'as_of', 'stage'),
        schema='snapshots',
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table('calculations', schema='snapshots')
