"""The shape of a report: published rows in, nested plain values out. Only cash is rounded here."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from services.gateway.edge.shapes import GREEKS, share_of

Row = Mapping[str, Any]
CENT = Decimal("0.01")
LARGEST = 10


def snapshot_summary(row: Row) -> dict[str, Any]:
    """A snapshot with its Greeks and its coverage each as one object."""
    left_as_they_are = {
        key: value for key, value in row.items() if key not in (*GREEKS, "portfolio_id")
    }
    return {
        **left_as_they_are,
        "equity_statement": row["stated_equity"],
        "cash": cash_beside(row["nav"], row["market_value"]),
        "exposures_of_nav": of_nav(row["exposures"], row["nav"]),
        "greeks": {name: row[name] for name in GREEKS},
        "coverage": {"prices": row["price_coverage"], "greeks": row["greeks_coverage"]},
    }


def cash_beside(nav: Decimal | None, market_value: Decimal | None) -> Decimal | None:
    """Cash in whole cents, so that with the value as it is shown it makes the NAV as it is shown.

    None where one of them is.
    """
    if nav is None or market_value is None:
        return None
    return nav.quantize(CENT, ROUND_HALF_UP) - market_value.quantize(CENT, ROUND_HALF_UP)


def of_nav(
    exposures: Mapping[str, Mapping[str, float]] | None, nav: Decimal | None
) -> dict[str, dict[str, float | None]] | None:
    """Each side of each measure of exposure (USD) as a decimal of NAV, with its sign.

    None without exposures; a side is None where NAV is unknown or not positive.
    """
    if exposures is None:
        return None
    return {
        measure: {side: share_of(amount, nav) for side, amount in sides.items()}
        for measure, sides in exposures.items()
    }


def pnl_by_position(valued: Sequence[Row], total: Decimal | None) -> dict[str, object]:
    """The largest parts of a session's P&L in whole cents, and the rest of it; None if unknown.

    `valued`: positions with `daily_pnl`. The largest in size, in the order of their sign and size.
    """
    known = [row for row in valued if row["daily_pnl"]]
    largest = sorted(known, key=lambda row: (-abs(row["daily_pnl"]), row["symbol"]))[:LARGEST]
    parts = [
        {
            "position_id": row["position_id"],
            "symbol": row["symbol"],
            "pnl": row["daily_pnl"].quantize(CENT, ROUND_HALF_UP),
        }
        for row in sorted(largest, key=lambda row: (-row["daily_pnl"], row["symbol"]))
    ]
    shown = None if total is None else total.quantize(CENT, ROUND_HALF_UP)
    others = None if shown is None else shown - sum((each["pnl"] for each in parts), Decimal(0))
    return {"largest": parts, "others": others, "total": shown}


def distinct_warnings(lists: Iterable[Iterable[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    """Every warning once, in the order of first appearance."""
    found = {(each["code"], each["message"]): each for warnings in lists for each in warnings}
    return list(found.values())
