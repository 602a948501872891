"""Let a window be a window

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-29 15:20:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

# revision identifiers, used by Alembic.
revision: str = '0005'
down_revision: Union[str, Sequence[str], None] = '0004'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None

PLAIN = ('plain_var_95', 'plain_es_95', 'plain_var_99', 'plain_es_99')


def upgrade() -> None:
    """Upgrade schema."""
    for day in ('first_day', 'last_day'):
        op.add_column('risk_metrics', sa.Column(day, sa.Date(), nullable=True), schema='snapshots')
    for figure in PLAIN:
        op.add_column('component_var', sa.Column(figure, sa.Double(), nullable=True), schema='snapshots')
    op.add_column('component_var', sa.Column('days', sa.Integer(), nullable=True), schema='snapshots')
    # What is stored is the plain estimate; the smoothed one comes with the next run.
    op.execute("""
        update snapshots.component_var set plain_var_95 = var_95, plain_es_95 = es_95,
            plain_var_99 = var_99, plain_es_99 = es_99
    """)


def downgrade() -> None:
    """Downgrade schema."""
    op.execute("""
        update snapshots.component_var set var_95 = plain_var_95, es_95 = plain_es_95,
            var_99 = plain_var_99, es_99 = plain_es_99
    """)
    for column in ('days', *PLAIN):
        op.drop_column('component_var', column, schema='snapshots')
    for day in ('last_day', 'first_day'):
        op.drop_column('risk_metrics', day, schema='snapshots')
