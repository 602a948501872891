"""Positions with what was measured of them laid out beside what their owner stated; nothing is
rounded here.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from services.gateway.calculations.report import GREEKS
from shared.instruments import position_type

Row = Mapping[str, Any]
NOT_VALUED_SINCE = "not valued since it was entered or its terms changed: its run has not ended"


def valued(row: Row, valued_on: date | None, gross_value: Decimal | None) -> dict[str, Any]:
    """The position with its type, weight, P&L and Greeks, and `reason` where something of them is
    null.

    `weight`: share (0 to 1) of the gross value. `unrealised_return`: P&L per dollar of cost.
    `realised_pnl`: q·m·(exit price - entry price) of a closed position.
    """
    return {
        **row,
        "position_type": position_type(row["option_type"], row["quantity"]),
        "weight": _weight(row["market_value"], gross_value),
        "unrealised_return": _ratio(row["unrealised_pnl"], row["cost"]),
        "realised_pnl": _realised(row),
        "greeks": _greeks(row),
        "reason": _reason(row, valued_on),
    }


def active_on(row: Row, day: date) -> bool:
    """Whether the position is held at the end of the day."""
    return bool(row["entry_date"] <= day and (row["exit_date"] is None or row["exit_date"] > day))


def _weight(market_value: Decimal | None, gross_value: Decimal | None) -> float | None:
    return (
        None if market_value is None or not gross_value else float(abs(market_value) / gross_value)
    )


def _ratio(pnl: Decimal | None, cost: Decimal) -> float | None:
    return None if pnl is None or not cost else float(pnl / abs(cost))


def _realised(row: Row) -> Decimal | None:
    if row["exit_date"] is None or row["exit_price"] is None:
        return None
    pnl: Decimal = row["quantity"] * row["multiplier"] * (row["exit_price"] - row["entry_price"])
    return pnl


def _greeks(row: Row) -> dict[str, float | None]:
    """Of the whole position: a share of stock has delta 1 and nothing else, by definition."""
    if row["valued_on"] is None:
        return dict.fromkeys(GREEKS)
    if row["option_type"] is None:
        return {**dict.fromkeys(GREEKS, 0.0), "delta": float(row["quantity"])}
    return {name: row[f"position_{name}"] for name in GREEKS}


def _reason(row: Row, valued_on: date | None) -> str | None:
    if row["valued_on"] is not None:
        return _joined(row["reason"], row["greeks_reason"])
    if valued_on is None:
        return "no snapshot of the portfolio exists at or before that date: its first run has not ended yet"
    if row["entry_date"] > valued_on:
        return f"entered after {valued_on}, the last session valued"
    if not active_on(row, valued_on):
        return f"closed on {row['exit_date']}"
    return NOT_VALUED_SINCE


def _joined(*reasons: str | None) -> str | None:
    return "; ".join(dict.fromkeys(filter(None, reasons))) or None
