"""The types of arrays and columns that calculations and repositories exchange.

Apart from `conventions`, so that a process without mathematics (the gateway) never loads numpy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Values = Sequence[object] | npt.NDArray[np.generic]
Columns = Mapping[str, Values]  # results by column name: equally long, one value per row

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class ArrayColumns:
    """The base of frozen dataclasses whose fields are columns of one length, row by row.

    A field may be such a dataclass itself, or None where there is no such column.
    """

    def take(self, rows: BoolArray | npt.NDArray[np.intp] | slice) -> Self:
        """These rows: by their places, in that order, or where True."""
        return replace(
            self, **{each.name: _rows(getattr(self, each.name), rows) for each in fields(self)}
        )


def _rows(column: object, rows: BoolArray | npt.NDArray[np.intp] | slice) -> object:
    if isinstance(column, ArrayColumns):
        return column.take(rows)
    return column[rows] if isinstance(column, np.ndarray) else column


def day_numbers(days: Sequence[date]) -> IntArray:
    """Days since 1970-01-01, which are cheaper to send and to compare than dates."""
    return np.array([(day - _EPOCH).days for day in days], dtype=np.int64)
