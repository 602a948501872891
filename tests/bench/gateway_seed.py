"""What the gateway's benchmark reads.

Rows of every service for many books, written set by set, in SQL.

The figures are invented (smooth functions of the row's number): the benchmark measures how fast
answers are read, laid out and sent, not what they say. Every session has a snapshot and a valuation
of each position; the other kinds of row are of the last session, the one a report shows.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from sqlalchemy import text

from shared.database import Session
from tests.builders import AS_OF

SIZES = {"users": 10, "portfolios": 100, "positions": 100, "stocks": 80, "sessions": 90}
STATEMENTS = Path(__file__).with_suffix(".sql")
RAISE_REVISIONS = text("update gateway.portfolio_revisions set revision = revision + 1")
PORTFOLIOS_OF = text(
    "select email, array_agg(portfolio_id::text order by portfolio_id) from gateway.users "
    "join gateway.portfolios using (user_id) group by email order by email"
)


async def seed(
    session: Session,
    password_hash: str,
    as_of: date = AS_OF,
    sizes: Mapping[str, int] = SIZES,
) -> None:
    """Fill a bootstrapped, empty database."""
    given = {**sizes, "as_of": as_of, "password_hash": password_hash}
    for statement in STATEMENTS.read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            prepared = text(statement)
            named = {name: given[name] for name in prepared.compile().params}
            await session.execute(prepared, named)
