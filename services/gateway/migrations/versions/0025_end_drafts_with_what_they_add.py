"""End drafts with the shares of the portfolios that they add

Revision ID: 0025
Revises: 0021
Create Date: 2026-11-30 22:00:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


# revision identifiers, used by Alembic.
revision: str = '0025'
down_revision: Union[str, Sequence[str], None] = '0021'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None

# An array has no foreign key. The draft goes first: a calculation of it, which writes its portfolio
# again, holds its row. As the owner of the tables: whoever ends a share sees no draft of another.
DELETE_DRAFTS = """
create function gateway.delete_drafts_of_share() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    gone uuid;
begin
    for gone in
        delete from gateway.drafts
        where user_id = old.user_id and old.portfolio_id = any (shared_ids)
        returning draft_id
    loop
        delete from gateway.portfolios where portfolio_id = gone;
    end loop;
    return null;
end $$
"""


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column(
        'drafts',
        sa.Column('shared_ids', postgresql.ARRAY(sa.Uuid()), server_default=sa.text("'{}'"), nullable=False),
        schema='gateway',
    )
    op.execute(DELETE_DRAFTS)
    op.execute(
        'create trigger delete_drafts_of_share after delete on gateway.portfolio_shares '
        'for each row execute function gateway.delete_drafts_of_share()'
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.execute('drop trigger delete_drafts_of_share on gateway.portfolio_shares')
    op.execute('drop function gateway.delete_drafts_of_share()')
    op.drop_column('drafts', 'shared_ids', schema='gateway')
