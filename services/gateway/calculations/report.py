"""The shape of a report: published rows in, nested plain values out. Nothing is rounded here."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
GREEKS = ("delta", "gamma", "theta", "vega", "rho")


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


def share_of(amount: float | Decimal | None, nav: Decimal | None) -> float | None:
    """`amount` / NAV; None when either is unknown or NAV is not positive (a share of a debt means
    nothing).
    """
    if amount is None or nav is None or nav <= 0:
        return None
    return float(amount) / float(nav)


def no_share(nav: Decimal | None) -> str | None:
    """Why nothing can be given as a share of NAV; None when it can."""
    if nav is None:
        return "no snapshot of this session states a NAV"
    return "NAV is not positive" if nav <= 0 else None


def distinct_warnings(lists: Iterable[Iterable[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """Every warning once, in the order of first appearance."""
    found = {(each["code"], each["message"]): each for warnings in lists for each in warnings}
    return list(found.values())
