"""Why a figure a provider sent cannot be right."""

from datetime import date
from math import isfinite

LOWEST_YIELD, HIGHEST_YIELD = -5.0, 40.0  # percent; the Treasury's lie between 0 and 17 since 1962


def yield_problem(percent: float, day: date, last: date) -> str | None:
    """Why a Treasury yield cannot be right, in a sentence; None when it can. `last`: the newest day asked for."""
    if not isfinite(percent):
        return "the yield is not a number"
    if not LOWEST_YIELD < percent < HIGHEST_YIELD:
        return f"a yield of {percent:g} % is not one of the Treasury's"
    if day > last:
        return f"dated {day.isoformat()}, but asked for up to {last.isoformat()}"
    return None
