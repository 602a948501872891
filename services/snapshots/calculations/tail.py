"""Historical value at risk and expected shortfall: today's holdings over the past days' moves.

Everything is a weighted sum of the positions' P&L on the same days, so the parts of the
positions add up to the portfolio's figure by construction. Losses are positive.

With n days of portfolio P&L ordered from the worst, h = (n - 1)(1 - c), k = floor(h), w = h - k:
VaR_c = -[(1 - w) P_(k) + w P_(k+1)], the linearly interpolated quantile (Hyndman and Fan, American
Statistician 50, 1996, type 7); ES_c = -mean(P_(0..k)), the mean of the days at or beyond it. A
position's component is the same combination of its P&L on those same days: the conditional
expectation E[loss_i | portfolio loss = VaR] (Tasche, "Risk contributions and performance
measurement", 1999), estimated by the days that define it.

Plain historical simulation reacts slowly: in the first weeks of a crisis its figures are still
those of a quiet year (docs/var-backtest.md). The rescaled figures are the same combination after
each day's P&L of the portfolio is brought to the present volatility, P_t sigma_now / sigma_t (Hull
and White, Journal of Risk 1, 1998), with exponentially weighted volatilities, decay 0.94
(RiskMetrics, 1996): v_0 the window's mean square, v_t+1 = 0.94 v_t + 0.06 P_t^2, sigma_t from the
days before t.
"""

import math
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from services.snapshots.calculations.layout import Objects
from services.snapshots.calculations.metrics import MICRO_DOLLARS, shortage
from shared.arrays import ArrayColumns, BoolArray, FloatArray, IntArray
from shared.conventions import MINIMUM_OBSERVATIONS

CONFIDENCES = (95, 99)
COVERAGE_OF_A_DAY = 0.95
VOLATILITY_DECAY = 0.94
TAIL_MEASURES = tuple(
    f"{kind}_{confidence}" for confidence in CONFIDENCES for kind in ("var", "es")
)


@dataclass(frozen=True)
class PositionPnl(ArrayColumns):
    """What P positions would have earned on D past days: `pnl` is P x D in USD, NaN where unknown.

    `weight`: gross exposure in USD, which decides what share of the portfolio a day or a figure
    covers. `reason`: why a position has no P&L at all, None where it has.
    """

    pnl: FloatArray
    weight: FloatArray
    reason: Objects


@dataclass(frozen=True)
class HistoricalRisk:
    """One portfolio's figures, USD, losses positive: by measure, and by position and measure.

    `totals` and `rescaled` have one entry per measure, `components` is positions x measures.
    `components` add up to `totals` over the positions that were measured and are NaN for the
    others, whose `left_out` says why. When there is no figure, the figures are NaN and `reason`
    says why. `days`: how many days of P&L are behind it; `coverage`: the share of `weight` that was
    measured.
    """

    totals: FloatArray
    rescaled: FloatArray
    components: FloatArray
    left_out: Objects
    days: int
    coverage: float | None
    reason: str | None


def historical_risk(positions: PositionPnl) -> HistoricalRisk:
    """VaR and ES of the positions together, one column per entry of `TAIL_MEASURES`.

    A position with fewer than 60 days is left out. A day counts when positions of at least 95 % of
    the measured weight are known on it (the others count nothing that day); fewer than 60 such days
    give no figure.
    """
    known = np.isfinite(positions.pnl)
    measured = known.sum(axis=1) >= MINIMUM_OBSERVATIONS
    days = _covered_days(known[measured], positions.weight[measured])
    found = int(days.sum())
    left_out = _reasons(positions, known)
    coverage = _coverage(positions.weight, measured)
    problem = _problem(positions, measured, found)
    components = np.full((len(measured), len(TAIL_MEASURES)), np.nan)
    if problem:
        unknown = np.full(len(TAIL_MEASURES), np.nan)
        return HistoricalRisk(unknown, unknown, components, left_out, found, coverage, problem)
    pnl = np.nan_to_num(positions.pnl[measured][:, days])
    together = pnl.sum(axis=0)
    components[measured] = np.round(-(pnl @ tail_weights(together)), MICRO_DOLLARS) + 0.0
    scaled = together * volatility_scales(together)
    rescaled = -(scaled @ tail_weights(scaled))
    totals = components[measured].sum(axis=0)
    return HistoricalRisk(totals, rescaled, components, left_out, found, coverage, None)


def tail_weights(pnl: FloatArray) -> FloatArray:
    """How much each of the n days counts in each measure (n x measures); columns add up to 1."""
    order = np.argsort(pnl, kind="stable")
    weights = np.zeros((len(pnl), len(TAIL_MEASURES)))
    for place, confidence in enumerate(CONFIDENCES):
        rank = (len(pnl) - 1) * ((100 - confidence) / 100)
        whole = math.floor(rank)
        weights[order[whole], 2 * place] = 1.0 - (rank - whole)
        weights[order[min(whole + 1, len(pnl) - 1)], 2 * place] += rank - whole
        weights[order[: whole + 1], 2 * place + 1] = 1.0 / (whole + 1)
    return weights


def volatility_scales(pnl: FloatArray) -> FloatArray:
    """sigma_now / sigma_t of n days, oldest first; 1 when all P&L is 0.

    Times this, a day's P&L is brought to the present volatility.
    """
    squares = (pnl**2).tolist()
    if not any(squares):
        return np.ones(len(pnl))
    variances = np.array(
        list(accumulate(squares, _next_variance, initial=sum(squares) / len(squares)))
    )
    return np.asarray(np.sqrt(variances[-1] / variances[:-1]))


def _next_variance(variance: float, square: float) -> float:
    return VOLATILITY_DECAY * variance + (1.0 - VOLATILITY_DECAY) * square


def _covered_days(known: BoolArray, weight: FloatArray) -> BoolArray:
    total = float(weight.sum())
    if not len(weight):
        return np.zeros(known.shape[1], dtype=np.bool_)
    if total <= 0.0:  # positions that move nothing, such as expired options: all days are as good
        return np.asarray(known.any(axis=0))
    return np.asarray(weight @ known >= COVERAGE_OF_A_DAY * total)


def _coverage(weight: FloatArray, measured: BoolArray) -> float | None:
    total = float(weight.sum())
    return float(weight[measured].sum()) / total if total > 0.0 else None


def _reasons(positions: PositionPnl, known: BoolArray) -> Objects:
    """Why each position is left out; None where it is not."""
    counts: IntArray = known.sum(axis=1)
    reasons = np.empty(len(counts), dtype=object)
    reasons[:] = [
        None
        if count >= MINIMUM_OBSERVATIONS
        else given or shortage(count, MINIMUM_OBSERVATIONS, "days of P&L")
        for count, given in zip(counts.tolist(), positions.reason.tolist(), strict=True)
    ]
    return reasons


def _problem(positions: PositionPnl, measured: BoolArray, days: int) -> str | None:
    if not len(measured):
        return "no positions"
    if not measured.any():
        return "no position has a P&L vector"
    return shortage(days, MINIMUM_OBSERVATIONS, "days of P&L")
