"""Know what a day earned by

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-29 10:12:31.527604

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

# revision identifiers, used by Alembic.
revision: str = '0004'
down_revision: Union[str, Sequence[str], None] = '0003'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None

SNAPSHOT_COLUMNS = ('trades_pnl', 'income', 'fees', 'inflow', 'outflow')

# The net flow of a row is all that is known of it; what came in and left on the same day is not.
FROM_NET_FLOWS = """
    update snapshots.portfolio_snapshots
    set inflow = greatest(net_flow, 0), outflow = least(net_flow, 0)
    where net_flow <> 0
"""


def upgrade() -> None:
    """Upgrade schema."""
    for name in SNAPSHOT_COLUMNS:
        op.add_column('portfolio_snapshots', sa.Column(name, sa.Numeric(precision=20, scale=6), server_default='0', nullable=False), schema='snapshots')
    op.add_column('portfolio_snapshots', sa.Column('flows_to_date', sa.Numeric(precision=20, scale=6), nullable=True), schema='snapshots')
    op.add_column('position_valuations', sa.Column('income', sa.Numeric(precision=20, scale=6), server_default='0', nullable=False), schema='snapshots')
    op.execute(FROM_NET_FLOWS)


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column('position_valuations', 'income', schema='snapshots')
    for name in ('flows_to_date', *reversed(SNAPSHOT_COLUMNS)):
        op.drop_column('portfolio_snapshots', name, schema='snapshots')
