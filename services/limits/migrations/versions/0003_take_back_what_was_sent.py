"""Take back what was sent

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-30 10:20:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0003'
down_revision: Union[str, Sequence[str], None] = '0002'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None

WAITING = (
    "(NOT withdrawn AND (notified_at IS NULL OR taken_back_at IS NOT NULL))"
    " OR (withdrawn AND notified_at IS NOT NULL AND taken_back_at IS NULL)"
)


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column('alerts', sa.Column('changed_at', sa.DateTime(timezone=True), nullable=True), schema='limits')
    op.add_column('alerts', sa.Column('taken_back_at', sa.DateTime(timezone=True), nullable=True), schema='limits')
    # What was withdrawn before this version is not taken back: no message is made of it.
    op.execute("UPDATE limits.alerts SET taken_back_at = now() WHERE withdrawn AND notified_at IS NOT NULL")
    op.drop_index('ix_alerts_waiting', table_name='alerts', schema='limits')
    op.create_index('ix_alerts_waiting', 'alerts', ['raised_at'], unique=False, schema='limits', postgresql_where=sa.text(WAITING))
    op.create_table('sent_alerts',
    sa.Column('notification_id', sa.Uuid(), nullable=False),
    sa.Column('alert_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['alert_id'], ['limits.alerts.alert_id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['notification_id'], ['limits.notifications.notification_id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('notification_id', 'alert_id'),
    schema='limits'
    )
    op.create_index(op.f('ix_limits_sent_alerts_alert_id'), 'sent_alerts', ['alert_id'], unique=False, schema='limits')


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table('sent_alerts', schema='limits')
    op.drop_index('ix_alerts_waiting', table_name='alerts', schema='limits', postgresql_where=sa.text(WAITING))
    op.create_index('ix_alerts_waiting', 'alerts', ['raised_at'], unique=False, schema='limits', postgresql_where=sa.text('notified_at IS NULL'))
    op.drop_column('alerts', 'taken_back_at', schema='limits')
    op.drop_column('alerts', 'changed_at', schema='limits')
