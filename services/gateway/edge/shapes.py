"""Sides of a portfolio, shares of a total, and what has to be left out of them."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, TypeVar

Row = Mapping[str, Any]
AnyRow = TypeVar("AnyRow", bound=Row)
SYMBOLS_NAMED = 20
GREEKS = ("delta", "gamma", "theta", "vega", "rho")
Number = Decimal | float | int
MOST_DECIMALS = 12  # what is smaller is noise of the model
_SCALES = [10.0**decimals for decimals in range(MOST_DECIMALS + 1)]
_STEPS = [Decimal(1).scaleb(-decimals) for decimals in range(MOST_DECIMALS + 1)]
_LARGEST_SCALED = 1e12  # up to it, a product's error is below a thousandth
_NEAR_HALFWAY = 1e-3
_MEASURES = ("market_value", "notional_exposure", "delta_adjusted_exposure")


class View(StrEnum):
    """The whole portfolio, or its positions of positive (longs) or negative (shorts) quantity."""

    PORTFOLIO = "portfolio"
    LONGS = "longs"
    SHORTS = "shorts"


def held_on(view: View, rows: Iterable[AnyRow]) -> list[AnyRow]:
    """The rows whose `quantity` has the view's sign."""
    if view is View.PORTFOLIO:
        return list(rows)
    return [row for row in rows if (row["quantity"] > 0) == (view is View.LONGS)]


def without_exposure(valuations: Iterable[AnyRow]) -> list[AnyRow]:
    """The valuations that some exposure measure does not contain."""
    return [row for row in valuations if any(row[measure] is None for measure in _MEASURES)]


def left_out(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Each position once, by symbol, with every reason that its rows give."""
    reasons: dict[Any, dict[str, None]] = {}
    symbols: dict[Any, str] = {}
    for row in rows:
        symbols[row["position_id"]] = row["symbol"]
        reasons.setdefault(row["position_id"], {})[row["reason"] or "not measured"] = None
    ordered = sorted(symbols, key=lambda position: (symbols[position], str(position)))
    return [
        {
            "position_id": position,
            "symbol": symbols[position],
            "reason": "; ".join(reasons[position]),
        }
        for position in ordered
    ]


def absences(left_out: Sequence[Row]) -> list[dict[str, Any]]:
    """The warning that positions are left out, naming the first symbols; none when nothing is."""
    if not left_out:
        return []
    symbols = sorted({row["symbol"] for row in left_out})
    message = "positions are not in these numbers: left_out says which and why"
    return [
        {
            "code": "positions_left_out",
            "message": message,
            "count": len(left_out),
            "about": symbols[:SYMBOLS_NAMED],
        }
    ]


MAX_BYTES = 10 * 1024 * 1024


def share_of(amount: float | Decimal | None, nav: Decimal | None) -> float | None:
    """`amount` as a share of NAV.

    None when either is unknown or NAV is not positive (a share of a debt means nothing).
    """
    if amount is None or nav is None or nav <= 0:
        return None
    return float(amount) / float(nav)


def no_share(nav: Decimal | None) -> str | None:
    """Why nothing can be given as a share of NAV; None when it can."""
    if nav is None:
        return "no snapshot of this session holds a NAV"
    return "NAV is not positive" if nav <= 0 else None


def half_away(value: Number, decimals: int) -> float:
    """Half away from zero, of the digits that the number is written with.

    `round` takes the binary fraction instead, which differs where these digits lie halfway: it is
    five times as fast, and answers hold thousands of numbers.
    """
    if isinstance(value, float):
        scaled = value * _SCALES[decimals]
        if abs(scaled) < _LARGEST_SCALED and abs(scaled % 1.0 - 0.5) > _NEAR_HALFWAY:
            return round(value, decimals) + 0.0  # adding 0.0 makes -0.0 a plain zero
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return float(exact.quantize(_STEPS[decimals], ROUND_HALF_UP)) + 0.0
