"""Daily returns of the factors, from the closes of their proxies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from services.factors.calculations.betas import over_market
from services.factors.inputs import SPACES, ReturnHistory
from shared.arrays import Columns, FloatArray
from shared.conventions import DEFAULT_MODEL
from shared.quant.returns import simple_returns


@dataclass(frozen=True)
class RenewedReturns:
    """The factors' `returns` (spaces x sessions x factors) on sessions whose stored ones differ."""

    session_dates: Sequence[date]
    factors: Sequence[str]
    returns: FloatArray

    def columns(self) -> Columns:
        """One row per session, space and factor with a return."""
        known = np.argwhere(np.isfinite(self.returns)).tolist()
        return {
            "session_date": [self.session_dates[day] for _, day, _ in known],
            "space": [SPACES[space] for space, _, _ in known],
            "factor": [self.factors[factor] for _, _, factor in known],
            "factor_return": self.returns[np.isfinite(self.returns)],
        }


def renewed_returns(history: ReturnHistory) -> RenewedReturns:
    """The returns of the sessions that have others stored, or none."""
    returns = factor_returns(history.closes, history.factors.ids)
    changed = sessions_that_differ(returns, history.stored)
    renewed = [history.session_dates[place] for place in changed]
    return RenewedReturns(renewed, history.factors.ids, returns[:, changed])


def factor_spaces(proxy_returns: FloatArray, factors: Sequence[str]) -> dict[str, FloatArray]:
    """The factors' returns (T x K) by space: styles over the market, and the proxies' own."""
    return {DEFAULT_MODEL: over_market(proxy_returns, factors), "absolute": proxy_returns}


def factor_returns(proxy_closes: FloatArray, factors: Sequence[str]) -> FloatArray:
    """Simple returns (spaces x T x K) from adjusted closes of the proxies (T+1 x K).

    NaN where a close is missing.
    """
    spaces = factor_spaces(simple_returns(proxy_closes), factors)
    known: FloatArray = np.stack([spaces[space] for space in SPACES])
    known[~np.isfinite(known)] = np.nan
    return known


def sessions_that_differ(returns: FloatArray, stored: FloatArray) -> list[int]:
    """The places on the middle axis at which two sets of returns (spaces x T x K) differ."""
    same = (returns == stored) | (np.isnan(returns) & np.isnan(stored))
    places: list[int] = np.flatnonzero(~same.all(axis=(0, 2))).tolist()
    return places
