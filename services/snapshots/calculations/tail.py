"""Historical value at risk and expected shortfall: today's holdings over the past days' moves.

Everything is a weighted sum of the positions' P&L on the same days, so the parts of the
positions add up to the portfolio's figure by construction. Losses are positive.

With n days of portfolio P&L ordered from the worst, h = (n - 1)(1 - c), k = floor(h), w = h - k:
VaR_c = -[(1 - w) P_(k) + w P_(k+1)], the linearly interpolated quantile (Hyndman and Fan, American
Statistician 50, 1996, type 7); ES_c = -mean(P_(0..k)), the mean of the days at or beyond it. A
position's plain component is the same combination of its P&L on those same days: the conditional
expectation E[loss_i | portfolio loss = VaR] (Tasche, "Risk contributions and performance
measurement", 1999), estimated by the days that define it.

One or two days decide a plain component, so it jumps when they leave the window. The smoothed
figures weight all days by the chance that each is the quantile: the estimator of Harrell and Davis
(Biometrika 69, 1982), and of the shortfall its mean over the tail. Components are of these, and add
up to them; the plain ones are next to them.

A window is a window: every position has the same days. A position without a P&L on one of them
counts nothing that day and lowers the coverage; it never takes the day from the others.

Plain historical simulation reacts slowly: in the first weeks of a crisis its figures are still
those of a quiet year (docs/var-backtest.md). The rescaled figures are the same combination after
each day's P&L of the portfolio is brought to the present volatility, P_t sigma_now / sigma_t (Hull
and White, Journal of Risk 1, 1998), with exponentially weighted volatilities, decay 0.94
(RiskMetrics, 1996): v_0 the window's mean square, v_t+1 = 0.94 v_t + 0.06 P_t^2, sigma_t from the
days before t.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

import numpy as np

from services.snapshots.calculations.layout import Objects
from services.snapshots.calculations.metrics import MICRO_DOLLARS, shortage
from shared.arrays import ArrayColumns, BoolArray, FloatArray, IntArray
from shared.conventions import MINIMUM_OBSERVATIONS
from shared.quant.tail import tail_place

CONFIDENCES = (95, 99)
NODES = 24  # of the Gauss-Legendre integrals of the smoothed estimator
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

    `totals`, `smoothed` and `rescaled` have one entry per measure; `components` and
    `plain_components` are positions x measures. `components` add up to `smoothed` and the plain
    ones to `totals` over the positions that were measured; they are NaN for the others, whose
    `left_out` says why. When there is no figure, the figures are NaN and `reason` says why.
    `window`: the places of the first and last day used, None without one; `days`: how many;
    `position_days`: on how many of them each position's P&L is known; `coverage`: the share of
    weight x days that is.
    """

    totals: FloatArray
    smoothed: FloatArray
    rescaled: FloatArray
    components: FloatArray
    plain_components: FloatArray
    left_out: Objects
    window: tuple[int, int] | None
    days: int
    position_days: IntArray
    coverage: float | None
    reason: str | None


def historical_risk(positions: PositionPnl) -> HistoricalRisk:
    """VaR and ES of the positions together, one column per entry of `TAIL_MEASURES`.

    A position with fewer than 60 days is left out. The days are those on which any other position
    is known; fewer than 60 of them give no figure.
    """
    known = np.isfinite(positions.pnl)
    measured = known.sum(axis=1) >= MINIMUM_OBSERVATIONS
    days = np.flatnonzero(known[measured].any(axis=0))
    position_days: IntArray = np.where(measured, known[:, days].sum(axis=1), 0)
    unknown = np.full((len(measured), len(TAIL_MEASURES)), np.nan)
    no_totals = np.full(len(TAIL_MEASURES), np.nan)
    figures = HistoricalRisk(
        totals=no_totals,
        smoothed=no_totals,
        rescaled=no_totals,
        components=unknown,
        plain_components=unknown.copy(),
        left_out=_reasons(positions, known),
        window=(int(days[0]), int(days[-1])) if len(days) else None,
        days=len(days),
        position_days=position_days,
        coverage=_coverage(positions.weight, position_days, len(days)),
        reason=_problem(positions, measured, len(days)),
    )
    if figures.reason:
        return figures
    pnl = np.nan_to_num(positions.pnl[measured][:, days])
    together = pnl.sum(axis=0)
    figures.components[measured] = _parts(pnl, smoothed_weights(together))
    figures.plain_components[measured] = _parts(pnl, tail_weights(together))
    scaled = together * volatility_scales(together)
    return replace(
        figures,
        totals=figures.plain_components[measured].sum(axis=0),
        smoothed=figures.components[measured].sum(axis=0),
        rescaled=-(scaled @ tail_weights(scaled)),
    )


