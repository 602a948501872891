"""Accounts of single sign-on

Revision ID: 0019
Revises: 0020
Create Date: 2026-11-30 16:40:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0019'
down_revision: Union[str, Sequence[str], None] = '0020'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('linked_accounts',
        sa.Column('link_id', sa.Uuid(), nullable=False),
        sa.Column('user_id', sa.Uuid(), nullable=False),
        sa.Column('issuer', sa.String(length=300), nullable=False),
        sa.Column('subject', sa.String(length=255), nullable=False),
        sa.Column('email', sa.String(length=320), nullable=True),
        sa.Column('made_user', sa.Boolean(), nullable=False),
        sa.Column('linked_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.Column('last_used_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['user_id'], ['gateway.users.user_id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('link_id'),
        sa.UniqueConstraint('issuer', 'subject', name='uq_linked_accounts_issuer_subject'),
        schema='gateway'
    )
    op.create_index(op.f('ix_gateway_linked_accounts_user_id'), 'linked_accounts', ['user_id'], unique=False, schema='gateway')
    op.create_table('sign_on_attempts',
        sa.Column('attempt_hash', sa.String(length=64), nullable=False),
        sa.Column('return_to', sa.String(length=2000), nullable=False),
        sa.Column('user_id', sa.Uuid(), nullable=True),
        sa.Column('family_id', sa.Uuid(), nullable=True),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['gateway.users.user_id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('attempt_hash'),
        schema='gateway'
    )
    op.create_index(op.f('ix_gateway_sign_on_attempts_expires_at'), 'sign_on_attempts', ['expires_at'], unique=False, schema='gateway')
    op.add_column('refresh_tokens', sa.Column('link_id', sa.Uuid(), nullable=True), schema='gateway')
    op.create_foreign_key('refresh_tokens_link_id_fkey', 'refresh_tokens', 'linked_accounts', ['link_id'], ['link_id'], source_schema='gateway', referent_schema='gateway', ondelete='SET NULL')
    op.create_index(op.f('ix_gateway_refresh_tokens_link_id'), 'refresh_tokens', ['link_id'], unique=False, schema='gateway')


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column('refresh_tokens', 'link_id', schema='gateway')
    op.drop_table('sign_on_attempts', schema='gateway')
    op.drop_table('linked_accounts', schema='gateway')
