"""Benchmarks: numbers for people to read, never a condition for a test to pass."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

# Every figure is of one core, ours and the peers'. Read when numpy is first imported, which is
# after this.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


def show(measurements: Iterable[Mapping[str, Any]]) -> None:
    """Print what was measured.

    Seconds, and how many times faster than the named peer of the same run.
    """
    table = Table("what", "seconds", "peer", "times faster", "accuracy")
    for one in measurements:
        ratio = f"{one['ratio']:,.1f} x" if one["ratio"] else ""
        table.add_row(
            one["name"], f"{one['value']:.4f}", one["peer"] or "", ratio, one["accuracy"] or ""
        )
    Console(width=160).print(table)
