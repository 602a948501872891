"""Reports and their schedules

Revision ID: 0016
Revises: 0015
Create Date: 2026-11-30 10:13:53.435888

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

# revision identifiers, used by Alembic.
revision: str = '0016'
down_revision: Union[str, Sequence[str], None] = '0015'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('report_schedules',
    sa.Column('schedule_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('portfolio_ids', postgresql.ARRAY(sa.Uuid()), nullable=False),
    sa.Column('template', sa.String(length=12), nullable=False),
    sa.Column('form', sa.String(length=12), nullable=False),
    sa.Column('sections', postgresql.ARRAY(sa.String(length=20)), nullable=False),
    sa.Column('cadence', sa.String(length=12), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('last_session', sa.Date(), nullable=True),
    sa.Column('problem', sa.String(length=200), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("cadence IN ('daily', 'weekly', 'monthly')", name='cadence_is_known'),
    sa.ForeignKeyConstraint(['user_id'], ['gateway.users.user_id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('schedule_id'),
    schema='gateway'
    )
    op.create_index(op.f('ix_gateway_report_schedules_user_id'), 'report_schedules', ['user_id'], unique=False, schema='gateway')
    op.create_table('report_requests',
    sa.Column('report_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('schedule_id', sa.Uuid(), nullable=True),
    sa.Column('portfolio_ids', postgresql.ARRAY(sa.Uuid()), nullable=False),
    sa.Column('names', postgresql.ARRAY(sa.String(length=100)), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('template', sa.String(length=12), nullable=False),
    sa.Column('form', sa.String(length=12), nullable=False),
    sa.Column('sections', postgresql.ARRAY(sa.String(length=20)), nullable=False),
    sa.Column('basis', sa.String(length=64), nullable=False),
    sa.Column('revisions', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('figures', sa.LargeBinary(), nullable=True),
    sa.Column('state', sa.String(length=12), server_default='queued', nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('downloaded_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('queued', 'rendered', 'failed', 'cancelled')", name='report_state_is_known'),
    sa.ForeignKeyConstraint(['schedule_id'], ['gateway.report_schedules.schedule_id'], ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['user_id'], ['gateway.users.user_id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('report_id'),
    schema='gateway'
    )
    op.create_index('ix_report_requests_user', 'report_requests', ['user_id', 'created_at', 'report_id'], unique=False, schema='gateway')
    op.alter_column('run_events', 'run_id',
               existing_type=sa.UUID(),
               nullable=True,
               schema='gateway')


def downgrade() -> None:
    """Downgrade schema."""
    op.alter_column('run_events', 'run_id',
               existing_type=sa.UUID(),
               nullable=False,
               schema='gateway')
    op.drop_index('ix_report_requests_user', table_name='report_requests', schema='gateway')
    op.drop_table('report_requests', schema='gateway')
    op.drop_index(op.f('ix_gateway_report_schedules_user_id'), table_name='report_schedules', schema='gateway')
    op.drop_table('report_schedules', schema='gateway')
