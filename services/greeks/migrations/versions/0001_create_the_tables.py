"""Create the tables

Revision ID: 0001
Revises:
Create Date: 2026-11-22 12:41:53.632410

"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        "contract_greeks",
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("price_run", sa.String(), nullable=False),
        sa.Column("underlying", sa.String(), nullable=False),
        sa.Column("option_type", sa.String(length=1), nullable=False),
        sa.Column("strike", sa.Numeric(precision=18, scale=6), nullable=False),
        sa.Column("expiry", sa.Date(), nullable=False),
        sa.Column("underlying_price", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("underlying_price_date", sa.Date(), nullable=True),
        sa.Column("years_to_expiry", sa.Double(), nullable=False),
        sa.Column("volatility", sa.Double(), nullable=True),
        sa.Column("iv_source", sa.String(), nullable=True),
        sa.Column("rate", sa.Double(), nullable=True),
        sa.Column("rate_source", sa.String(), nullable=True),
        sa.Column("dividend_yield", sa.Double(), nullable=True),
        sa.Column("dividend_source", sa.String(), nullable=True),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("price", sa.Double(), nullable=True),
        sa.Column("delta", sa.Double(), nullable=True),
        sa.Column("gamma", sa.Double(), nullable=True),
        sa.Column("theta", sa.Double(), nullable=True),
        sa.Column("vega", sa.Double(), nullable=True),
        sa.Column("rho", sa.Double(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("contract", "as_of"),
        schema="greeks",
    )
    op.create_table(
        "position_greeks",
        sa.Column("position_id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("portfolio_id", sa.Uuid(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("underlying", sa.String(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("multiplier", sa.Integer(), nullable=False),
        sa.Column("delta", sa.Double(), nullable=True),
        sa.Column("gamma", sa.Double(), nullable=True),
        sa.Column("theta", sa.Double(), nullable=True),
        sa.Column("vega", sa.Double(), nullable=True),
        sa.Column("rho", sa.Double(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("position_id", "as_of"),
        schema="greeks",
    )
    op.create_index(
        "ix_position_greeks_portfolio",
        "position_greeks",
        ["portfolio_id", "as_of"],
        unique=False,
        schema="greeks",
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index("ix_position_greeks_portfolio", table_name="position_greeks", schema="greeks")
    op.drop_table("position_greeks", schema="greeks")
    op.drop_table("contract_greeks", schema="greeks")
