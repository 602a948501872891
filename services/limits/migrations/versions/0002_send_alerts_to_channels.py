"""Send alerts to channels

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-29 23:13:16.679513

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0002'
down_revision: Union[str, Sequence[str], None] = '0001'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('channels',
    sa.Column('channel_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('address', sa.String(length=2000), nullable=False),
    sa.Column('levels', sa.ARRAY(sa.String()), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('paused_because', sa.String(), nullable=True),
    sa.Column('secret', sa.String(length=100), nullable=True),
    sa.Column('old_secret', sa.String(length=100), nullable=True),
    sa.Column('old_secret_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('code', sa.String(length=10), nullable=True),
    sa.Column('code_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('code_tries', sa.Integer(), server_default='0', nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('channel_id'),
    schema='limits'
    )
    op.create_index(op.f('ix_limits_channels_user_id'), 'channels', ['user_id'], unique=False, schema='limits')
    op.create_table('code_requests',
    sa.Column('request_id', sa.Uuid(), nullable=False),
    sa.Column('address', sa.String(length=2000), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('request_id'),
    schema='limits'
    )
    op.create_index(op.f('ix_limits_code_requests_requested_at'), 'code_requests', ['requested_at'], unique=False, schema='limits')
    op.create_table('notifications',
    sa.Column('notification_id', sa.Uuid(), nullable=False),
    sa.Column('channel_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('alerts', sa.Integer(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('body', sa.String(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('failures', sa.Integer(), server_default='0', nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.String(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['channel_id'], ['limits.channels.channel_id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('notification_id'),
    schema='limits'
    )
    op.create_index('ix_notifications_channel', 'notifications', ['channel_id', 'created_at'], unique=False, schema='limits')
    op.create_index('ix_notifications_pending', 'notifications', ['next_attempt_at'], unique=False, schema='limits', postgresql_where=sa.text("state = 'pending'"))
    op.create_table('deliveries',
    sa.Column('notification_id', sa.Uuid(), nullable=False),
    sa.Column('attempt', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seconds', sa.Double(), nullable=False),
    sa.Column('delivered', sa.Boolean(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('error', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['notification_id'], ['limits.notifications.notification_id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('notification_id', 'attempt'),
    schema='limits'
    )
    op.add_column('alerts', sa.Column('notified_at', sa.DateTime(timezone=True), nullable=True), schema='limits')
    op.create_index('ix_alerts_waiting', 'alerts', ['raised_at'], unique=False, schema='limits', postgresql_where=sa.text('notified_at IS NULL'))


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index('ix_alerts_waiting', table_name='alerts', schema='limits', postgresql_where=sa.text('notified_at IS NULL'))
    op.drop_column('alerts', 'notified_at', schema='limits')
    op.drop_table('deliveries', schema='limits')
    op.drop_index('ix_notifications_pending', table_name='notifications', schema='limits', postgresql_where=sa.text("state = 'pending'"))
    op.drop_index('ix_notifications_channel', table_name='notifications', schema='limits')
    op.drop_table('notifications', schema='limits')
    op.drop_index(op.f('ix_limits_code_requests_requested_at'), table_name='code_requests', schema='limits')
    op.drop_table('code_requests', schema='limits')
    op.drop_index(op.f('ix_limits_channels_user_id'), table_name='channels', schema='limits')
    op.drop_table('channels', schema='limits')
