"""Find families that are over

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-22 16:16:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

# revision identifiers, used by Alembic.
revision: str = '0004'
down_revision: Union[str, Sequence[str], None] = '0003'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_index('ix_refresh_tokens_revoked_family', 'refresh_tokens', ['family_id'], unique=False, schema='gateway', postgresql_where=sa.text('revoked_at IS NOT NULL'))


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index('ix_refresh_tokens_revoked_family', table_name='refresh_tokens', schema='gateway', postgresql_where=sa.text('revoked_at IS NOT NULL'))
