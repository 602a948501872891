"""Sensitivity of returns to the change of a Treasury yield, jointly with the market."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.factors.calculations.betas import WINDOW, Quality, history_qualities, missing_reasons
from services.factors.calculations.records import Record, flat, records
from services.factors.calculations.regression import Fit, IntArray, complete_days, least_squares
from shared.quant.returns import FloatArray

CARRY_LIMIT_DAYS = 7  # a bond-market holiday is a day; a longer silence is missing data


@dataclass(frozen=True)
class RateSensitivities:
    """Per symbol the return per 1.00 of yield (-16.5 loses 16.5 % per +100 bp), its error and t statistic.

    NaN with a reason where the quality is `insufficient`.
    """

    betas: FloatArray
    standard_errors: FloatArray
    t_statistics: FloatArray
    fit: Fit
    qualities: tuple[Quality, ...]
    reasons: tuple[str | None, ...]

    def records(self, symbols: Sequence[str]) -> Iterator[Record]:
        """One record per symbol, in the order of the regression's columns."""
        return records(
            symbol=symbols,
            beta=flat(self.betas),
            standard_error=flat(self.standard_errors),
            t_statistic=flat(self.t_statistics),
            observations=self.fit.observations.tolist(),
            quality=self.qualities,
            reason=self.reasons,
        )


def yield_changes(session_days: IntArray, observed_days: IntArray, yields_percent: FloatArray) -> FloatArray:
    """Changes of a yield between T sessions (T - 1) in decimals: +0.01 is +100 bp.

    Days are day numbers, ascending; `yields_percent` stands beside `observed_days`. The last observation on
    or before a session is carried forward over bond-market holidays, seven calendar days at most; NaN
    beyond.
    """
    if len(observed_days) == 0:
        return np.full(max(len(session_days) - 1, 0), np.nan)
    last = np.searchsorted(observed_days, session_days, side="right") - 1
    fresh = (last >= 0) & (session_days - observed_days[last] <= CARRY_LIMIT_DAYS)
    return np.diff(np.where(fresh, yields_percent[last], np.nan)) / 100.0


def rate_sensitivities(
    returns: FloatArray, market_returns: FloatArray, changes: FloatArray
) -> RateSensitivities:
    """Regress every column of `returns` (T x S) on the market's return and the yield's change (T each).

    The last 252 days count; all symbols are solved together.
    """
    regressors = np.column_stack([market_returns, changes])[-WINDOW:]
    fit = least_squares(returns[-WINDOW:], regressors)
    common = int(complete_days(regressors).sum())
    return RateSensitivities(
        betas=fit.coefficients[:, 1],
        standard_errors=fit.standard_errors[:, 1],
        t_statistics=fit.t_statistics[:, 1],
        fit=fit,
        qualities=history_qualities(fit),
        reasons=missing_reasons(fit, common, "market and the yield"),
    )
