"""Mappings that users save for their files

Revision ID: 0015
Revises: 0014
Create Date: 2026-11-30 10:25:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


# revision identifiers, used by Alembic.
revision: str = '0015'
down_revision: Union[str, Sequence[str], None] = '0014'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('import_profiles',
        sa.Column('profile_id', sa.Uuid(), nullable=False),
        sa.Column('user_id', sa.Uuid(), nullable=False),
        sa.Column('name', sa.String(length=100), nullable=False),
        sa.Column('fingerprint', sa.String(length=64), nullable=False),
        sa.Column('header', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column('mapping', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['gateway.users.user_id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('profile_id'),
        schema='gateway'
    )
    op.create_index('uq_import_profiles_user_fingerprint', 'import_profiles', ['user_id', 'fingerprint'], unique=True, schema='gateway')
    op.create_index('uq_import_profiles_user_name', 'import_profiles', ['user_id', sa.literal_column('lower(name)')], unique=True, schema='gateway')


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index('uq_import_profiles_user_name', table_name='import_profiles', schema='gateway')
    op.drop_index('uq_import_profiles_user_fingerprint', table_name='import_profiles', schema='gateway')
    op.drop_table('import_profiles', schema='gateway')
