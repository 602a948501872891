"""Seven factors and their proxies, an eighth without a source

Revision ID: 0002
Revises: 0001

"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FACTORS = (
    ("market", "Market", "SPY"),
    ("value", "Value", "VTV"),
    ("growth", "Growth", "VUG"),
    ("momentum", "Momentum", "MTUM"),
    ("quality", "Quality", "QUAL"),
    ("size", "Size", "IWM"),
    ("low_volatility", "Low Volatility", "USMV"),
    ("short_interest", "Short Interest", None),
)


def _definitions() -> sa.TableClause:
    columns = ("factor", "name", "proxy", "display_order", "active")
    return sa.table("factor_definitions", *(sa.column(name) for name in columns), schema="factors")


def upgrade() -> None:
    """Define the factors; one without a proxy is inactive."""
    rows = [
        {"factor": factor, "name": name, "proxy": proxy, "display_order": order, "active": proxy is not None}
        for order, (factor, name, proxy) in enumerate(FACTORS, start=1)
    ]
    op.bulk_insert(_definitions(), rows)


def downgrade() -> None:
    """Remove the definitions."""
    op.execute(_definitions().delete())
