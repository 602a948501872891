"""Second factors of users

Revision ID: 0020
Revises: 0017
Create Date: 2026-11-30 16:30:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0020'
down_revision: Union[str, Sequence[str], None] = '0017'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('second_factors',
        sa.Column('user_id', sa.Uuid(), nullable=False),
        sa.Column('secret', sa.LargeBinary(), nullable=False),
        sa.Column('begun_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('last_step', sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(['user_id'], ['gateway.users.user_id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('user_id'),
        schema='gateway'
    )
    op.create_table('recovery_codes',
        sa.Column('user_id', sa.Uuid(), nullable=False),
        sa.Column('code_hash', sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['gateway.second_factors.user_id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('user_id', 'code_hash'),
        schema='gateway'
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table('recovery_codes', schema='gateway')
    op.drop_table('second_factors', schema='gateway')
