"""Position correlations: calculations, pairs, clusters and their members

Revision ID: 0004
Revises: 0003

"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Four tables by portfolio and session."""
    op.create_table(
        "correlation_calculations",
        sa.Column("portfolio_id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("view", sa.String(length=10), nullable=False),
        sa.Column("price_run", sa.String(length=64), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("overall_correlation", sa.Double(), nullable=True),
        sa.Column("concentration", sa.Double(), nullable=True),
        sa.Column("effective_positions", sa.Double(), nullable=True),
        sa.Column("coverage", sa.Double(), nullable=True),
        sa.Column("gross_value", sa.Double(), nullable=False),
        sa.Column("kept_value", sa.Double(), nullable=False),
        sa.Column("positions", sa.Integer(), nullable=False),
        sa.Column("positions_kept", sa.Integer(), nullable=False),
        sa.Column("symbols_kept", sa.Integer(), nullable=False),
        sa.Column("symbols_left_out", sa.Integer(), nullable=False),
        sa.Column("kept", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("left_out", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("clusters", sa.Integer(), nullable=False),
        sa.Column("psd_repaired", sa.Boolean(), nullable=False),
        sa.Column("largest_repair", sa.Double(), nullable=False),
        sa.Column("warnings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("portfolio_id", "as_of", "view"),
        schema="factors",
    )
    op.create_table(
        "correlation_cluster_members",
        sa.Column("portfolio_id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("view", sa.String(length=10), nullable=False),
        sa.Column("cluster", sa.Integer(), nullable=False),
        sa.Column("symbol", sa.String(length=24), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("positions", sa.Integer(), nullable=False),
        sa.Column("mean_correlation", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("portfolio_id", "as_of", "view", "cluster", "symbol"),
        schema="factors",
    )
    op.create_table(
        "correlation_clusters",
        sa.Column("portfolio_id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("view", sa.String(length=10), nullable=False),
        sa.Column("cluster", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("mean_correlation", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("portfolio_id", "as_of", "view", "cluster"),
        schema="factors",
    )
    op.create_table(
        "correlation_pairs",
        sa.Column("portfolio_id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("symbol_a", sa.String(length=24), nullable=False),
        sa.Column("symbol_b", sa.String(length=24), nullable=False),
        sa.Column("correlation", sa.Double(), nullable=True),
        sa.Column("measured_correlation", sa.Double(), nullable=True),
        sa.Column("observations", sa.Integer(), nullable=False),
        sa.Column("quality", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("portfolio_id", "as_of", "symbol_a", "symbol_b"),
        schema="factors",
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("correlation_pairs", schema="factors")
    op.drop_table("correlation_clusters", schema="factors")
    op.drop_table("correlation_cluster_members", schema="factors")
    op.drop_table("correlation_calculations", schema="factors")
