"""List what hedges

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-29 15:40:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

# revision identifiers, used by Alembic.
revision: str = '0005'
down_revision: Union[str, Sequence[str], None] = '0004'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    for name in ('linkage_clusters', 'hedges'):
        listed = sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False)
        op.add_column('correlation_calculations', listed, schema='factors')
    op.add_column('correlation_calculations', sa.Column('hedging_pairs', sa.Integer(), nullable=True), schema='factors')


def downgrade() -> None:
    """Downgrade schema."""
    for name in ('hedging_pairs', 'hedges', 'linkage_clusters'):
        op.drop_column('correlation_calculations', name, schema='factors')
