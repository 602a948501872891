"""Let an import renew the statistics of the tables that it fills

Revision ID: 0028
Revises: 0026
Create Date: 2026-12-01 08:45:00

"""
from typing import Sequence, Union

from alembic import op


# revision identifiers, used by Alembic.
revision: str = '0028'
down_revision: Union[str, Sequence[str], None] = '0026'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None

# As the owner of the tables, which alone may analyze them. Another import that does so at the moment
# is not waited for: it holds its locks until it is committed.
ANALYZE_BOOKS = """
create function gateway.analyze_books() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    execute 'analyze (skip_locked) gateway.transactions, gateway.positions, gateway.position_spans';
end $$
"""


def upgrade() -> None:
    """Upgrade schema."""
    op.execute(ANALYZE_BOOKS)
    op.execute('revoke all on function gateway.analyze_books() from public')
    op.execute('grant execute on function gateway.analyze_books() to gateway_user')


def downgrade() -> None:
    """Downgrade schema."""
    op.execute('drop function gateway.analyze_books()')
