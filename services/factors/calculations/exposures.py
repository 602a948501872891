"""Dollar exposures of positions and portfolios to factors: exposure times beta, summed with its
sign.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.factors.calculations.records import Record, flat, nullable, records
from services.factors.calculations.regression import IntArray
from shared.quant.returns import FloatArray


@dataclass(frozen=True)
class Holdings:
    """P positions, column by column. Stock has delta and multiplier 1, and its own price as
    underlying price.

    `portfolio_of` and `underlying_of` are indices into the shard's portfolios and the beta matrix.
    Quantities are signed; prices in USD per share; NaN where a price or delta is missing.
    """

    portfolio_of: IntArray
    underlying_of: IntArray
    quantities: FloatArray
    multipliers: FloatArray
    deltas: FloatArray
    underlying_prices: FloatArray


@dataclass(frozen=True)
class PortfolioExposures:
    """N portfolios by K factors.

    `dollars` is the signed sum over positions; NaN when a portfolio has positions and none could be
    measured. `gross` (N) is the sum of the known absolute delta-adjusted exposures. `coverage` is
    the share of it that had a beta: 0 when nothing was measured, NaN when there was nothing to
    measure.
    """

    dollars: FloatArray
    gross: FloatArray
    coverage: FloatArray
    positions: IntArray
    left_out: IntArray

    def records(self, portfolio_ids: Sequence[object], factors: Sequence[str]) -> Iterator[Record]:
        """One record per portfolio and factor."""
        return records(
            portfolio_id=[portfolio for portfolio in portfolio_ids for _ in factors],
            factor=list(factors) * len(portfolio_ids),
            dollar_exposure=flat(self.dollars),
            gross_exposure=flat(np.repeat(self.gross, len(factors))),
            coverage=flat(self.coverage),
            positions=np.repeat(self.positions, len(factors)).tolist(),
            positions_left_out=self.left_out.ravel().tolist(),
        )


@dataclass(frozen=True)
class BookExposures:
    """Delta-adjusted `exposures` (P) in signed USD, `betas` and `by_factor` (P x K), and their
    sums.
    """

    exposures: FloatArray
    betas: FloatArray
    by_factor: FloatArray
    portfolios: PortfolioExposures

    def rows(self) -> Iterator[tuple[float | None, list[float | None], list[float | None]]]:
        """Per position: its exposure, its betas and its factor exposures, None where unknown."""
        return zip(
            nullable(self.exposures), nullable(self.betas), nullable(self.by_factor), strict=True
        )


def book_exposures(holdings: Holdings, portfolios: int, betas: FloatArray) -> BookExposures:
    """Exposure times beta of every position, and its sum by portfolio; `betas` is underlyings x
    factors.
    """
    exposures = delta_adjusted(holdings)
    position_betas = betas[holdings.underlying_of]
    by_factor = factor_exposures(exposures, position_betas)
    sums = portfolio_exposures(holdings.portfolio_of, portfolios, exposures, by_factor)
    return BookExposures(exposures, position_betas, by_factor, sums)


def delta_adjusted(holdings: Holdings) -> FloatArray:
    """q x m x delta x S in signed USD per position; NaN where an input is missing."""
    return holdings.quantities * holdings.multipliers * holdings.deltas * holdings.underlying_prices


def factor_exposures(exposures: FloatArray, betas: FloatArray) -> FloatArray:
    """Exposure (P) times beta (P x K) in USD per unit of factor return.

    No exposure (an expired option) is no factor exposure, whatever the beta, also an unknown one.
    """
    return np.where(exposures[:, None] == 0.0, 0.0, exposures[:, None] * betas)


def portfolio_exposures(
    portfolio_of: IntArray, portfolios: int, exposures: FloatArray, by_factor: FloatArray
) -> PortfolioExposures:
    """Sum P positions into portfolios: `portfolio_of` and `exposures` are P, `by_factor` is P x
    K.
    """
    measured = np.isfinite(by_factor).astype(np.float64)
    size = np.abs(np.nan_to_num(exposures))
    positions = np.bincount(portfolio_of, minlength=portfolios)
    gross = _sums(portfolio_of, portfolios, size[:, None])[:, 0]
    left_out = positions[:, None] - _sums(portfolio_of, portfolios, measured).astype(np.int64)
    covered = _sums(portfolio_of, portfolios, size[:, None] * measured)
    dollars = _sums(portfolio_of, portfolios, np.nan_to_num(by_factor))
    nothing_measured = (left_out == positions[:, None]) & (left_out > 0)
    return PortfolioExposures(
        dollars=np.where(nothing_measured, np.nan, dollars),
        gross=gross,
        coverage=_coverage(covered, gross, left_out),
        positions=positions,
        left_out=left_out,
    )


def _sums(portfolio_of: IntArray, portfolios: int, values: FloatArray) -> FloatArray:
    totals = np.zeros((portfolios, values.shape[1]))
    np.add.at(totals, portfolio_of, values)
    return totals


def _coverage(covered: FloatArray, gross: FloatArray, left_out: IntArray) -> FloatArray:
    something = gross[:, None] > 0.0
    share = covered / np.where(something, gross[:, None], 1.0)
    return np.where(something, share, np.where(left_out > 0, 0.0, np.nan))
