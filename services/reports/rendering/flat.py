"""CSV: one row per position in 26 columns, safe to open in a spreadsheet."""

from decimal import Decimal

from services.reports.calculations import POSITION_COLUMNS, position_rows
from services.reports.inputs import Kind, Question, Report, Value
from shared.spreadsheet import Cell, csv_text

PORTFOLIO = "Portfolio"  # a first column, where there are several
DECIMALS = {Kind.MONEY: 2, Kind.COUNT: 0}


def write(report: Report, question: Question) -> bytes:
    """The positions of every portfolio; an empty cell where there is no figure."""
    several = len(report.chapters) > 1
    header = [*([PORTFOLIO] if several else []), *(column.name for column in POSITION_COLUMNS)]
    rows = (
        [*([name] if several else []), *map(_cell, row, _KINDS)]
        for name, row in position_rows(question)
    )
    return csv_text(header, rows).encode()


_KINDS = [column.kind for column in POSITION_COLUMNS]


def _cell(value: Value, kind: Kind) -> Cell:
    if isinstance(value, str) or value is None:
        return value
    decimals = DECIMALS.get(kind)
    return Decimal(repr(value)) if decimals is None else Decimal(f"{value:.{decimals}f}")
