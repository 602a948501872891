"""Say which day positions are stated on

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-22 19:11:55.377046

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0005'
down_revision: Union[str, Sequence[str], None] = '0004'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column('positions', sa.Column('stated_on', sa.Date(), nullable=True), schema='gateway')
    # Nobody said so far. A file is in the shares of the day it was loaded, an exit is told on its day or later, and
    # nothing can be stated before it was entered: the latest of these is what was known last.
    op.execute(
        "UPDATE gateway.positions"
        " SET stated_on = greatest(entry_date, exit_date, (created_at AT TIME ZONE 'UTC')::date)"
    )
    op.alter_column('positions', 'stated_on', nullable=False, schema='gateway')
    op.drop_constraint('uq_positions_instrument_entry', 'positions', schema='gateway', type_='unique')
    op.create_unique_constraint('uq_positions_instrument_entry', 'positions', ['portfolio_id', 'symbol', 'entry_date', 'stated_on'], schema='gateway')


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_constraint('uq_positions_instrument_entry', 'positions', schema='gateway', type_='unique')
    op.create_unique_constraint('uq_positions_instrument_entry', 'positions', ['portfolio_id', 'symbol', 'entry_date'], schema='gateway')
    op.drop_column('positions', 'stated_on', schema='gateway')
