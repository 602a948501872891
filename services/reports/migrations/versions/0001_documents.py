"""Documents

Revision ID: 0001
Revises: 
Create Date: 2026-11-30 10:14:18.677779

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

# revision identifiers, used by Alembic.
revision: str = '0001'
down_revision: Union[str, Sequence[str], None] = None
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('documents',
    sa.Column('report_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('template', sa.String(length=12), nullable=False),
    sa.Column('form', sa.String(length=12), nullable=False),
    sa.Column('sections', postgresql.ARRAY(sa.String(length=20)), nullable=False),
    sa.Column('basis', sa.String(length=64), nullable=False),
    sa.Column('revisions', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('progress', sa.Double(), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=True),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('sha256', sa.String(length=64), nullable=True),
    sa.Column('byte_count', sa.Integer(), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('rendered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('report_id'),
    schema='reports'
    )
    op.create_index('ix_documents_expiry', 'documents', ['expires_at'], unique=False, schema='reports')
    op.create_index('ix_documents_user', 'documents', ['user_id'], unique=False, schema='reports')


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index('ix_documents_user', table_name='documents', schema='reports')
    op.drop_index('ix_documents_expiry', table_name='documents', schema='reports')
    op.drop_table('documents', schema='reports')
