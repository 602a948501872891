"""Leave what follows from a recorded stage to be done for many of them at once

Revision ID: 0026
Revises: 0027
Create Date: 2026-11-30 23:30:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


# revision identifiers, used by Alembic.
revision: str = '0026'
down_revision: Union[str, Sequence[str], None] = '0027'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column(
        'batch_items',
        sa.Column('follow_up', postgresql.JSONB(none_as_null=True), nullable=True),
        schema='gateway',
    )
    op.create_index(
        'ix_batch_items_waiting',
        'batch_items',
        ['run_id'],
        schema='gateway',
        postgresql_where=sa.text('follow_up IS NOT NULL'),
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index('ix_batch_items_waiting', table_name='batch_items', schema='gateway')
    op.drop_column('batch_items', 'follow_up', schema='gateway')
