"""Which factors a day's P&L came from.

The part of a factor is the dollars exposed to it at the previous snapshot times its return since;
income, fees and the result of trading away from the close are parts beside the factors; what is
left of the P&L is specific: the securities' own moves and what the factor model cannot see. Source:
Grinold and Kahn, Active Portfolio Management, 2nd edition, 2000, chapter 17 (performance
attribution).
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from services.snapshots.calculations.layout import Objects
from services.snapshots.calculations.metrics import MICRO_DOLLARS
from shared.arrays import FloatArray


@dataclass(frozen=True)
class Attributions:
    """N days by K factors and C other causes, USD: the parts of each day add up to its P&L.

    `factors` (N x K), `causes` (N x C) and `specific` (N). Every number has at most six decimals,
    so that the sum is exact. NaN with the `reason` (N) where a part is not known; the other causes
    are known wherever the P&L is.
    """

    factors: FloatArray
    causes: FloatArray
    specific: FloatArray
    reason: Objects


def attributed_pnl(
    pnl: FloatArray, causes: FloatArray, exposures: FloatArray, factor_returns: FloatArray
) -> Attributions:
    """Split P&L (N, USD) by exposures at the previous snapshot and factor returns since (N x K).

    `causes` (N x C, USD) are the parts of it that are known as such. `pnl` is NaN on a portfolio's
    first snapshot; exposures and returns are NaN where they are not stored.
    """
    parts = np.round(exposures * factor_returns, MICRO_DOLLARS)
    known = np.where(np.isnan(pnl)[:, None], np.nan, np.round(causes, MICRO_DOLLARS))
    specific = np.round(pnl - parts.sum(axis=1) - known.sum(axis=1), MICRO_DOLLARS)
    reason = _reasons(pnl, exposures, factor_returns)
    unknown = np.array([cause is not None for cause in reason.tolist()], dtype=np.bool_)
    parts[unknown] = np.nan
    specific[unknown] = np.nan
    return Attributions(parts, known, specific, reason)


def _reasons(pnl: FloatArray, exposures: FloatArray, factor_returns: FloatArray) -> Objects:
    """The first cause that holds, per entry; None where every part is known."""
    reason = np.full(len(pnl), None, dtype=object)
    reason[~np.isfinite(factor_returns).all(axis=1)] = (
        "no factor returns since the previous snapshot"
    )
    reason[~np.isfinite(exposures).all(axis=1)] = "no factor exposures at the previous snapshot"
    reason[np.isnan(pnl)] = "the first snapshot has no P&L"
    return reason


def summed_returns(
    sessions: Sequence[date], returns: FloatArray, spans: Sequence[tuple[date | None, date]]
) -> FloatArray:
    """Factor returns (N x K) summed over the sessions of each span (after, up to].

    `returns` is T x K for the exchange's ascending `sessions`. NaN when one of the returns is
    missing, and for a span after None, which has no length.
    """
    unknown = np.full(returns.shape[1], np.nan)
    rows = [
        unknown
        if after is None
        else returns[bisect_right(sessions, after) : bisect_right(sessions, last)].sum(axis=0)
        for after, last in spans
    ]
    return np.array(rows).reshape(len(spans), returns.shape[1])
