"""Values of split contracts under the names that exchanges list

Revision ID: 0005
Revises: 0004
Create Date: 2026-12-01 14:10:00.000000

"""
from typing import Sequence, Union

from alembic import op


# revision identifiers, used by Alembic.
revision: str = '0005'
down_revision: Union[str, Sequence[str], None] = '0004'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None

SCHEMA = 'greeks'


def upgrade() -> None:
    """Upgrade data: a third of 100 was 33.333, and P&L of the next session starts from its value.

    Copies: which contracts were split is not known here, and what is not held is deleted with time.
    """
    op.execute(f"""
        insert into {SCHEMA}.contract_greeks
        select (jsonb_populate_record(own, jsonb_build_object(
            'contract',
            left(contract, -8) || lpad((round(strike, 2) * 1000)::int::text, 8, '0'),
            'strike', round(strike, 2)
        ))).*
        from {SCHEMA}.contract_greeks own
        where strike <> round(strike, 2) and round(strike, 2) > 0
        order by contract, as_of
        on conflict do nothing
    """)


def downgrade() -> None:
    """Downgrade data: nothing was changed."""
