"""Factor returns, shrunk covariance, lags of rate errors

Revision ID: 0003
Revises: 0002

"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Room for what is new; stored sessions are completed when they run again."""
    op.create_table(
        "factor_returns",
        sa.Column("session_date", sa.Date(), nullable=False),
        sa.Column("space", sa.String(length=20), nullable=False),
        sa.Column("factor", sa.String(length=20), nullable=False),
        sa.Column("factor_return", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("session_date", "space", "factor"),
        schema="factors",
    )
    op.add_column(
        "factor_covariances", sa.Column("shrunk_covariance", sa.Double(), nullable=True), schema="factors"
    )
    op.add_column("factor_covariances", sa.Column("shrinkage", sa.Double(), nullable=True), schema="factors")
    op.add_column("rate_sensitivities", sa.Column("lags", sa.Integer(), nullable=True), schema="factors")


def downgrade() -> None:
    """Without them."""
    op.drop_column("rate_sensitivities", "lags", schema="factors")
    op.drop_column("factor_covariances", "shrinkage", schema="factors")
    op.drop_column("factor_covariances", "shrunk_covariance", schema="factors")
    op.drop_table("factor_returns", schema="factors")
