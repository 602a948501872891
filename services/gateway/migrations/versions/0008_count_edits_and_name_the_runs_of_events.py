"""Count the edits of portfolios, and name the run of each event in the outbox

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-29 15:50:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0008'
down_revision: Union[str, Sequence[str], None] = '0007'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column('portfolio_revisions', sa.Column('edits', sa.BigInteger(), server_default='0', nullable=False), schema='gateway')
    op.add_column('outbox', sa.Column('run_id', sa.Uuid(), nullable=True), schema='gateway')
    op.execute("UPDATE gateway.outbox SET run_id = (payload ->> 'run_id')::uuid")
    op.alter_column('outbox', 'run_id', nullable=False, schema='gateway')
    op.create_index('ix_gateway_outbox_run_id', 'outbox', ['run_id'], unique=False, schema='gateway')


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index('ix_gateway_outbox_run_id', table_name='outbox', schema='gateway')
    op.drop_column('outbox', 'run_id', schema='gateway')
    op.drop_column('portfolio_revisions', 'edits', schema='gateway')
