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
STATEMENTS = (
    """
    UPDATE ingest.daily_prices AS own SET symbol = ingest.canonical(own.symbol)
    WHERE own.symbol ~ '^[A-Z][A-Z0-9]*-[A-Z0-9]{1,4}$' AND NOT EXISTS (
        SELECT FROM ingest.daily_prices AS other
        WHERE other.symbol = ingest.canonical(own.symbol) AND other.session_date = own.session_date
    )
    """,
    """
    UPDATE ingest.securities AS own SET symbol = ingest.canonical(own.symbol)
    WHERE own.symbol ~ '^[A-Z][A-Z0-9]*-[A-Z0-9]{1,4}$' AND NOT EXISTS (
        SELECT FROM ingest.securities AS other WHERE other.symbol = ingest.canonical(own.symbol)
    )
    """,
    """
    UPDATE ingest.corporate_actions AS own SET symbol = ingest.canonical(own.symbol)
    WHERE own.symbol ~ '^[A-Z][A-Z0-9]*-[A-Z0-9]{1,4}$' AND NOT EXISTS (
        SELECT FROM ingest.corporate_actions AS other
        WHERE other.symbol = ingest.canonical(own.symbol) AND other.ex_date = own.ex_date
            AND other.kind = own.kind
    )
    """,
    """
    UPDATE ingest.unadjusted_symbols AS own SET symbol = ingest.canonical(own.symbol)
    WHERE own.symbol ~ '^[A-Z][A-Z0-9]*-[A-Z0-9]{1,4}$' AND NOT EXISTS (
        SELECT FROM ingest.unadjusted_symbols AS other
        WHERE other.symbol = ingest.canonical(own.symbol)
    )
    """,
)


def upgrade() -> None:
    """Upgrade schema."""
    op.execute(
        "CREATE FUNCTION ingest.canonical(symbol text) RETURNS text LANGUAGE sql IMMUTABLE AS $$"
        " SELECT CASE"
        " WHEN symbol ~ '-P[A-Z]$' THEN regexp_replace(symbol, '-P([A-Z])$', '.PR\\1')"
        " WHEN symbol ~ '-WT$' THEN regexp_replace(symbol, '-WT$', '.WS')"
        " WHEN symbol ~ '-UN$' THEN regexp_replace(symbol, '-UN$', '.U')"
        " ELSE replace(symbol, '-', '.') END $$"
    )
    for statement in STATEMENTS:
        op.execute(statement)
    op.execute("DROP FUNCTION ingest.canonical(text)")


def downgrade() -> None:
    """Downgrade schema."""
    # both spellings mean the same share: there is nothing to undo
