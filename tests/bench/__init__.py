"""Benchmarks: numbers for people to read, never a condition for a test to pass."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table


def show(measurements: Iterable[Mapping[str, Any]]) -> None:
    """Print what was measured: seconds, and how many times faster than the named peer of the same run."""
    table = Table("what", "seconds", "peer", "times faster", "accuracy")
    for one in measurements:
        ratio = f"{one['ratio']:,.1f} x" if one["ratio"] else ""
        table.add_row(one["name"], f"{one['value']:.4f}", one["peer"] or "", ratio, one["accuracy"] or "")
    Console(width=160).print(table)
