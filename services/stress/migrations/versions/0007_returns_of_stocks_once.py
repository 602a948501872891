"""Returns of stocks once

Revision ID: 0007
Revises: 0006
Create Date: 2026-12-01 15:50:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

# revision identifiers, used by Alembic.
revision: str = '0007'
down_revision: Union[str, Sequence[str], None] = '0006'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        'past_returns',
        sa.Column('symbol', sa.String(length=24), nullable=False),
        sa.Column('as_of', sa.Date(), nullable=False),
        sa.Column('returns_id', sa.Uuid(), nullable=False),
        sa.Column('returns', sa.ARRAY(sa.Double()), nullable=False),
        sa.PrimaryKeyConstraint('symbol', 'as_of', 'returns_id'),
        schema='stress',
    )
    op.execute('ALTER TABLE "stress".past_returns ALTER COLUMN returns SET STORAGE EXTERNAL')
    op.execute('ALTER TABLE "stress".past_returns SET (toast_tuple_target = 8160)')
    # Vectors that are stored stay as they are, and are read as they are.
    op.add_column('position_pnl', sa.Column('exposure', sa.Double(), nullable=True), schema='stress')
    op.add_column('position_pnl', sa.Column('returns_id', sa.Uuid(), nullable=True), schema='stress')


def downgrade() -> None:
    """Downgrade schema: the vectors of stocks are written out again."""
    op.execute(
        'UPDATE "stress".position_pnl AS position SET historical_pnl = array('
        ' SELECT round(position.exposure * daily.value * 100) / 100 + 0'
        ' FROM unnest(past.returns) WITH ORDINALITY AS daily (value, place) ORDER BY daily.place)'
        ' FROM "stress".past_returns AS past WHERE position.historical_pnl IS NULL'
        ' AND past.symbol = position.symbol AND past.as_of = position.as_of'
        ' AND past.returns_id = position.returns_id'
    )
    op.drop_column('position_pnl', 'returns_id', schema='stress')
    op.drop_column('position_pnl', 'exposure', schema='stress')
    op.drop_table('past_returns', schema='stress')
