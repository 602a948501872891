"""Sensitivity of returns to the change of one Treasury yield, jointly with the market."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.factors.calculations import newey_west
from services.factors.calculations.betas import Quality, history_qualities, missing_reasons
from services.factors.calculations.regression import Fit, complete_days, least_squares
from shared.arrays import Columns, FloatArray, IntArray
from shared.conventions import SESSIONS_PER_YEAR

CARRY_LIMIT_DAYS = 7  # a bond-market holiday is a day; a longer silence is missing data


@dataclass(frozen=True)
class RateSensitivities:
    """Per symbol the return per 1.00 of yield (-16.5 loses 16.5 % per +100 bp), and its error.

    The error is Newey and West's, so is t. NaN with a reason where the quality is `insufficient`.
    """

    maturity: str
    betas: FloatArray
    standard_errors: FloatArray
    fit: Fit
    qualities: tuple[Quality, ...]
    reasons: tuple[str | None, ...]

    @property
    def t_statistics(self) -> FloatArray:
        """Beta over its error; NaN where the fit leaves no error."""
        moves = self.standard_errors > 0.0
        return np.where(moves, self.betas / np.where(moves, self.standard_errors, 1.0), np.nan)

    def columns(self, symbols: Sequence[str]) -> Columns:
        """One row per symbol, in the order of the regression's columns."""
        lags = newey_west.lags(self.fit.observations).tolist()
        return {
            "symbol": symbols,
            "maturity": [self.maturity] * len(self.betas),
            "beta": self.betas,
            "standard_error": self.standard_errors,
            "t_statistic": self.t_statistics,
            "lags": [
                lag if known else None for lag, known in zip(lags, self.fit.determined, strict=True)
            ],
            "observations": self.fit.observations,
            "quality": self.qualities,
            "reason": self.reasons,
        }


def yield_changes(
    session_days: IntArray, observed_days: IntArray, yields_percent: FloatArray
) -> FloatArray:
    """Changes of a yield between T sessions (T - 1) in decimals: +0.01 is +100 bp.

    Days are day numbers, ascending; `yields_percent` has one entry per observed day. The last
    observation on or before a session is carried forward over bond-market holidays, seven calendar
    days at most; NaN beyond.
    """
    if len(observed_days) == 0:
        return np.full(max(len(session_days) - 1, 0), np.nan)
    last = np.searchsorted(observed_days, session_days, side="right") - 1
    fresh = (last >= 0) & (session_days - observed_days[last] <= CARRY_LIMIT_DAYS)
    return np.diff(np.where(fresh, yields_percent[last], np.nan)) / 100.0


def rate_sensitivities(
    returns: FloatArray, market_returns: FloatArray, changes: Mapping[str, FloatArray]
) -> tuple[RateSensitivities, ...]:
    """For each maturity, regress the columns of `returns` (T x S) on the market and its changes.

    Both have T entries; the last 252 days count. All symbols of a maturity are solved together.
    Sensitivities to different maturities overlap, because yields move together: each is read on its
    own, and they are not added up.
    """
    return tuple(
        _sensitivities(
            maturity,
            returns[-SESSIONS_PER_YEAR:],
            np.column_stack([market_returns, moves])[-SESSIONS_PER_YEAR:],
        )
        for maturity, moves in changes.items()
    )


def _sensitivities(maturity: str, returns: FloatArray, regressors: FloatArray) -> RateSensitivities:
    fit = least_squares(returns, regressors)
    common = int(complete_days(regressors).sum())
    return RateSensitivities(
        maturity=maturity,
        betas=fit.coefficients[:, 1],
        standard_errors=newey_west.standard_errors(returns, regressors, fit, regressor=1),
        fit=fit,
        qualities=history_qualities(fit),
        reasons=missing_reasons(fit, common, f"market and the {maturity} yield"),
    )
