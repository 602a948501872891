"""One symbol per share

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-29 10:55:00

"""
from typing import Sequence, Union

from alembic import op


# revision identifiers, used by Alembic.
revision: str = '0008'
down_revision: Union[str, Sequence[str], None] = '0007'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None

# What was stored under a hyphen (BRK-B, BAC-PL, ACHR-WT, XYZ-UN) is under the canonical symbol from
# here on, unless that has a row of its own already.
CANONICAL = (
    "CASE WHEN symbol ~ '-P[A-Z]$' THEN regexp_replace(symbol, '-P([A-Z])$', '.PR\\1')"
    " WHEN symbol ~ '-WT$' THEN regexp_replace(symbol, '-WT$', '.WS')"
    " WHEN symbol ~ '-UN$' THEN regexp_replace(symbol, '-UN$', '.U')"
    " ELSE replace(symbol, '-', '.') END"
)
TABLES = {
    'daily_prices': ('session_date',),
    'securities': (),
    'corporate_actions': ('ex_date', 'kind'),
    'unadjusted_symbols': (),
}


def upgrade() -> None:
    """Upgrade schema."""
    for table, others in TABLES.items():
        same = ''.join(f' AND other.{name} = own.{name}' for name in others)
        canonical = CANONICAL.replace('symbol', 'own.symbol')
        op.execute(
            f"UPDATE ingest.{table} AS own SET symbol = {canonical}"
            " WHERE own.symbol ~ '^[A-Z][A-Z0-9]*-[A-Z0-9]{1,4}$' AND NOT EXISTS ("
            f"SELECT FROM ingest.{table} AS other WHERE other.symbol = {canonical}{same})"
        )


def downgrade() -> None:
    """Downgrade schema."""
    # both spellings mean the same share: there is nothing to undo
