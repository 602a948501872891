"""How a portfolio's past P&L is distributed: classes of one width, and moments."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_VALUES = 2
MOST_CLASSES = 60
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class PnlClass:
    """How many sessions made at least `low` and less than `high`, USD."""

    low: float
    high: float
    sessions: int


@dataclass(frozen=True)
class Distribution:
    """Moments of P&L in USD, and its classes from the worst; null skewness where it never varies.

    `deviation` has n - 1 in its denominator; skewness and kurtosis (3 when normal) are of moments.
    """

    mean_pnl: float
    deviation: float
    skewness: float | None
    kurtosis: float | None
    worst_pnl: float
    best_pnl: float
    classes: Sequence[PnlClass]


def distribution(values: Sequence[float]) -> Distribution | None:
    """The distribution of P&L (USD); None of fewer than two sessions."""
    if len(values) < LEAST_VALUES:
        return None
    mean = _mean(values)
    second, third, fourth = (
        _mean([(value - mean) ** power for value in values]) for power in (2, 3, 4)
    )
    varies = second > 0.0
    return Distribution(
        mean_pnl=mean,
        deviation=math.sqrt(second * len(values) / (len(values) - 1)),
        skewness=third / second**1.5 if varies else None,
        kurtosis=fourth / second**2 if varies else None,
        worst_pnl=min(values),
        best_pnl=max(values),
        classes=classes(values),
    )


def classes(values: Sequence[float]) -> list[PnlClass]:
    """Classes whose bounds are multiples of a round width, so that losses and gains never mix.

    The width is Freedman and Diaconis' (2 IQR n^(-1/3), Zeitschrift für Wahrscheinlichkeitstheorie
    57, 1981), rounded up to 1, 2, 2.5 or 5 times a power of ten.
    """
    width = _width(values)
    places = [math.floor(value / width) for value in values]
    return [
        PnlClass(place * width, (place + 1) * width, places.count(place))
        for place in range(min(places), max(places) + 1)
    ]


def _width(values: Sequence[float]) -> float:
    ordered = sorted(values)
    lower, upper = (_quantile(ordered, share) for share in (0.25, 0.75))
    span = max(values) - min(values)
    wanted = max(2.0 * (upper - lower) * len(values) ** (-1 / 3), span / MOST_CLASSES)
    if wanted <= 0.0:
        return 1.0
    magnitude = 10.0 ** math.floor(math.log10(wanted))
    return next(step * magnitude for step in _STEPS if step * magnitude >= wanted * (1 - 1e-12))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """By linear interpolation (Hyndman and Fan's type 7)."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
