"""Compare names beyond ASCII without regard to case, in any locale of the database

Revision ID: 0027
Revises: 0025
Create Date: 2026-11-30 23:30:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '0027'
down_revision: Union[str, Sequence[str], None] = '0025'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None

FOLDED = 'lower(normalize(name, NFKC) collate "pg_c_utf8")'
# table: its key, how long a name may be, and which of its names are unique
NAMED = {
    'portfolios': ('portfolio_id', 100, "kind = 'book'"),
    'tags': ('tag_id', 50, 'true'),
    'import_profiles': ('profile_id', 100, 'true'),
}


def upgrade() -> None:
    """Upgrade schema. Of a user's names that are the same now, the later ones get a number."""
    for table, (key, longest, which) in NAMED.items():
        op.drop_index(f'uq_{table}_user_name', table_name=table, schema='gateway')
        _number(table, key, longest, which)
        _index(table, FOLDED, which)


def _number(table: str, key: str, longest: int, which: str) -> None:
    found, tried = 1, 0
    while found:
        found = op.get_bind().execute(sa.text(f"""
            with counted as (
                select {key}, row_number() over (
                    partition by user_id, {FOLDED} order by created_at, {key}
                ) as place
                from gateway.{table} where {which}
            )
            update gateway.{table} named set name = left(name, {longest - 8}) || ' ' || (place + {tried})
            from counted where counted.{key} = named.{key} and place > 1
        """)).rowcount
        tried += 1


def _index(table: str, expression: str, which: str) -> None:
    op.create_index(
        f'uq_{table}_user_name',
        table,
        ['user_id', sa.literal_column(expression)],
        unique=True,
        schema='gateway',
        postgresql_where=None if which == 'true' else sa.text(which),
    )


def downgrade() -> None:
    """Downgrade schema."""
    for table, (_, _, which) in NAMED.items():
        op.drop_index(f'uq_{table}_user_name', table_name=table, schema='gateway')
        _index(table, 'lower(name)', which)
