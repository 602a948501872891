"""The ledger: transactions, and lots derived from them

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-29 09:20:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0006'
down_revision: Union[str, Sequence[str], None] = '0005'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None

KINDS = (
    "'opening', 'buy', 'sell', 'sell_short', 'buy_to_cover', 'deposit', 'withdrawal', 'transfer_in',"
    " 'transfer_out', 'dividend', 'interest', 'borrow_fee', 'fee', 'equity'"
)
# What was held under a hyphen (BRK-B, BAC-PL, ACHR-WT, XYZ-UN) has its canonical symbol from here on.
CANONICAL = """
UPDATE gateway.positions SET (symbol, underlying) = (
    SELECT spelt, spelt FROM (SELECT CASE
        WHEN symbol ~ '-P[A-Z]$' THEN regexp_replace(symbol, '-P([A-Z])$', '.PR\\1')
        WHEN symbol ~ '-WT$' THEN regexp_replace(symbol, '-WT$', '.WS')
        WHEN symbol ~ '-UN$' THEN regexp_replace(symbol, '-UN$', '.U')
        ELSE replace(symbol, '-', '.') END AS spelt) AS canonical
) WHERE instrument = 'stock' AND investment_class <> 'PRIVATE'
    AND symbol ~ '^[A-Z][A-Z0-9]*-[A-Z0-9]{1,4}$'
"""
OPENINGS = """
INSERT INTO gateway.transactions (
    transaction_id, portfolio_id, kind, trade_date, symbol, underlying, option_type, strike, expiry,
    multiplier, investment_class, investment_subtype, quantity, price, stated_on, lot_id, source,
    created_at
) SELECT
    position_id, portfolio_id, 'opening', entry_date, symbol, underlying, option_type, strike,
    expiry, multiplier, investment_class, investment_subtype, quantity, entry_price, stated_on,
    position_id, 'migration', created_at
FROM gateway.positions ORDER BY created_at, position_id
"""
EXITS = """
INSERT INTO gateway.transactions (
    transaction_id, portfolio_id, kind, trade_date, symbol, underlying, option_type, strike, expiry,
    multiplier, investment_class, investment_subtype, quantity, price, stated_on, lot_id, source
) SELECT
    gen_random_uuid(), portfolio_id,
    CASE WHEN quantity > 0 THEN 'sell' ELSE 'buy_to_cover' END,
    exit_date, symbol, underlying, option_type, strike, expiry, multiplier, investment_class,
    investment_subtype, -quantity, exit_price, stated_on, position_id, 'migration'
FROM gateway.positions WHERE exit_date IS NOT NULL ORDER BY exit_date, position_id
"""
FLOWS = """
INSERT INTO gateway.transactions (
    transaction_id, portfolio_id, kind, trade_date, amount, stated_on, source, note, created_at
) SELECT
    cash_flow_id, portfolio_id, CASE WHEN amount > 0 THEN 'deposit' ELSE 'withdrawal' END,
    flow_date, amount, flow_date, 'migration', note, created_at
