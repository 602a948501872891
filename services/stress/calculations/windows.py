"""What the factors' proxies really did in a historical scenario's window."""

from dataclasses import replace

from services.stress.calculations.scenarios import FACTOR_IDS
from services.stress.inputs import Scenario, Window

STORED = "stored closes and yields"
DIGITS = 6
PERCENT = 0.01


def with_measurements(scenario: Scenario, window: Window | None) -> Scenario:
    """The scenario with what its window shows; unchanged unless every proxy's closes are stored."""
    if window is None or not set(FACTOR_IDS) <= set(window.closes):
        return scenario
    moves = window.closes
    yields = window.yields_percent
    return replace(
        scenario,
        measured_returns={
            factor: window_return(moves[factor].first, moves[factor].last) for factor in FACTOR_IDS
        },
        measured_rate_change=None if yields is None else rate_change(yields.first, yields.last),
        measured_source=STORED,
    )


def window_return(first: float, last: float) -> float:
    """Simple return from the first close to the last, a decimal."""
    return round(last / first - 1.0, DIGITS)


def rate_change(first_percent: float, last_percent: float) -> float:
    """Change of a yield in decimals (0.01 is +100 bp)."""
    return round((last_percent - first_percent) * PERCENT, DIGITS)
