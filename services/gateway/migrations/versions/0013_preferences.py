"""What users prefer, and personal tokens

Revision ID: 0013
Revises: 0012
Create Date: 2026-11-30 10:05:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


# revision identifiers, used by Alembic.
revision: str = '0013'
down_revision: Union[str, Sequence[str], None] = '0012'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('user_preferences',
        sa.Column('user_id', sa.Uuid(), nullable=False),
        sa.Column('version', sa.BigInteger(), server_default='1', nullable=False),
        sa.Column('theme', sa.String(length=10), server_default='system', nullable=False),
        sa.Column('default_portfolio_id', sa.Uuid(), nullable=True),
        sa.Column('views', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.ForeignKeyConstraint(['default_portfolio_id'], ['gateway.portfolios.portfolio_id'], ondelete='SET NULL'),
        sa.ForeignKeyConstraint(['user_id'], ['gateway.users.user_id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('user_id'),
        schema='gateway'
    )
    op.create_index(op.f('ix_gateway_user_preferences_default_portfolio_id'), 'user_preferences', ['default_portfolio_id'], unique=False, schema='gateway')


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table('user_preferences', schema='gateway')
