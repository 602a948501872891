"""Give runs a class of work

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-29 16:20:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0010'
down_revision: Union[str, Sequence[str], None] = '0009'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column('batch_runs', sa.Column('work_class', sa.String(length=12), server_default='close', nullable=False), schema='gateway')
    op.create_check_constraint('work_class_is_known', 'batch_runs', "work_class IN ('interactive', 'close', 'backfill')", schema='gateway')
    op.create_index('ix_gateway_outbox_published_at', 'outbox', ['published_at'], unique=False, schema='gateway')


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index('ix_gateway_outbox_published_at', table_name='outbox', schema='gateway')
    op.drop_constraint('work_class_is_known', 'batch_runs', schema='gateway')
    op.drop_column('batch_runs', 'work_class', schema='gateway')
