"""The conventions that several services share, each written once."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Values = Sequence[object] | npt.NDArray[np.generic]
Columns = Mapping[str, Values]  # results by column name: equally long, one value per row

Greek = Literal["delta", "gamma", "theta", "vega", "rho"]
GREEKS: tuple[Greek, ...] = get_args(Greek)  # the order of every array and table of Greeks

SESSIONS_PER_YEAR = 252  # also the number of daily returns in a year's window
MINIMUM_OBSERVATIONS = 60  # daily returns below which an estimate is null

# The factor model whose exposures may be added, and the space of its returns and covariances.
DEFAULT_MODEL = "market_relative"
MARKET = "market"  # the id of the market factor

_EPOCH = date(1970, 1, 1)


def day_numbers(days: Sequence[date]) -> IntArray:
    """Days since 1970-01-01, which are cheaper to send and to compare than dates."""
    return np.array([(day - _EPOCH).days for day in days], dtype=np.int64)
