"""What the factors' proxies really did in a historical scenario's window."""

from collections.abc import Mapping
from dataclasses import replace

from services.stress.calculations.scenarios import FACTOR_NAMES, Scenario

STORED = "stored closes and yields"
DIGITS = 6
PERCENT = 0.01


def with_measurements(
    scenario: Scenario,
    closes: Mapping[str, tuple[float, float]],
    yields_percent: tuple[float, float] | None,
) -> Scenario:
    """The scenario with what was measured, or as it is unless every factor's closes are there.

    `closes`: by factor name, the proxy's adjusted close on the first and on the last day of the
    window; `yields_percent`: the yield on both.
    """
    if not set(FACTOR_NAMES) <= set(closes):
        return scenario
    return replace(
        scenario,
        measured_returns={name: window_return(*closes[name]) for name in FACTOR_NAMES},
        measured_rate_change=None if yields_percent is None else rate_change(*yields_percent),
        measured_source=STORED,
    )


def window_return(first: float, last: float) -> float:
    """Simple return from the first close to the last, a decimal."""
    return round(last / first - 1.0, DIGITS)


def rate_change(first_percent: float, last_percent: float) -> float:
    """Change of a yield in decimals (0.01 is +100 bp)."""
    return round((last_percent - first_percent) * PERCENT, DIGITS)
