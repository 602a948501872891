"""Impacts of saved drafts, as they were when they were saved

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-29 21:02:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


# revision identifiers, used by Alembic.
revision: str = '0012'
down_revision: Union[str, Sequence[str], None] = '0011'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column('drafts', sa.Column('kept', postgresql.JSONB(astext_type=sa.Text()), nullable=True), schema='gateway')


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column('drafts', 'kept', schema='gateway')
