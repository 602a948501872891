"""Values in words: numbers as they are read, names as titles."""

from collections.abc import Mapping
from math import floor, log10

from services.reports.inputs import Kind, Value

NOTHING = "–"
MINUS = "−"  # as documents print it; in Markdown and cells a hyphen is read as a sign
_LEAST_DIGITS = 6  # significant ones of a Greek
_PRICE_DECIMALS = 6


def shown(value: Value, kind: Kind) -> str:
    """A value as every text format writes it; a dash where there is none."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, str):
        return value
    number = value + 0.0  # no "-0"
    match kind:
        case Kind.MONEY:
            return _signed(f"{number:,.2f}")
        case Kind.SHARE:
            return _signed(f"{number * 100:,.2f}") + " %"
        case Kind.RATIO:
            return _signed(f"{number:,.4f}")
        case Kind.GREEK:
            return _signed(f"{number:,.{greek_decimals(number)}f}")
        case Kind.COUNT:
            return f"{number:,.0f}"
        case Kind.PRICE:
            return _price(number)
        case _:
            return _trimmed(f"{number:,.6f}")


def greek_decimals(number: float) -> int:
    """At least two decimals, and six significant digits below one."""
    if abs(number) >= 1 or number == 0:
        return 4 if abs(number) < 100 else 2
    return min(_LEAST_DIGITS - 1 - floor(log10(abs(number))), 12)


def _signed(text: str) -> str:
    """The text without the sign of a zero."""
    return text.removeprefix("-") if not text.strip("-0.,") else text


def _trimmed(text: str) -> str:
    return _signed(text.rstrip("0").rstrip(".") if "." in text else text)


def _price(number: float) -> str:
    whole, _, decimals = f"{number:,.{_PRICE_DECIMALS}f}".partition(".")
    kept = decimals.rstrip("0")
    return f"{whole}.{kept.ljust(2, '0')}"


_TITLES: Mapping[str, str] = {
    "ytd": "Year to date",
    "1d": "1 day",
    "1w": "1 week",
    "1m": "1 month",
    "3m": "3 months",
    "1y": "1 year",
    "pnl": "P&L",
}
_LOSSES = ("var_95_1d_", "var_99_1d_", "es_95_1d_", "es_99_1d_")
_WHOLE = {
    "var": "VaR", "es": "Expected shortfall", "hhi": "HHI", "pnl": "P&L", "nav": "NAV",
    "spy": "SPY",
    "1d": "1 day", "1m": "1 month", "3m": "3 months", "1pct": "per 1 %", "1pt": "per point",
    "21d": "21 days", "63d": "63 days", "252d": "252 days", "ytd": "year to date",
    "95": "95 %", "99": "99 %",
}  # fmt: skip


def title_of(name: str) -> str:
    """An id of the API as a title: `delta_adjusted` is "Delta adjusted"."""
    if name in _TITLES:
        return _TITLES[name]
    if name.startswith(_LOSSES):
        loss, confidence, _, method = name.split("_", 3)
        return f"{_WHOLE[loss]} {confidence} %, 1 day, {method.replace('_', ' ')}"
    if name.startswith("exposure."):
        _, measure, side = name.split(".")
        return f"{side.capitalize()} exposure, {measure.replace('_', '-')}"
    words = " ".join(_WHOLE.get(word, word) for word in name.replace(".", "_").split("_"))
    return words[:1].upper() + words[1:]
