"""Cells that a spreadsheet would execute: disarmed on the way out, taken back on the way in."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

_EXECUTABLE = re.compile(r"'*[=+\-@\t\r]")
_DISARMED = re.compile(r"'+[=+\-@\t\r]")
Cell = str | Decimal | date | None


def disarmed(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would execute it."""
    return f"'{text}" if _EXECUTABLE.match(text) else text


def rearmed(text: str) -> str:
    """The text as it was before `disarmed`."""
    return text[1:] if _DISARMED.match(text) else text


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A CSV file with CRLF line ends (RFC 4180), safe to open in a spreadsheet.

    Text that would be a formula is escaped; numbers and dates stay as they are.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([_written(cell) for cell in row] for row in rows)
    return out.getvalue()


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
