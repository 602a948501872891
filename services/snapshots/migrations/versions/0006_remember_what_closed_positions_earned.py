"""Remember what closed positions earned

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-29 16:40:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

# revision identifiers, used by Alembic.
revision: str = '0006'
down_revision: Union[str, Sequence[str], None] = '0005'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column('portfolio_snapshots', sa.Column('closed', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False), schema='snapshots')


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column('portfolio_snapshots', 'closed', schema='snapshots')
