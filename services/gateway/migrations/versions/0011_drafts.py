"""Drafts: portfolios that branch from a base, and their trades

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-29 20:05:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


# revision identifiers, used by Alembic.
revision: str = '0011'
down_revision: Union[str, Sequence[str], None] = '0010'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column('portfolios', sa.Column('kind', sa.String(length=8), server_default='book', nullable=False), schema='gateway')
    op.add_column('portfolios', sa.Column('base_id', sa.Uuid(), nullable=True), schema='gateway')
    op.add_column('portfolios', sa.Column('base_session', sa.Date(), nullable=True), schema='gateway')
    op.create_foreign_key(None, 'portfolios', 'portfolios', ['base_id'], ['portfolio_id'], source_schema='gateway', referent_schema='gateway', ondelete='CASCADE')
    op.create_check_constraint('portfolio_kind_is_known', 'portfolios', "kind IN ('book', 'draft')", schema='gateway')
    op.create_check_constraint('drafts_have_a_base', 'portfolios', "(kind = 'draft') = (num_nonnulls(base_id, base_session) = 2)", schema='gateway')
    op.create_index('ix_portfolios_base', 'portfolios', ['base_id'], unique=False, schema='gateway', postgresql_where=sa.text('base_id IS NOT NULL'))
    op.drop_index('uq_portfolios_user_name', table_name='portfolios', schema='gateway')
    op.create_index('uq_portfolios_user_name', 'portfolios', ['user_id', sa.literal_column('lower(name)')], unique=True, schema='gateway', postgresql_where=sa.text("kind = 'book'"))
    op.create_table('drafts',
        sa.Column('draft_id', sa.Uuid(), nullable=False),
        sa.Column('user_id', sa.Uuid(), nullable=False),
        sa.Column('base_id', sa.Uuid(), nullable=False),
        sa.Column('base_session', sa.Date(), nullable=False),
        sa.Column('name', sa.String(length=100), nullable=False),
        sa.Column('note', sa.String(length=1000), server_default='', nullable=False),
        sa.Column('version', sa.BigInteger(), server_default='1', nullable=False),
        sa.Column('base_edits', sa.BigInteger(), nullable=False),
        sa.Column('base_sequence', sa.BigInteger(), nullable=False),
        sa.Column('calculated_version', sa.BigInteger(), nullable=True),
        sa.Column('run_id', sa.Uuid(), nullable=True),
        sa.Column('saved_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('booked_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.ForeignKeyConstraint(['base_id'], ['gateway.portfolios.portfolio_id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['user_id'], ['gateway.users.user_id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('draft_id'),
        schema='gateway'
    )
    op.create_index(op.f('ix_gateway_drafts_base_id'), 'drafts', ['base_id'], unique=False, schema='gateway')
    op.create_index(op.f('ix_gateway_drafts_user_id'), 'drafts', ['user_id'], unique=False, schema='gateway')
    op.create_table('draft_trades',
        sa.Column('trade_id', sa.Uuid(), nullable=False),
        sa.Column('draft_id', sa.Uuid(), nullable=False),
        sa.Column('place', sa.Integer(), nullable=False),
        sa.Column('terms', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column('legs', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(['draft_id'], ['gateway.drafts.draft_id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('trade_id'),
        schema='gateway'
    )
    op.create_index(op.f('ix_gateway_draft_trades_draft_id'), 'draft_trades', ['draft_id'], unique=False, schema='gateway')


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table('draft_trades', schema='gateway')
    op.drop_table('drafts', schema='gateway')
    op.execute("DELETE FROM gateway.portfolios WHERE kind = 'draft'")
    op.drop_index('uq_portfolios_user_name', table_name='portfolios', schema='gateway')
    op.create_index('uq_portfolios_user_name', 'portfolios', ['user_id', sa.literal_column('lower(name)')], unique=True, schema='gateway')
    op.drop_index('ix_portfolios_base', table_name='portfolios', schema='gateway')
    op.drop_constraint('drafts_have_a_base', 'portfolios', schema='gateway')
    op.drop_constraint('portfolio_kind_is_known', 'portfolios', schema='gateway')
    for column in ('base_session', 'base_id', 'kind'):
        op.drop_column('portfolios', column, schema='gateway')
