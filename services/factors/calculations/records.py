"""From arrays to records: plain Python values by name, NaN and infinity as None."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from shared.quant.returns import FloatArray

Record = dict[str, Any]


def nullable(values: FloatArray) -> list[Any]:
    """The array as (nested) lists of floats with None for what is not finite."""
    listed = values.astype(object)
    listed[~np.isfinite(values)] = None
    return list(listed.tolist())


def flat(values: FloatArray) -> list[float | None]:
    """`nullable`, row by row in one list."""
    return nullable(values.ravel())


def records(**columns: Iterable[Any]) -> Iterator[Record]:
    """One record per entry of the equally long `columns`."""
    names = tuple(columns)
    return (dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True))
