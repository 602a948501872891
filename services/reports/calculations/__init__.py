"""The figures of a report, laid out in sections: nothing here knows a format."""

from services.reports.calculations.layout import laid_out
from services.reports.calculations.position_rows import POSITION_COLUMNS, position_rows
from services.reports.calculations.vectors import VECTOR_COLUMNS, vector_rows

__all__ = [
    "POSITION_COLUMNS",
    "VECTOR_COLUMNS",
    "laid_out",
    "position_rows",
    "vector_rows",
]