def _parts(pnl: FloatArray, weights: FloatArray) -> FloatArray:
    return np.round(-(pnl @ weights), MICRO_DOLLARS) + 0.0


def smoothed_weights(pnl: FloatArray) -> FloatArray:
    """As `tail_weights`, every day with the weight that Harrell and Davis give its rank."""
    weights = np.zeros((len(pnl), len(TAIL_MEASURES)))
    weights[np.argsort(pnl, kind="stable")] = _rank_weights(len(pnl))
    return weights


@lru_cache(maxsize=64)
def _rank_weights(days: int) -> FloatArray:
    """(ranks from the worst, measures); columns add up to 1."""
    nodes, node_weights = _legendre()
    columns = []
    for confidence in CONFIDENCES:
        tail = (100 - confidence) / 100
        shares = tail * (1.0 + nodes) / 2.0  # of the tail, from the worst day to the quantile
        shortfall = sum(
            weight / 2.0 * harrell_davis(days, share)
            for share, weight in zip(shares.tolist(), node_weights.tolist(), strict=True)
        )
        columns += [harrell_davis(days, tail), np.asarray(shortfall)]
    return np.column_stack(columns)


def harrell_davis(days: int, share: float) -> FloatArray:
    """The weight of each rank, from the lowest, in the quantile that `share` lies below.

    w_i = I(i / n) - I((i - 1) / n), I the incomplete beta function with a = (n + 1) share and
    b = (n + 1)(1 - share) (Harrell and Davis, Biometrika 69, 1982). Integrated by Gauss and
    Legendre in u = x^a, where the density has no pole.
    """
    low = (days + 1) * share
    high = (days + 1) * (1.0 - share)
    nodes, node_weights = _legendre()
    edges = (np.arange(days + 1) / days) ** low
    half = np.diff(edges) / 2.0
    places = edges[:-1, None] + half[:, None] * (1.0 + nodes)
    mass = half * ((1.0 - places ** (1.0 / low)) ** (high - 1.0) @ node_weights)
    weights: FloatArray = mass / mass.sum()
    return weights


@lru_cache(maxsize=1)
def _legendre() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return nodes, weights


def tail_weights(pnl: FloatArray) -> FloatArray:
    """How much each of the n days counts in each measure (n x measures); columns add up to 1."""
    order = np.argsort(pnl, kind="stable")
    weights = np.zeros((len(pnl), len(TAIL_MEASURES)))
    for place, confidence in enumerate(CONFIDENCES):
        whole, part = tail_place(len(pnl), confidence)
        weights[order[whole], 2 * place] = 1.0 - part
        weights[order[min(whole + 1, len(pnl) - 1)], 2 * place] += part
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


def _coverage(weight: FloatArray, position_days: IntArray, days: int) -> float | None:
    """The share of weight x days that is known; None without weight or days."""
    total = float(weight.sum()) * days
    # a sum of products may exceed the product of the sums by a rounding
    return min(float(weight @ position_days) / total, 1.0) if total > 0.0 else None


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
