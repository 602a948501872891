"""The shape of a report: published rows in, nested plain values out. Nothing is rounded here."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.gateway.edge.shapes import GREEKS

Row = Mapping[str, Any]


def snapshot_summary(row: Row) -> dict[str, Any]:
    """A snapshot with its Greeks and its coverage each as one object."""
    left_as_they_are = {
        key: value for key, value in row.items() if key not in (*GREEKS, "portfolio_id")
    }
    return {
        **left_as_they_are,
        "greeks": {name: row[name] for name in GREEKS},
        "coverage": {"prices": row["price_coverage"], "greeks": row["greeks_coverage"]},
    }


def distinct_warnings(lists: Iterable[Iterable[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """Every warning once, in the order of first appearance."""
    found = {(each["code"], each["message"]): each for warnings in lists for each in warnings}
    return list(found.values())
