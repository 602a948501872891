"""Log-ins by user

Revision ID: 0023
Revises: 0022
Create Date: 2026-11-30 21:05:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0023'
down_revision: Union[str, Sequence[str], None] = '0022'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_index('audit_log_log_ins', 'audit_log', ['user_id', 'occurred_at'], unique=False, schema='gateway', postgresql_where=sa.text("action = 'login.succeeded'"))


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index('audit_log_log_ins', table_name='audit_log', schema='gateway')
