"""Option quotes."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import ARRAY, Date, Select, String, select

from services.ingest.inputs import OptionQuote
from services.ingest.repository.revisions import save_dated, save_new
from services.ingest.tables import OptionQuote as OptionQuoteTable
from shared.database import Session, among, prepared, sql_table, tuples
from shared.rows import Row, columns_of, rows_of

_quotes = sql_table(OptionQuoteTable)


async def load_quoted(session: Session, contracts: Collection[str], as_of: date) -> set[str]:
    """Those of the contracts that have a quote of the session."""
    return {contract for (contract,) in await tuples(session, *_quoted(list(contracts), as_of))}


@prepared(contracts=ARRAY(String), as_of=Date())
def _quoted(contracts: Sequence[str], as_of: date) -> Select[str]:
    quoted = (among(_quotes.c.contract, contracts), _quotes.c.session_date == as_of)
    return select(_quotes.c.contract).where(*quoted)


async def save_option_quotes(session: Session, quotes: Sequence[OptionQuote]) -> int:
    """Upsert option quotes; changed sessions take the next revision. Returns rows changed."""
    return await save_dated(session, OptionQuoteTable, _rows(quotes))


async def save_new_option_quotes(session: Session, quotes: Sequence[OptionQuote]) -> int:
    """Store quotes where there is none; what is stored stays. Returns how many."""
    return await save_new(session, OptionQuoteTable, _rows(quotes))


def _rows(quotes: Sequence[OptionQuote]) -> list[Row]:
    return rows_of(OptionQuoteTable, columns_of(quotes, OptionQuote))
