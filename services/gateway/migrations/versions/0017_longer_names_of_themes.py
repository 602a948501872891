"""Longer names of themes

Revision ID: 0017
Revises: 0016
Create Date: 2026-11-30 11:28:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0017'
down_revision: Union[str, Sequence[str], None] = '0016'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.alter_column('user_preferences', 'theme', type_=sa.String(length=20), existing_type=sa.String(length=10), existing_nullable=False, existing_server_default='system', schema='gateway')


def downgrade() -> None:
    """Downgrade schema."""
    op.execute("UPDATE gateway.user_preferences SET theme = 'contrast' WHERE theme = 'contrast-light'")
    op.alter_column('user_preferences', 'theme', type_=sa.String(length=10), existing_type=sa.String(length=20), existing_nullable=False, existing_server_default='system', schema='gateway')
