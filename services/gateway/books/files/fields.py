"""The fields of a lot and of a trade as JSON has them, and the columns that files have for them.

What is sent as JSON is read by the rules of files: as a file of one row.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from services.gateway.books.files.holdings import Row, Sheet
from services.gateway.books.files.layouts import Source

OPTION_TERMS = ("underlying", "strike", "expiry", "option_type")
_INSTRUMENT = {
    "symbol": "symbol",
    "quantity": "quantity",
    "investment_class": "investment_class",
    "investment_subtype": "investment_subtype",
    "underlying": "underlying_symbol",
    "strike": "strike_price",
    "expiry": "expiration_date",
    "option_type": "option_type",
}


@dataclass(frozen=True)
class Fields:
    """The column of a file of twelve columns for every JSON field."""

    columns: Mapping[str, str]

    def sheet(self, terms: Mapping[str, object]) -> Sheet:
        """Terms by JSON field as a file of one row; what is missing or None is blank."""
        cells = dict.fromkeys(LOT.columns.values(), "")
        for field, column in self.columns.items():
            value = terms.get(field)
            cells[column] = "" if value is None else str(value).strip()
        return Sheet(Source.TWELVE_COLUMNS, 1, (Row(1, cells),), ())

    def field(self, column: str | None) -> str | None:
        """The JSON field of a column; the column itself where none is."""
        named = (field for field, own in self.columns.items() if own == column)
        return next(named, column)

    def reworded(self, message: str) -> str:
        """A sentence about columns as one about JSON fields."""
        for field, column in self.columns.items():
            message = message if column == field else message.replace(column, field)
        return message


LOT = Fields(
    {
        **_INSTRUMENT,
        "entry_price": "entry_price_per_share",
        "entry_date": "entry_date",
        "exit_date": "exit_date",
        "exit_price": "exit_price_per_share",
        "tags": "tags",
    }
)
TRADE = Fields({**_INSTRUMENT, "price": "entry_price_per_share", "trade_date": "entry_date"})
