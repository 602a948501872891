"""Columns of results put together."""

from collections.abc import Iterable
from itertools import chain

import numpy as np

from shared.arrays import Columns, Values


def joined(parts: Iterable[Columns]) -> Columns:
    """The rows of all parts one after the other; no columns without a part.

    Every part has the columns of the first.
    """
    listed = list(parts)
    names = listed[0] if listed else {}
    return {
        name: list(chain.from_iterable(_plain(part[name]) for part in listed)) for name in names
    }


def _plain(values: Values) -> Iterable[object]:
    return values.tolist() if isinstance(values, np.ndarray) else values
