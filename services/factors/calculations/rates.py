"""Sensitivity of returns to the change of a Treasury yield, jointly with the market, one maturity
at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.factors.calculations import newey_west
from services.factors.calculations.betas import WINDOW, Quality, history_qualities, missing_reasons
from services.factors.calculations.records import Record, flat, records
from services.factors.calculations.regression import Fit, IntArray, complete_days, least_squares
from shared.quant.returns import FloatArray

MATURITIES = ("3M", "2Y", "10Y", "30Y")
CARRY_LIMIT_DAYS = 7  # a bond-market holiday is a day; a longer silence is missing data


@dataclass(frozen=True)
class RateSensitivities:
    """Per symbol the return per 1.00 of yield (-16.5 loses 16.5 % per +100 bp), its error and t
    statistic.

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

    def records(self, symbols: Sequence[str]) -> Iterator[Record]:
        """One record per symbol, in the order of the regression's columns."""
        lags = newey_west.lags(self.fit.observations).tolist()
        return records(
            symbol=symbols,
            maturity=[self.maturity] * len(self.betas),
            beta=flat(self.betas),
            standard_error=flat(self.standard_errors),
            t_statistic=flat(self.t_statistics),
            lags=[
                lag if known else None for lag, known in zip(lags, self.fit.determined, strict=True)
            ],
            observations=self.fit.observations.tolist(),
            quality=self.qualities,
            reason=self.reasons,
        )


def yield_changes(
    session_days: IntArray, observed_days: IntArray, yields_percent: FloatArray
) -> FloatArray:
    """Changes of a yield between T sessions (T - 1) in decimals: +0.01 is +100 bp.

    Days are day numbers, ascending; `yields_percent` stands beside `observed_days`. The last
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
    """For each maturity, regress every column of `returns` (T x S) on the market (T) and its
    changes (T).

    The last 252 days count; all symbols of a maturity are solved together. Sensitivities to
    different maturities overlap, because yields move together: they stand beside each other and are
    not added up.
    """
    return tuple(
        _sensitivities(
            maturity, returns[-WINDOW:], np.column_stack([market_returns, moves])[-WINDOW:]
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
