"""Derive the successor of a refresh token

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-29 15:40:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0007'
down_revision: Union[str, Sequence[str], None] = '0006'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column('refresh_tokens', sa.Column('successor_salt', sa.LargeBinary(), nullable=True), schema='gateway')


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column('refresh_tokens', 'successor_salt', schema='gateway')
