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


def upgrade() -> None:
    """Upgrade data: a third of 100 was 33.333, and P&L of the next session starts from its value.

    Copies: which contracts were split is not known here, and what is not held is deleted with time.
    """
    # The schema is quoted so that a copy of this service names its own (add-a-service.md).
    op.execute("""
        insert into "greeks".contract_greeks
        select (jsonb_populate_record(own, jsonb_build_object(
            'contract',
            left(contract, -8) || lpad((round(strike, 2) * 1000)::int::text, 8, '0'),
            'strike', round(strike, 2)
        ))).*
        from "greeks".contract_greeks own
        where strike <> round(strike, 2) and round(strike, 2) > 0
        order by contract, as_of
        on conflict do nothing
    """)


def downgrade() -> None:
    """Downgrade data: nothing was changed."""
