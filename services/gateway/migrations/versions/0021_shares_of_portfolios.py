"""Shares of portfolios

Revision ID: 0021
Revises: 0023
Create Date: 2026-11-30 20:00:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


# revision identifiers, used by Alembic.
revision: str = '0021'
down_revision: Union[str, Sequence[str], None] = '0023'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_unique_constraint(
        'uq_portfolios_user_portfolio', 'portfolios', ['user_id', 'portfolio_id'], schema='gateway'
    )
    op.create_table('portfolio_shares',
        sa.Column('portfolio_id', sa.Uuid(), nullable=False),
        sa.Column('user_id', sa.Uuid(), nullable=False),
        sa.Column('owner_id', sa.Uuid(), nullable=False),
        sa.Column('role', sa.String(length=8), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.CheckConstraint("role IN ('viewer', 'editor')", name='share_role_is_known'),
        sa.CheckConstraint('user_id <> owner_id', name='shared_with_another'),
        sa.ForeignKeyConstraint(
            ['portfolio_id', 'owner_id'],
            ['gateway.portfolios.portfolio_id', 'gateway.portfolios.user_id'],
            name='portfolio_shares_owner_fkey',
            ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(['user_id'], ['gateway.users.user_id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('portfolio_id', 'user_id'),
        schema='gateway'
    )
    op.create_index(op.f('ix_gateway_portfolio_shares_user_id'), 'portfolio_shares', ['user_id'], unique=False, schema='gateway')
    op.create_index(op.f('ix_gateway_portfolio_shares_owner_id'), 'portfolio_shares', ['owner_id'], unique=False, schema='gateway')
    for table in ('portfolios', 'drafts'):
        op.add_column(table, sa.Column('shared_with', sa.Uuid(), nullable=True), schema='gateway')
        op.create_foreign_key(
            f'{table}_share_fkey', table, 'portfolio_shares',
            ['base_id', 'shared_with'], ['portfolio_id', 'user_id'],
            source_schema='gateway', referent_schema='gateway', ondelete='CASCADE',
        )
    op.add_column('run_events', sa.Column('user_id', sa.Uuid(), nullable=True), schema='gateway')
    op.add_column(
        'report_requests',
        sa.Column('shared_ids', postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        schema='gateway',
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column('report_requests', 'shared_ids', schema='gateway')
    op.drop_column('run_events', 'user_id', schema='gateway')
    for table in ('drafts', 'portfolios'):
        op.drop_constraint(f'{table}_share_fkey', table, schema='gateway', type_='foreignkey')
        op.drop_column(table, 'shared_with', schema='gateway')
    op.drop_table('portfolio_shares', schema='gateway')
    op.drop_constraint('uq_portfolios_user_portfolio', 'portfolios', schema='gateway', type_='unique')
