"""How much of a portfolio is in few instruments."""

from dataclasses import dataclass

import numpy as np

from services.snapshots.calculations.metrics import LONGS, PORTFOLIO, RATIO, SHORTS, Metric
from services.snapshots.calculations.valuation import Valuations
from shared.arrays import BoolArray, FloatArray, IntArray

MEASURES = ("hhi", "top_3_weight", "top_10_weight")


@dataclass(frozen=True)
class Concentration:
    """Herfindahl-Hirschman index and the weight of the 3 and of the 10 largest instruments.

    The index is 1/n for n equal instruments, 1 for one.
    """

    hhi: float
    top_3_weight: float
    top_10_weight: float


def concentration(values: FloatArray) -> Concentration | None:
    """Of instruments worth `values` (signed USD), weighted by absolute value; None without any.

    HHI = sum of squared weights (Hirschman, National Power, 1945; Herfindahl 1950).
    """
    sizes = np.sort(np.abs(values[np.isfinite(values)]))[::-1]
    total = float(sizes.sum())
    if total <= 0.0:
        return None
    weights = sizes / total
    return Concentration(
        float((weights**2).sum()), float(weights[:3].sum()), float(weights[:10].sum())
    )


def portfolio_concentrations(
    valuations: Valuations,
) -> tuple[dict[str, Concentration | None], ...]:
    """Per snapshot and view.

    Lots of one instrument are added up (long and short ones cancel) before weighing.
    """
    held = valuations.layout.positions
    snapshots = len(valuations.layout.inputs.plan.due)
    names, inverse = np.unique(held.symbol.astype(str), return_inverse=True)
    code: IntArray = inverse.astype(np.int64)
    quantity = held.quantity[valuations.position]
    priced = valuations.active & np.isfinite(valuations.market_value)
    sides = {PORTFOLIO: priced, LONGS: priced & (quantity > 0), SHORTS: priced & (quantity < 0)}
    by_view = {
        view: _values(valuations, code, (snapshots, len(names)), side)
        for view, side in sides.items()
    }
    return tuple(
        {view: concentration(values[place]) for view, values in by_view.items()}
        for place in range(snapshots)
    )


def _values(
    valuations: Valuations, code: IntArray, shape: tuple[int, int], chosen: BoolArray
) -> FloatArray:
    """USD per snapshot and instrument, 0 where none is held."""
    values = np.zeros(shape)
    cells = (valuations.due[chosen], code[valuations.position[chosen]])
    np.add.at(values, cells, valuations.market_value[chosen])
    return values


def concentration_metrics(view: str, found: Concentration | None) -> tuple[Metric, ...]:
    """The three measures of one view."""
    if found is None:
        reason = "no position with a value"
        return tuple(Metric.missing(name, RATIO, reason, view) for name in MEASURES)
    return tuple(Metric(name, view, getattr(found, name), RATIO) for name in MEASURES)
