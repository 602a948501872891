"""Closes that are released

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-29 16:05:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0009'
down_revision: Union[str, Sequence[str], None] = '0008'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('released_prices',
    sa.Column('symbol', sa.String(length=24), nullable=False),
    sa.Column('session_date', sa.Date(), nullable=False),
    sa.Column('told_by', sa.Uuid(), nullable=True),
    sa.PrimaryKeyConstraint('symbol', 'session_date'),
    schema='ingest'
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table('released_prices', schema='ingest')
