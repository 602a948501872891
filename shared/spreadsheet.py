"""Cells that a spreadsheet would execute: disarmed on the way out, taken back on the way in."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

# What begins a formula, also in the fullwidth forms that are taken for the same signs.
_FORMULA = r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
# Where a cell begins: also behind what separates cells in other countries' spreadsheets, of which
# some split quoted text.
_BEGIN = r"(?<![^;|\t\r\n])"
_EXECUTABLE = re.compile(rf"{_BEGIN}('*{_FORMULA})")
_DISARMED = re.compile(rf"{_BEGIN}'('*{_FORMULA})")
_TO_QUOTE = re.compile(r'[",;|\t\r\n]')
Cell = str | Decimal | date | None


def disarmed(text: str) -> str:
    """The text with an apostrophe wherever a spreadsheet would execute it from there."""
    return _EXECUTABLE.sub(r"'\1", text)


def rearmed(text: str) -> str:
    """The text as it was before `disarmed`."""
    return _DISARMED.sub(r"\1", text)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A CSV file with CRLF line ends (RFC 4180), safe to open in a spreadsheet.

    Text that would be a formula is escaped; numbers and dates stay as they are. A cell with any
    character that separates cells somewhere (comma, semicolon, vertical bar, tab) is quoted.
    """
    lines = [header, *([_written(cell) for cell in row] for row in rows)]
    return "".join(f"{_line(cells)}\r\n" for cells in lines)


def _line(cells: Sequence[str]) -> str:
    """The cells of a record; a single empty one is quoted, as a blank line would be none."""
    return ",".join(map(_quoted, cells)) if list(cells) != [""] else '""'


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"' if _TO_QUOTE.search(text) else text


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return plain(cell)
    return cell.isoformat() if isinstance(cell, date) else disarmed(cell)


def plain(number: Decimal) -> str:
    """All digits of a number, without an exponent and without trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
