"""Amounts as users type them: shares of 1, percentages, basis points, and names that move."""

import math
import re
from typing import cast

from typer import BadParameter

from sigmasight_client.models import WantedTarget

LARGEST_SHARE = 2.0  # without a percent sign, more than that is meant in percent
LARGEST_YIELD = 0.2
_TARGET = re.compile(r"([a-z0-9_.]+)\s*(<=|>=|=)\s*(.+)")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")


def fraction(text: str) -> float:
    """A relative change: -12% or -0.12."""
    number, unit = _split(text)
    if unit == "%":
        return number / 100
    if unit or abs(number) > LARGEST_SHARE:
        raise BadParameter(f"'{text}' is unclear: write -12% or -0.12")
    return number


def yield_change(text: str) -> float:
    """A change of a yield in decimals: 50bp, 0.5% or 0.005."""
    number, unit = _split(text)
    match unit:
        case "bp" | "bps":
            return number / 10_000
        case "%":
            return number / 100
    if unit or abs(number) > LARGEST_YIELD:
        raise BadParameter(f"'{text}' is unclear: write 50bp, 0.5% or 0.005")
    return number


def level(text: str) -> float:
    """A limit's level in the limit's unit: a number, or a share of NAV in percent."""
    number, unit = _split(text)
    if unit not in ("", "%"):
        raise BadParameter(f"'{text}' is unclear: write 50000, 0.1 or 10%")
    return number / 100 if unit else number


def names_bound(text: str) -> bool:
    """Whether a target says where its measure shall be; else it is the name of a limit."""
    return bool(re.search("[<>=]", text))


def target(text: str) -> WantedTarget:
    """Where a measure shall be: beta=0, var_95_1d_historical<=2%; percent are shares of NAV."""
    match = _TARGET.fullmatch(text.strip())
    if match is None:
        raise BadParameter(f"'{text}' is no target: write beta=0 or var_95_1d_historical<=2%")
    measure, relation, bound = match.groups()
    where = {"=": "equal", "<=": "at_most", ">=": "at_least"}[relation]
    unit = "share_of_nav" if bound.rstrip().endswith("%") else "own"
    return cast(WantedTarget, {"measure": measure, where: level(bound), "unit": unit})


def _split(text: str) -> tuple[float, str]:
    compact = text.strip().replace("−", "-")
    match = _NUMBER.match(compact)
    if match is None or not math.isfinite(float(match[0])):
        raise BadParameter(f"'{text}' is not a number: write -12% or -0.12")
    return float(match[0]), compact[match.end() :].strip().lower()


def moves(pairs: list[str], example: str) -> dict[str, float]:
    """Names with their changes, each given as NAME=CHANGE."""
    found: dict[str, float] = {}
    for pair in pairs:
        name, equals, change = pair.partition("=")
        if not equals or not name.strip():
            raise BadParameter(f"'{pair}' has no name and change: write {example}")
        if name.strip() in found:
            raise BadParameter(f"{name.strip()} is given twice: give one change")
        found[name.strip()] = fraction(change)
    return found
