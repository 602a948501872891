"""Letters of outages

Revision ID: 0022
Revises: 0019
Create Date: 2026-11-30 20:20:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0022'
down_revision: Union[str, Sequence[str], None] = '0019'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column('dead_letters', sa.Column('of_outage', sa.Boolean(), server_default=sa.text('false'), nullable=False), schema='gateway')


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column('dead_letters', 'of_outage', schema='gateway')
