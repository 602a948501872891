"""Option quotes."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import select

from services.ingest.repository.revisions import save_dated, save_new
from services.ingest.tables import OptionQuote
from shared.database import Rows, Session, among, sql_table

_quotes = sql_table(OptionQuote)


async def load_quoted(session: Session, contracts: Collection[str], as_of: date) -> set[str]:
    """Those of the contracts that have a quote of the session."""
    quoted = (among(_quotes.c.contract, contracts), _quotes.c.session_date == as_of)
    return set(await session.scalars(select(_quotes.c.contract).where(*quoted)))


async def save_option_quotes(session: Session, quotes: Rows) -> int:
    """Upsert option quotes; sessions whose data changed take the next revision. Returns how many
    rows changed.
    """
    return await save_dated(session, OptionQuote, quotes)


async def save_new_option_quotes(session: Session, quotes: Rows) -> int:
    """Store quotes where there is none; what is stored stays. Returns how many."""
    return await save_new(session, OptionQuote, quotes)
