"""Ordinary least squares of many assets on the same regressors, without a loop over assets.

Every asset may miss different days. The moments of all assets are one matrix product of the day
mask with the regressors' products, and the systems are eliminated side by side (`symmetric`).
Assets that miss no day have the regressors' moments in common: those are solved once for all of
them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from services.factors.calculations.symmetric import (
    diagonals,
    extreme_eigenvalues,
    inverse_roots,
    product,
    transposed_product,
)
from shared.arrays import BoolArray, FloatArray, IntArray
from shared.conventions import MINIMUM_OBSERVATIONS
from shared.quant.columnwise import accompanied, columnwise_product

# Beyond this the regressors are one another: the split of a coefficient means nothing.
CONDITION_LIMIT = 1e6
BLOCK = 512  # assets whose days are read at a time: what a processor keeps near
# A residual below this share of the moments it is the difference of is summed day by day.
CANCELLED = 1e-5


@dataclass(frozen=True)
class Fit:
    """S assets on K regressors with an intercept; NaN where an asset is not `determined`.

    `coefficients` and `standard_errors` are S x K, return per unit of regressor. `moments` is K x K
    x S, the regressors' centred cross products on the asset's days. `residual_variance` (S) is per
    day, on n - K - 1 degrees of freedom. `condition_number` (S) is that of the centred regressors
    scaled to unit variance, so neither units nor the intercept move it; infinite when they are
    collinear.
    """

    coefficients: FloatArray
    standard_errors: FloatArray
    t_statistics: FloatArray
    r_squared: FloatArray
    residual_variance: FloatArray
    condition_number: FloatArray
    observations: IntArray
    moments: FloatArray
    determined: BoolArray

    def of(self, assets: Sequence[int]) -> "Fit":
        """The same of these assets, by place."""
        taken = {field.name: getattr(self, field.name) for field in fields(self)}
        moments = taken.pop("moments")[:, :, assets]
        return Fit(moments=moments, **{name: value[assets] for name, value in taken.items()})


@dataclass(frozen=True)
class _Moments:
    """Second moments over each asset's days.

    `squares` (K x K x S, or K x K x 1 where all assets have the same days) of the regressors,
    `cross` (K x S) with the returns and `total` (S) of the returns are centred; `size` (S) is the
    uncentred sum of squared returns.
    """

    squares: FloatArray
    cross: FloatArray
    total: FloatArray
    size: FloatArray
    observations: IntArray


@dataclass(frozen=True)
class _Solution:
    """Slopes, the diagonal of the inverse moments (K x S each) and the sums of squares (S each).

    The diagonal is K x 1 where all assets have the same days.
    """

    slopes: FloatArray
    inverse_diagonal: FloatArray
    residual: FloatArray
    total: FloatArray


def least_squares(
    returns: FloatArray, regressors: FloatArray, minimum: int = MINIMUM_OBSERVATIONS
) -> Fit:
    """OLS with intercept of each column of `returns` (T x S) on all `regressors` (T x K).

    A day counts for an asset when its return and every regressor are finite. An asset with fewer
    than `minimum` days, no degree of freedom, or collinear regressors is not determined. Each
    asset's numbers are the same to the last bit, whichever others are beside it.
    """
    whole = complete_days(regressors)
    kept = slice(None) if whole.all() else whole
    returns = returns[kept]
    standardised, scale = _standardised(regressors[kept])
    # a sum is finite where every day is, and far cheaper than a look at each of them
    gapless = np.isfinite(returns.sum(axis=0))
    if gapless.all() or not gapless.any():
        return _solved(returns, standardised, scale, minimum, bool(gapless.any()))
    some = _solved(returns[:, gapless], standardised, scale, minimum, gapless=True)
    others = _solved(returns[:, ~gapless], standardised, scale, minimum, gapless=False)
    return _joined(some, others, gapless)


def _solved(
    returns: FloatArray,
    standardised: FloatArray,
    scale: FloatArray,
    minimum: int,
    gapless: bool,
) -> Fit:
    if returns.shape[1] == 1:
        both = _solved(accompanied(returns), standardised, scale, minimum, gapless)
        return both.of([0])
    returns = np.ascontiguousarray(returns)  # the layout decides the order of sums
    moments = _moments(returns, standardised, gapless)
    condition = _condition_numbers(moments.squares)
    enough = moments.observations >= max(minimum, len(scale) + 2)
    determined = enough & (condition < CONDITION_LIMIT)
    solution = _solution(returns, standardised, moments, determined)
    return _fit(moments, solution, scale, condition, determined)


def _joined(some: Fit, others: Fit, chosen: BoolArray) -> Fit:
    """The fits of the `chosen` assets (S) and of the others, in the order of all."""
    joined = {}
    for field in fields(Fit):
        axis = -1 if field.name == "moments" else 0
        first, second = (np.moveaxis(getattr(fit, field.name), axis, 0) for fit in (some, others))
        both = np.empty((chosen.size, *first.shape[1:]), dtype=first.dtype)
        both[chosen] = first
        both[~chosen] = second
        joined[field.name] = np.moveaxis(both, 0, axis)
    return Fit(**joined)


def complete_days(regressors: FloatArray) -> BoolArray:
    """Which days (rows) have every regressor."""
    return np.asarray(np.isfinite(regressors).all(axis=1))


def _standardised(regressors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Centred regressors of unit variance and their scales (K): the moments stay well behaved."""
    days = max(len(regressors), 1)
    centred = regressors - regressors.sum(axis=0) / days
    spread = np.sqrt((centred**2).sum(axis=0) / days)
    scale = np.where(spread > 0.0, spread, 1.0)
    return centred / scale, scale


