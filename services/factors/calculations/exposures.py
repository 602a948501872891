"""Dollar exposures of positions and portfolios to factors: exposure times beta, summed signed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from services.factors.calculations.columns import joined
from services.factors.inputs import Book, KnownBetas
from shared.arrays import Columns, FloatArray, IntArray
from shared.conventions import DEFAULT_MODEL


@dataclass(frozen=True)
class Holdings:
    """P positions, column by column; stock has delta and multiplier 1 and is its own underlying.

    `portfolio_of` and `underlying_of` are indices into the shard's portfolios and the beta matrix.
    Quantities are signed; prices in USD per share; NaN where a price or delta is missing.
    """

    portfolio_of: IntArray
    underlying_of: IntArray
    quantities: FloatArray
    multipliers: FloatArray
    deltas: FloatArray
    underlying_prices: FloatArray

    @classmethod
    def of(cls, book: Book) -> Self:
        """The positions of the book, in its order."""
        portfolio = {portfolio_id: index for index, portfolio_id in enumerate(book.portfolio_ids)}
        underlying = {symbol: index for index, symbol in enumerate(book.underlyings)}
        held = book.positions
        return cls(
            portfolio_of=np.array([portfolio[p.portfolio_id] for p in held], dtype=np.int64),
            underlying_of=np.array([underlying[p.underlying] for p in held], dtype=np.int64),
            quantities=np.array([p.quantity for p in held], dtype=np.float64),
            multipliers=np.array([p.multiplier for p in held], dtype=np.float64),
            deltas=np.array([p.delta for p in held], dtype=np.float64),
            underlying_prices=np.array([p.underlying_price for p in held], dtype=np.float64),
        )


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

    def columns(self, portfolio_ids: Sequence[object], factors: Sequence[str]) -> Columns:
        """One row per portfolio and factor."""
        return {
            "portfolio_id": [portfolio for portfolio in portfolio_ids for _ in factors],
            "factor": list(factors) * len(portfolio_ids),
            "dollar_exposure": self.dollars.ravel(),
            "gross_exposure": np.repeat(self.gross, len(factors)),
            "coverage": self.coverage.ravel(),
            "positions": np.repeat(self.positions, len(factors)),
            "positions_left_out": self.left_out.ravel(),
        }


@dataclass(frozen=True)
class BookExposures:
    """Delta-adjusted `exposures` (P) in signed USD, `betas`, `by_factor` (P x K) and their sums."""

    exposures: FloatArray
    betas: FloatArray
    by_factor: FloatArray
    portfolios: PortfolioExposures


@dataclass(frozen=True)
class ShardExposures:
    """A book's exposures to the `factors` by model; `betas` are the default model's by symbol."""

    book: Book
    factors: Sequence[str]
    betas: Mapping[str, KnownBetas]
    by_model: Mapping[str, BookExposures]

    def position_columns(self) -> Columns:
        """One row per position, with vectors by factor, in the default model."""
        found = self.by_model[DEFAULT_MODEL]
        held = self.book.positions
        known = [self.betas[position.underlying] for position in held]
        return {
            "position_id": [position.position_id for position in held],
            "portfolio_id": [position.portfolio_id for position in held],
            "symbol": [position.symbol for position in held],
            "underlying": [position.underlying for position in held],
            "exposure": found.exposures,
            "factors": [self.factors] * len(held),
            "betas": _finite(found.betas),
            "factor_exposures": _finite(found.by_factor),
            "quality": [betas.quality for betas in known],
            "reason": [
                position.reason or betas.reason for position, betas in zip(held, known, strict=True)
            ],
        }

    def portfolio_columns(self) -> Columns:
        """One row per model, portfolio and factor."""
        rows = len(self.book.portfolio_ids) * len(self.factors)
        return joined(
            {
                "model": [model] * rows,
                **exposed.portfolios.columns(self.book.portfolio_ids, self.factors),
            }
            for model, exposed in self.by_model.items()
        )


def _finite(vectors: FloatArray) -> FloatArray:
    return np.where(np.isfinite(vectors), vectors, np.nan)


def shard_exposures(
    book: Book, betas: Mapping[str, Mapping[str, KnownBetas]], factors: Sequence[str]
) -> ShardExposures:
    """Spread every position over the factors; `betas`, by model and symbol, cover the book."""
    holdings = Holdings.of(book)
    by_model = {
        model: book_exposures(
            holdings,
            len(book.portfolio_ids),
            np.array(
                [known[symbol].values for symbol in book.underlyings], dtype=np.float64
            ).reshape(-1, len(factors)),
        )
        for model, known in betas.items()
    }
    return ShardExposures(book, factors, betas[DEFAULT_MODEL], by_model)


def book_exposures(holdings: Holdings, portfolios: int, betas: FloatArray) -> BookExposures:
    """Exposure times beta (underlyings x factors) of every position, and its sum by portfolio."""
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

    No exposure (an expired option) is no factor exposure, even where the beta is unknown.
    """
    return np.where(exposures[:, None] == 0.0, 0.0, exposures[:, None] * betas)


def portfolio_exposures(
    portfolio_of: IntArray, portfolios: int, exposures: FloatArray, by_factor: FloatArray
) -> PortfolioExposures:
    """Sum P positions into portfolios; `by_factor` is P x K."""
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
