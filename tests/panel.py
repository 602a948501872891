"""The bundled real data as arrays.

Adjusted closes of 57 symbols and Treasury yields, 2014 to 2022.
"""

import csv
import gzip
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

import deploy.demo

DATA = Path(deploy.demo.__file__).parent / "data"
PROXIES = ("SPY", "VTV", "VUG", "MTUM", "QUAL", "IWM", "USMV")
FACTORS = ("market", "value", "growth", "momentum", "quality", "size", "low_volatility")
FloatArray = npt.NDArray[np.float64]


@lru_cache
def _table(name: str) -> tuple[list[str], list[date], FloatArray]:
    """Column names, days and numbers (NaN for blanks) of a bundled file."""
    with gzip.open(DATA / name, "rt", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    numbers = [[float(cell) if cell else np.nan for cell in line[1:]] for line in lines]
    return header[1:], [date.fromisoformat(line[0]) for line in lines], np.array(numbers)


def symbols() -> tuple[str, ...]:
    """Every symbol of the panel."""
    return tuple(_table("adjusted_closes.csv.gz")[0])


def sessions() -> list[date]:
    """The panel's sessions, ascending."""
    return _table("adjusted_closes.csv.gz")[1]


def closes(*wanted: str, last: int | None = None) -> FloatArray:
    """Adjusted closes (sessions x `wanted`), the last `last` sessions or all of them."""
    names, _, numbers = _table("adjusted_closes.csv.gz")
    return numbers[-last if last else 0 :, [names.index(symbol) for symbol in wanted]]


def yields(series: str = "DGS10") -> tuple[list[date], FloatArray]:
    """Observation dates and percents of one maturity, holidays left out."""
    names, days, numbers = _table("treasury_yields.csv.gz")
    column = numbers[:, names.index(series)]
    known = np.isfinite(column)
    return [day for day, there in zip(days, known, strict=True) if there], column[known]
