"""Days of files

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-29 16:15:00

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
    op.add_column('data_providers', sa.Column('first_session', sa.Date(), nullable=True), schema='ingest')
    op.add_column('data_providers', sa.Column('last_session', sa.Date(), nullable=True), schema='ingest')


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column('data_providers', 'last_session', schema='ingest')
    op.drop_column('data_providers', 'first_session', schema='ingest')
