"""Position files: bytes in, holdings and problems out; positions in, a file out.

Four formats are recognised by their header: five columns (ticker, quantity, entry_price,
entry_date, tags), twelve columns (with class, option terms and exit), Charles Schwab's own export
of positions, and transactions (date, type, symbol, quantity, price, fees, amount, id) in the
columns and words of many brokers.

Reading takes three steps, so that the caller can look symbols up in between: `sheet_of(data)` reads
cells, `underlyings(sheet)` names what must be looked up, `holdings_of(sheet, rules)` applies every
rule; `entries_of(sheet, rules)` does so for transactions. The first raises `UnreadableFile`; after
that a bad row is a value, never an exception.
"""

from services.gateway.books.files.activity import days_traded, entries_of
from services.gateway.books.files.changes import (
    Change,
    Held,
    Terms,
    as_listed,
    changes_to,
    too_many_tags,
    without,
)
from services.gateway.books.files.entries import Entries, Entry
from services.gateway.books.files.history import PriceHistory
from services.gateway.books.files.holdings import (
    CLASSES,
    OPTIONS,
    PRIVATE,
    PUBLIC,
    Export,
    Holding,
    Holdings,
    Row,
    Rules,
    Sheet,
    Skipped,
)
from services.gateway.books.files.layouts import Source
from services.gateway.books.files.problems import Problem, UnreadableFile
from services.gateway.books.files.reading import EARLIEST_DATE, LARGEST_NUMBER
from services.gateway.books.files.records import MAX_ROWS, MAX_TRANSACTIONS
from services.gateway.books.files.schwab import entry_date
from services.gateway.books.files.sheets import holdings_of, sheet_of, sheet_or_problem, underlyings
from services.gateway.books.files.sizes import LARGEST_VALUE
from services.gateway.books.files.statements import OTHER_SECTION
from services.gateway.books.files.tags import (
    MAX_TAG_LENGTH,
    MAX_TAGS,
    tags_in,
    why_not_a_tag,
)
from services.gateway.books.files.writing import (
    Listed,
    TradeLine,
    five_columns_template,
    ledger_file,
    positions_file,
    trades_file,
    transactions_template,
    twelve_columns_template,
    valued_positions_file,
)
from shared.spreadsheet import disarmed, rearmed

__all__ = [
    "CLASSES",
    "EARLIEST_DATE",
    "LARGEST_NUMBER",
    "LARGEST_VALUE",
    "MAX_ROWS",
    "MAX_TAGS",
    "MAX_TAG_LENGTH",
    "MAX_TRANSACTIONS",
    "OPTIONS",
    "OTHER_SECTION",
    "PRIVATE",
    "PUBLIC",
    "Change",
    "Entries",
    "Entry",
    "Export",
    "Held",
    "Holding",
    "Holdings",
    "Listed",
    "PriceHistory",
    "Problem",
    "Row",
    "Rules",
    "Sheet",
    "Skipped",
    "Source",
    "Terms",
    "TradeLine",
    "UnreadableFile",
    "as_listed",
    "changes_to",
    "days_traded",
    "disarmed",
    "entries_of",
    "entry_date",
    "five_columns_template",
    "holdings_of",
    "ledger_file",
    "positions_file",
    "rearmed",
    "sheet_of",
    "sheet_or_problem",
    "tags_in",
    "too_many_tags",
    "trades_file",
    "transactions_template",
    "twelve_columns_template",
    "underlyings",
    "valued_positions_file",
    "why_not_a_tag",
    "without",
]
