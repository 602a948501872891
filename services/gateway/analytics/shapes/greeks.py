"""The Greeks of one side of a book, and what was assumed for want of data."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.gateway.edge.shapes import GREEKS

Row = Mapping[str, Any]
DIVIDENDS_UNKNOWN = "unknown_assumed_0"
RATE_CONFIGURED = "configured"
IMPLIED_BY_ASK = "implied_by_ask"  # the note is about a quote that was used
ASSUMPTIONS = {
    "volatility_realised": "no quote implies a volatility: the underlying's realised one was used",
    "quote_not_used": "the contract's quote implies no volatility; each row's note says why",
    "rate_configured": "no Treasury curve stored: the configured rate was used",
    "dividend_yield_unknown": "dividends unknown, taken as 0: neither corporate actions nor a "
    "yield are known",
}


def side_greeks(valuations: Sequence[Row], options: Sequence[Row]) -> dict[str, float | None]:
    """Sum of position Greeks (unit x quantity x multiplier).

    A share of stock has delta 1 and nothing else. Null when there are options and none has Greeks:
    the snapshot's own rule.
    """
    known = [row for row in options if row["reason"] is None]
    if options and not known:
        return dict.fromkeys(GREEKS)
    sums = {name: float(sum(row[name] for row in known)) for name in GREEKS}
    shares = sum(float(row["quantity"]) for row in valuations if row["symbol"] == row["underlying"])
    return {**sums, "delta": sums["delta"] + shares}


def valuation_warnings(options: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    """What was taken in place of data that options are missing, and whose: one warning each.

    `options`: rows of positions, with the sources of what they were valued with.
    """
    found: dict[str, set[str]] = {code: set() for code in ASSUMPTIONS}
    for row in options:
        if row["model"] is None:
            continue
        assumed = {
            "volatility_realised": str(row["iv_source"]).startswith("realised"),
            "quote_not_used": bool(row["note"]) and row["iv_source"] != IMPLIED_BY_ASK,
            "rate_configured": row["rate_source"] == RATE_CONFIGURED,
            "dividend_yield_unknown": row["dividend_source"] == DIVIDENDS_UNKNOWN,
        }
        for code in (code for code, is_so in assumed.items() if is_so):
            name = "underlying" if code == "dividend_yield_unknown" else "contract"
            found[code].add(str(row[name]))
    return [_warning(code, sorted(about)) for code, about in found.items() if about]


def _warning(code: str, about: Sequence[str]) -> dict[str, object]:
    return {"code": code, "message": ASSUMPTIONS[code], "count": len(about), "about": about}