def _moments(returns: FloatArray, regressors: FloatArray, gapless: bool) -> _Moments:
    factors = regressors.shape[1]
    upper = np.triu_indices(factors)
    of_days = np.vstack([np.ones(len(regressors)), regressors.T])
    products = np.vstack([of_days, regressors[:, upper[0]].T * regressors[:, upper[1]].T])
    if gapless:
        sums = products.sum(axis=1, keepdims=True)
        return_sums = columnwise_product(of_days, returns)
        size = np.einsum("ts,ts->s", returns, returns)
    else:
        sums, return_sums, size = _sums(returns, of_days, products)
    days = sums[0]
    means = sums[1 : factors + 1] / np.maximum(days, 1.0)
    squares = np.empty((factors, factors, days.size))
    squares[upper] = sums[factors + 1 :] - means[upper[0]] * sums[1:][upper[1]]
    squares[upper[::-1]] = squares[upper]
    return _Moments(
        squares=squares,
        cross=return_sums[1:] - means * return_sums[0],
        total=size - return_sums[0] ** 2 / np.maximum(days, 1.0),
        size=size,
        observations=np.broadcast_to(days.astype(np.int64), size.shape),
    )


def _sums(
    returns: FloatArray, of_days: FloatArray, products: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sums over each asset's days: `products`, `of_days` times its returns, its squared returns."""
    assets = returns.shape[1]
    counted = np.empty((len(products), assets))
    weighted = np.empty((len(of_days), assets))
    size = np.empty(assets)
    for block in _blocks(assets):
        known = returns[:, block].copy()
        usable = np.isfinite(known)
        known[~usable] = 0.0
        counted[:, block] = columnwise_product(products, usable.astype(np.float64))
        weighted[:, block] = columnwise_product(of_days, known)
        size[block] = np.einsum("ts,ts->s", known, known)
    return counted, weighted, size


def _blocks(assets: int) -> Iterator[slice]:
    """Of nearly the same size, so that none holds a single asset."""
    ends = np.linspace(0, assets, max(1, -(-assets // BLOCK)) + 1).astype(int).tolist()
    return (slice(start, end) for start, end in pairwise(ends))


def _condition_numbers(squares: FloatArray) -> FloatArray:
    """The root of the ratio of extreme eigenvalues of the regressors' correlation.

    Infinite when they are degenerate.
    """
    spread = np.sqrt(np.maximum(diagonals(squares), 0.0))
    varies = (spread > 0.0).all(axis=0)
    divisor = np.where(varies, spread, 1.0)
    smallest, largest = extreme_eigenvalues(squares / (divisor[:, None] * divisor[None, :]))
    regular = varies & (smallest > 0.0)
    return np.where(regular, np.sqrt(largest / np.where(regular, smallest, 1.0)), np.inf)


def _solution(
    returns: FloatArray, regressors: FloatArray, moments: _Moments, determined: BoolArray
) -> _Solution:
    """The residual sum is total - |Wx'y|^2; where that cancels (R2 near 1), a sum of residuals."""
    roots = inverse_roots(definite(moments.squares, determined[: moments.squares.shape[2]]))
    explained = product(roots, moments.cross)
    slopes = np.where(determined, transposed_product(roots, explained), np.nan)
    residual = moments.total - np.einsum("ks,ks->s", explained, explained)
    total = moments.total.copy()
    scale = moments.size + (slopes**2 * diagonals(moments.squares)).sum(axis=0)
    cancelled = np.flatnonzero(determined & (residual < CANCELLED * scale))
    residual[cancelled], total[cancelled] = _sums_of_squares(
        accompanied(returns[:, cancelled]), regressors, accompanied(slopes[:, cancelled])
    )[:, : cancelled.size]
    return _Solution(slopes, np.einsum("iks,iks->ks", roots, roots), residual, total)


def definite(moments: FloatArray, determined: BoolArray) -> FloatArray:
    """The moments (K x K x S) with the identity where the asset is not determined.

    All of them are then fit for elimination.
    """
    if determined.all():
        return moments
    return np.where(determined, moments, np.eye(len(moments))[:, :, None])


def _sums_of_squares(returns: FloatArray, regressors: FloatArray, slopes: FloatArray) -> FloatArray:
    """Residual and total sums of squares (2 x S) of each column, day by day."""
    usable = np.isfinite(returns)
    days = np.maximum(usable.sum(axis=0), 1)
    unexplained = np.where(usable, returns - columnwise_product(regressors, slopes), 0.0)
    known = np.where(usable, returns, 0.0)
    residuals = np.where(usable, unexplained - unexplained.sum(axis=0) / days, 0.0)
    deviations = np.where(usable, known - known.sum(axis=0) / days, 0.0)
    return np.stack([(residuals**2).sum(axis=0), (deviations**2).sum(axis=0)])


def _fit(
    moments: _Moments,
    solution: _Solution,
    scale: FloatArray,
    condition: FloatArray,
    determined: BoolArray,
) -> Fit:
    freedom = np.where(determined, moments.observations - len(scale) - 1, 1)
    variance = np.where(determined, solution.residual / freedom, np.nan)
    errors = np.sqrt(variance * solution.inverse_diagonal)
    return Fit(
        coefficients=(solution.slopes / scale[:, None]).T,
        standard_errors=(errors / scale[:, None]).T,
        t_statistics=_ratio(solution.slopes, errors).T,
        r_squared=1.0 - _ratio(np.where(determined, solution.residual, np.nan), solution.total),
        residual_variance=variance,
        condition_number=np.broadcast_to(condition, determined.shape),
        observations=moments.observations,
        moments=np.broadcast_to(
            moments.squares * (scale[:, None, None] * scale[None, :, None]),
            (*moments.squares.shape[:2], determined.size),
        ),
        determined=determined,
    )


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """The quotient, NaN where the denominator is 0 or unknown."""
    defined = denominator > 0.0
    return np.where(defined, numerator / np.where(defined, denominator, 1.0), np.nan)
