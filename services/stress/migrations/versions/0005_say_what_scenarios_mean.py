"""Say what scenarios mean

Shocks are keyed by factor id and are the proxies' own returns unless the basis says otherwise; a
volatility shock is a relative change. Saved scenarios keep what they meant: those over the market
say so, and one in volatility points, which has no relative equal, loses that part and says it in
its description.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-29 15:00:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

# revision identifiers, used by Alembic.
revision: str = '0005'
down_revision: Union[str, Sequence[str], None] = '0004'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None

BY_ID = """
    create function pg_temp.by_id(named jsonb) returns jsonb language sql as $$
        select case when named is null then null else coalesce((
            select jsonb_object_agg(lower(replace(key, ' ', '_')), value) from jsonb_each(named)
        ), '{}') end
    $$
"""
HOUSE = """
    update stress.stress_scenarios set
        shocks = pg_temp.by_id(shocks),
        measured_shocks = pg_temp.by_id(measured_shocks),
        measured_returns = pg_temp.by_id(measured_returns),
        basis = case basis when 'relative' then 'over_market' else basis end
"""
CUSTOM = """
    update stress.custom_scenarios set
        shocks = pg_temp.by_id(shocks),
        basis = case basis when 'relative' then 'over_market' else basis end,
        description = case when volatility_shock is null then description else
            description || ' (Its volatility shock of ' || volatility_shock
            || ' was in points and is no longer applied: save it as a relative change.)' end,
        active = active and (volatility_shock is null or shocks <> '{}' or rate_shock is not null),
        volatility_shock = null
"""
RESULTS = """
    update stress.stress_results set
        factor_impacts = pg_temp.by_id(factor_impacts),
        effective_shocks = pg_temp.by_id(effective_shocks)
"""


def upgrade() -> None:
    """Upgrade schema."""
    for table in ('stress_scenarios', 'custom_scenarios'):
        op.alter_column(table, 'basis', type_=sa.String(length=12), schema='stress')
    op.add_column('stress_results', sa.Column('headline', sa.String(length=9), server_default='specified', nullable=False), schema='stress')
    op.add_column('stress_results', sa.Column('volatility_pnl', sa.Numeric(precision=20, scale=6), nullable=True), schema='stress')
    op.add_column('stress_results', sa.Column('implied_moves', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False), schema='stress')
    op.add_column('stress_results', sa.Column('plausibility', sa.Double(), nullable=True), schema='stress')
    op.add_column('stress_results', sa.Column('floored', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False), schema='stress')
    op.add_column('stress_results', sa.Column('stated', postgresql.JSONB(astext_type=sa.Text()), nullable=True), schema='stress')
    for statement in (BY_ID, HOUSE, CUSTOM, RESULTS):
        op.execute(statement)


NAMED = """
    create function pg_temp.named(by_id jsonb) returns jsonb language sql as $$
        select case when by_id is null then null else coalesce((
            select jsonb_object_agg(initcap(replace(key, '_', ' ')), value) from jsonb_each(by_id)
        ), '{}') end
    $$
"""
BACK = (
    """
    update stress.stress_scenarios set
        shocks = pg_temp.named(shocks),
        measured_shocks = pg_temp.named(measured_shocks),
        measured_returns = pg_temp.named(measured_returns),
        basis = case basis when 'over_market' then 'relative' else basis end
    """,
    """
    update stress.custom_scenarios set
        shocks = pg_temp.named(shocks),
        basis = case basis when 'over_market' then 'relative' else basis end
    """,
    """
    update stress.stress_results set
        factor_impacts = pg_temp.named(factor_impacts - 'volatility'),
        effective_shocks = pg_temp.named(effective_shocks - 'volatility')
    """,
)


def downgrade() -> None:
    """Downgrade schema."""
    for statement in (NAMED, *BACK):
        op.execute(statement)
    for column in ('stated', 'floored', 'plausibility', 'implied_moves', 'volatility_pnl', 'headline'):
        op.drop_column('stress_results', column, schema='stress')
    for table in ('stress_scenarios', 'custom_scenarios'):
        op.alter_column(table, 'basis', type_=sa.String(length=10), schema='stress')
