"""One row a position, with vectors by factor

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-30 23:20:00.000000

"""

from collections.abc import Sequence

from alembic import op

# revision identifiers, used by Alembic.
revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE = "factors.position_factor_exposures"
INDEX = "ix_position_factor_exposures_portfolio_as_of"
OF_POSITION = "portfolio_id uuid NOT NULL, symbol varchar(24) NOT NULL, underlying varchar(24) NOT NULL, exposure double precision"
WHY = "quality varchar(20) NOT NULL, reason varchar"


def upgrade() -> None:
    """Upgrade schema: the rows of a position's factors become the elements of its vectors."""
    _replace(
        f"""
        position_id uuid NOT NULL, as_of date NOT NULL, {OF_POSITION},
        factors varchar[] NOT NULL, betas double precision[] NOT NULL,
        factor_exposures double precision[] NOT NULL, {WHY},
        PRIMARY KEY (position_id, as_of)
        """,
        """
        select position_id, as_of, (array_agg(portfolio_id))[1], min(symbol), min(underlying), min(exposure),
            array_agg(factor order by display_order, factor),
            array_agg(coalesce(beta, 'NaN') order by display_order, factor),
            array_agg(coalesce(factor_exposure, 'NaN') order by display_order, factor), min(quality), min(reason)
        from factors.replaced left join factors.factor_definitions using (factor)
        group by position_id, as_of
        """,
    )


def downgrade() -> None:
    """Downgrade schema: the elements of vectors become rows."""
    _replace(
        f"""
        position_id uuid NOT NULL, as_of date NOT NULL, factor varchar(20) NOT NULL, {OF_POSITION},
        beta double precision, factor_exposure double precision, {WHY},
        PRIMARY KEY (position_id, as_of, factor)
        """,
        """
        select position_id, as_of, element.factor, portfolio_id, symbol, underlying, exposure,
            nullif(element.beta, 'NaN'), nullif(element.factor_exposure, 'NaN'), quality, reason
        from factors.replaced,
            unnest(factors, betas, factor_exposures) as element (factor, beta, factor_exposure)
        """,
    )


def _replace(columns: str, rows: str) -> None:
    op.execute(f"ALTER TABLE {TABLE} RENAME TO replaced")
    op.execute("ALTER TABLE factors.replaced RENAME CONSTRAINT position_factor_exposures_pkey TO replaced_pkey")
    op.execute(f"ALTER INDEX factors.{INDEX} RENAME TO replaced_index")
    op.execute(f"CREATE TABLE {TABLE} ({columns})")
    op.execute(f"INSERT INTO {TABLE} {rows}")
    op.execute(f"CREATE INDEX {INDEX} ON {TABLE} (portfolio_id, as_of)")
    op.execute("DROP TABLE factors.replaced")