FROM gateway.cash_flows ORDER BY created_at, cash_flow_id
"""


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        'transactions',
        sa.Column('transaction_id', sa.Uuid(), nullable=False),
        sa.Column('sequence', sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column('portfolio_id', sa.Uuid(), nullable=False),
        sa.Column('kind', sa.String(length=16), nullable=False),
        sa.Column('trade_date', sa.Date(), nullable=False),
        sa.Column('symbol', sa.String(length=24), nullable=True),
        sa.Column('underlying', sa.String(length=24), nullable=True),
        sa.Column('option_type', sa.String(length=1), nullable=True),
        sa.Column('strike', sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column('expiry', sa.Date(), nullable=True),
        sa.Column('multiplier', sa.Integer(), server_default='1', nullable=False),
        sa.Column('investment_class', sa.String(length=10), nullable=True),
        sa.Column('investment_subtype', sa.String(length=50), nullable=True),
        sa.Column('quantity', sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column('price', sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column('amount', sa.Numeric(precision=20, scale=2), nullable=True),
        sa.Column('fees', sa.Numeric(precision=20, scale=2), server_default='0', nullable=False),
        sa.Column('stated_on', sa.Date(), nullable=False),
        sa.Column('lot_id', sa.Uuid(), nullable=True),
        sa.Column('lot_method', sa.String(length=12), nullable=True),
        sa.Column('source', sa.String(length=10), nullable=False),
        sa.Column('source_line', sa.Integer(), nullable=True),
        sa.Column('external_id', sa.String(length=100), nullable=True),
        sa.Column('note', sa.String(length=200), server_default='', nullable=False),
        sa.Column('reverses', sa.Uuid(), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
        sa.CheckConstraint(f'kind IN ({KINDS})', name='kind_is_known'),
        sa.CheckConstraint('(quantity IS NULL) <> (amount IS NULL)', name='quantity_or_amount'),
        sa.CheckConstraint('quantity <> 0', name='quantity_not_zero'),
        sa.CheckConstraint('price >= 0', name='price_not_negative'),
        sa.CheckConstraint('fees >= 0', name='fees_not_negative'),
        sa.CheckConstraint('(quantity IS NULL) OR (symbol IS NOT NULL)', name='trades_have_a_symbol'),
        sa.ForeignKeyConstraint(['portfolio_id'], ['gateway.portfolios.portfolio_id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('transaction_id'),
        sa.UniqueConstraint('sequence'),
        schema='gateway',
    )
    op.create_index('ix_transactions_portfolio', 'transactions', ['portfolio_id', 'trade_date'], unique=False, schema='gateway')
    op.create_index('uq_transactions_reverses', 'transactions', ['reverses'], unique=True, schema='gateway', postgresql_where=sa.text('reverses IS NOT NULL'))
    op.create_index('ix_transactions_external_id', 'transactions', ['portfolio_id', 'external_id'], unique=False, schema='gateway', postgresql_where=sa.text('external_id IS NOT NULL'))
    op.create_table(
        'position_spans',
        sa.Column('position_id', sa.Uuid(), nullable=False),
        sa.Column('held_from', sa.Date(), nullable=False),
        sa.Column('portfolio_id', sa.Uuid(), nullable=False),
        sa.Column('held_until', sa.Date(), nullable=True),
        sa.Column('quantity', sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column('from_price', sa.Numeric(precision=30, scale=12), nullable=True),
        sa.Column('until_price', sa.Numeric(precision=30, scale=12), nullable=True),
        sa.ForeignKeyConstraint(['portfolio_id'], ['gateway.portfolios.portfolio_id'], ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['position_id'], ['gateway.positions.position_id'], ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('position_id', 'held_from'),
        schema='gateway',
    )
    op.create_index(op.f('ix_gateway_position_spans_portfolio_id'), 'position_spans', ['portfolio_id'], unique=False, schema='gateway')
    op.add_column('portfolios', sa.Column('valued_from', sa.Date(), nullable=True), schema='gateway')
    op.add_column('portfolios', sa.Column('opening_cash', sa.Numeric(precision=20, scale=2), nullable=True), schema='gateway')
    op.add_column('portfolios', sa.Column('lot_method', sa.String(length=12), server_default='fifo', nullable=False), schema='gateway')
    op.add_column('portfolios', sa.Column('settlement', sa.String(length=8), server_default='physical', nullable=False), schema='gateway')
    op.create_check_constraint('lot_method_is_known', 'portfolios', "lot_method IN ('fifo', 'lifo', 'highest_cost')", schema='gateway')
    op.create_check_constraint('settlement_is_known', 'portfolios', "settlement IN ('physical', 'cash')", schema='gateway')
    op.add_column('positions', sa.Column('opened_by', sa.Uuid(), nullable=True), schema='gateway')
    op.drop_constraint('uq_positions_instrument_entry', 'positions', schema='gateway', type_='unique')
    op.drop_constraint('entry_price_positive', 'positions', schema='gateway', type_='check')
    op.create_check_constraint('entry_price_not_negative', 'positions', 'entry_price >= 0', schema='gateway')
    op.create_index('ix_positions_portfolio_symbol', 'positions', ['portfolio_id', 'symbol', 'entry_date'], unique=False, schema='gateway')
    for statement in (CANONICAL, OPENINGS, EXITS, FLOWS):
        op.execute(statement)
    op.execute("UPDATE gateway.positions SET opened_by = position_id")
    op.drop_table('cash_flows', schema='gateway')


def downgrade() -> None:
    """Downgrade schema."""
    raise NotImplementedError("a ledger says more than positions can: restore a backup instead")
