"""One row being read: its cells as numbers, dates and instruments, and what is wrong with them."""

import re
from datetime import date, timedelta
from decimal import Decimal

from services.gateway.books.files.holdings import Row, Rules
from services.gateway.books.files.instruments import (
    Instrument,
    UnsupportedContract,
    underlying_of,
)
from services.gateway.books.files.problems import Problem
from shared.instruments import InvalidSymbol, OptionContract
from shared.texts import shows_all

EARLIEST_DATE = date(1900, 1, 1)  # the bounds of every date from outside
LATEST_DATE = date(2199, 12, 31)
LARGEST_NUMBER = Decimal(10) ** 12  # what the columns of the positions table hold
SMALLEST_STEP = Decimal("0.000001")
MAX_CELL = 64  # no number, date or symbol is longer
MAX_IDENTITY = 100  # of a broker's id, in files and in JSON
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+|[+-]?\d{1,3}(\.\d{3})+,\d*", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Reading:
    """A row with its problems and warnings so far.

    A cell that cannot be read is a problem once, and None afterwards.
    """

    def __init__(self, row: Row, rules: Rules) -> None:
        self.row = row
        self.rules = rules
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def complain(self, field: str | None, code: str, message: str) -> None:
        """The row may not be loaded."""
        self.problems.append(Problem(self.row.line, field, code, message))

    def warn(self, field: str | None, code: str, message: str) -> None:
        """The row may be loaded, but its reader should know."""
        self.warnings.append(Problem(self.row.line, field, code, message))

    def text(self, field: str) -> str | None:
        """The cell's text; None, with a problem, when it is empty or not usable."""
        text = self.text_if_any(field)
        if text is None and not self.row.cells.get(field):
            self.complain(field, "missing_value", f"{field} is empty")
        return text

    def text_if_any(self, field: str) -> str | None:
        """The cell's text; None when it is empty, with a problem when it is not usable."""
        return self.usable(field, self.row.cells.get(field, ""), MAX_CELL)

    def usable(self, field: str, text: str, most: int) -> str | None:
        """The text of a cell, of `most` characters, as `text_if_any`."""
        if len(text) > most:
            self.complain(field, "too_long", f"{field} is longer than {most} characters")
            return None
        if not shows_all(text):
            self.complain(field, "invalid_text", f"{field} holds a control character: delete it")
            return None
        return text or None

    def number(self, field: str, text: str | None) -> Decimal | None:
        """The number of a text, exact to six decimals."""
        if text is None:
            return None
        if not _NUMBER.fullmatch(text):
            self.complain(field, *why_not_a_number(field, text))
            return None
        value = Decimal(text)
        if abs(value) >= LARGEST_NUMBER:
            self.complain(field, "too_large", f"{field} must be below {LARGEST_NUMBER:,}")
            return None
        if value.quantize(SMALLEST_STEP) != value:
            self.complain(field, "too_many_decimals", f"{field} {text} has more than 6 decimals")
            return None
        return value.quantize(SMALLEST_STEP)

    def quantity(self, number: Decimal | None) -> Decimal | None:
        """A quantity as read, unless it is 0."""
        if number == 0:
            message = "quantity is 0: leave the row out, or state what is held"
            self.complain("quantity", "zero_quantity", message)
        return number

    def price(self, field: str, number: Decimal | None) -> Decimal | None:
        """A price as read, unless it is not above 0."""
        if number is not None and number <= 0:
            message = f"{field} must be above 0, also for shorts: the sign belongs to the quantity"
            self.complain(field, "price_not_positive", message)
        return number

    def day(self, field: str, text: str | None) -> date | None:
        """The date of a text."""
        if text is None:
            return None
        day = _date(text)
        if day is None:
            self.complain(
                field, "invalid_date", f"{field} {text!r} is not a date of the form YYYY-MM-DD"
            )
        elif day < EARLIEST_DATE:
            self.complain(field, "date_too_early", f"{field} {day} lies before {EARLIEST_DATE}")
            return None
        elif day > LATEST_DATE:
            self.complain(field, "date_too_late", f"{field} {day} lies after {LATEST_DATE}")
            return None
        return day

    def meant(self, field: str, instrument: Instrument | InvalidSymbol) -> Instrument | None:
        """The instrument, unless the symbol is invalid."""
        if isinstance(instrument, UnsupportedContract):
            self.complain(field, "unsupported_contract", str(instrument))
            return None
        if isinstance(instrument, InvalidSymbol):
            self.complain(field, "invalid_symbol", str(instrument))
            return None
        return instrument

    def require_market_data(self, field: str, instrument: Instrument) -> None:
        """Report a problem when no market data exist for the instrument."""
        known = self.rules.known_underlyings
        if known is not None and underlying_of(instrument) not in known:
            message = (
                f"no market data provider knows {underlying_of(instrument)}: correct the symbol, "
                "or ask an administrator to store a price for it"
            )
            self.complain(field, "unknown_symbol", message)

    def _last_session(self, expiry: date) -> date:
        """The last session of an option that expires then; at most a week lies between."""
        days = (expiry - timedelta(days=back) for back in range(7))
        return next((day for day in days if self.rules.is_session(day)), expiry)

    def check_lifetime(
        self, field: str, entry_field: str, instrument: Instrument, entered: date
    ) -> None:
        """An option is not entered after its expiry; an expiry on a closed day is a warning."""
        if not isinstance(instrument, OptionContract):
            return
        if entered > self._last_session(instrument.expiry):
            message = f"{entry_field} {entered} lies after the option's expiry {instrument.expiry}"
            self.complain(entry_field, "entry_after_expiry", message)
        if not self.rules.is_session(instrument.expiry):
            message = (
                f"expiry {instrument.expiry} is not a NYSE session: the session before it is used"
            )
            self.warn(field, "expiry_not_a_session", message)


class Seen:
    """The rows of a file so far, by the line that had their cells first."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, ...], int] = {}

    def first(self, row: Row) -> int:
        """The line that had the row's cells first: its own, unless an earlier one did."""
        return self._lines.setdefault((*row.cells, *row.cells.values()), row.line)

    def check(self, reading: Reading) -> None:
        """Warn of a row that equals an earlier one in every column, or refuse it by the rules.

        Two lots of one instrument and one day differ in quantity or price, so they are no
        duplicates.
        """
        line = reading.row.line
        first = self.first(reading.row)
        if first == line:
            return
        equal = f"line {line} equals line {first} in every column"
        if reading.rules.refuse_duplicates:
            reading.complain(None, "duplicate_row", f"{equal}: leave one of them out")
        else:
            reading.warn(None, "duplicate_row", f"{equal}: both are loaded")


def has_decimal_comma(text: str) -> bool:
    """Whether a text is a number with a decimal comma, and not one with separated thousands."""
    return bool(_DECIMAL_COMMA.fullmatch(text)) and not _THOUSANDS.fullmatch(text)


def why_not_a_number(field: str, text: str) -> tuple[str, str]:
    """A code and a sentence on a text that is no number as our layouts have them."""
    if _THOUSANDS.fullmatch(text):
        return (
            "thousands_separator",
            f"{field} {text!r} has thousands separators: write it without commas",
        )
    if has_decimal_comma(text):
        return (
            "not_a_number",
            f"{field} {text!r} has a decimal comma: write a point, or map the file's columns and "
            "choose the comma as decimal mark",
        )
    return "not_a_number", f"{field} {text!r} is not a finite number"


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None
