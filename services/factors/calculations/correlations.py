"""Correlations of daily returns pair by pair, and the figures that summarise a matrix of them.

Every symbol may miss different days. The sums over the common days of all pairs are a few matrix
products of the values with the mask of known days, so there is no loop over pairs.
"""

from dataclasses import dataclass

import numpy as np

from shared.arrays import BoolArray, FloatArray, IntArray

NEVER_MOVES = 1e-12  # a daily deviation below rounding: no correlation can be measured
STANDS_STILL = 1e-9  # the same on a pair's common days, in units of the symbol's own variance
MOST_STEPS = 50  # of alternating projections
STEPS_TIMES_CUBE = 1e8  # symbols^3 x steps: what fits into a fraction of a second
DEFINITE_TO = 1e-10  # an eigenvalue above minus this is zero but for rounding


@dataclass(frozen=True)
class Correlations:
    """N x N, symmetric. `values` is 1 on the diagonal and NaN where a pair could not be measured.

    `measured` is the plain pairwise estimate; where it was not positive semi-definite (`repaired`),
    `values` is its repair. `observations` counts common days, the symbol's own on the diagonal.
    `complete` (N) marks symbols that have a correlation with every other so marked: on them
    `values` is positive semi-definite.
    """

    values: FloatArray
    measured: FloatArray
    observations: IntArray
    complete: BoolArray
    repaired: bool

    @property
    def largest_repair(self) -> float:
        """The most that a correlation was changed by; 0 when nothing was repaired."""
        return float(np.nanmax(np.abs(self.values - self.measured), initial=0.0))

    def among(self, chosen: BoolArray) -> "Correlations":
        """Those of the `chosen` (N) symbols with each other, as they are."""
        block = np.ix_(chosen, chosen)
        parts = (self.values[block], self.measured[block], self.observations[block])
        return Correlations(*parts, self.complete[chosen], self.repaired)


def correlations(returns: FloatArray, minimum: int, sizes: FloatArray) -> Correlations:
    """Pearson's correlations of the columns of `returns` (T x N, NaN for gaps), made definite.

    A pair needs `minimum` common days on which both move. Every column must have moved. `sizes` (N)
    decides which of two symbols without a common window is left out of the definite part: the
    smaller one.
    """
    measured, observations = pairwise_correlations(returns, minimum)
    complete = complete_symbols(np.isfinite(measured), sizes)
    # In one window the matrix is a sum of outer products: definite by construction.
    same_window = bool(np.isfinite(returns).all())
    block = np.ix_(complete, complete)
    if same_window or is_definite(measured[block]):
        return Correlations(measured, measured, observations, complete, repaired=False)
    values = measured.copy()
    values[block] = nearby_definite(measured[block])
    return Correlations(values, measured, observations, complete, repaired=True)


def pairwise_correlations(returns: FloatArray, minimum: int) -> tuple[FloatArray, IntArray]:
    """Correlations and numbers of common days (N x N), each pair on the days that both have.

    With standardised returns z (0 where missing) and the mask k, the sums over the common days of i
    and j are z'k, (z*z)'k and z'z; correlation = (S_ij - S_i S_j / n) / sqrt(V_i V_j), V_i = S_ii -
    S_i^2 / n.
    """
    known = np.isfinite(returns)
    mask = known.astype(np.float64)
    scores = standardised(returns)
    days = mask.T @ mask
    divisor = np.maximum(days, 1.0)
    sums = scores.T @ mask
    squares = (scores * scores).T @ mask
    variation = squares - sums * sums / divisor
    covariation = scores.T @ scores - sums * sums.T / divisor
    moves = variation > STANDS_STILL * divisor
    usable = moves & moves.T & (days >= minimum)
    scale = np.sqrt(np.where(usable, variation * variation.T, 1.0))
    values = np.where(usable, np.clip(covariation / scale, -1.0, 1.0), np.nan)
    np.fill_diagonal(values, np.where(np.diag(usable), 1.0, np.nan))
    return values, days.astype(np.int64)


def standardised(returns: FloatArray) -> FloatArray:
    """Each column less its mean over its deviation, on the days it has; 0 where it has none."""
    known = np.isfinite(returns)
    days = np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, returns - np.where(known, returns, 0.0).sum(axis=0) / days, 0.0)
    deviations = np.maximum(np.sqrt((centred * centred).sum(axis=0) / days), NEVER_MOVES)
    return np.asarray(centred / deviations)


def never_moved(returns: FloatArray) -> BoolArray:
    """Which columns (T x N, NaN for gaps) are constant, or have no day at all."""
    known = np.isfinite(returns)
    highest = np.where(known, returns, -np.inf).max(axis=0, initial=-np.inf)
    lowest = np.where(known, returns, np.inf).min(axis=0, initial=np.inf)
    still: BoolArray = ~(highest - lowest > NEVER_MOVES)
    return still


def complete_symbols(measured: BoolArray, sizes: FloatArray) -> BoolArray:
    """Which symbols (N) remain when the worst is dropped until every pair is `measured` (N x N).

    The worst has the most pairs missing; among equals it is the smallest by `sizes`.
    """
    complete = np.ones(len(sizes), dtype=np.bool_)
    missing = (~measured).sum(axis=0)
    while (missing[complete] > 0).any():
        worst = int(np.lexsort((sizes, -np.where(complete, missing, -1)))[0])
        complete[worst] = False
        missing = missing - ~measured[worst]
    return complete


def is_definite(matrix: FloatArray) -> bool:
    """Whether a symmetric matrix is positive semi-definite up to rounding.

    It is when Cholesky's factorisation exists.
    """
    try:
        np.linalg.cholesky(matrix + DEFINITE_TO * np.eye(len(matrix)))
    except np.linalg.LinAlgError:
        return False
    return True


def nearby_definite(matrix: FloatArray) -> FloatArray:
    """A correlation matrix near `matrix` (N x N, complete, unit diagonal).

    Alternating projections with Dykstra's correction onto the definite matrices and those with a
    unit diagonal (Higham, "Computing the nearest correlation matrix", IMA J. Numer. Anal. 22, 2002,
    algorithm 3.3), which lead to the nearest in Frobenius norm; then eigenvalues clipped at 0 and
    rescaled (Rebonato and Jackel, Journal of Risk 2(2), 1999, section 3), so that the end is
    definite wherever the way was cut off. The steps are as many as an eigendecomposition each can
    be afforded: 50 up to 125 symbols, none from 465.
    """
    near = matrix
    correction = np.zeros_like(matrix)
    for _ in range(min(MOST_STEPS, int(STEPS_TIMES_CUBE / max(len(matrix), 1) ** 3))):
        shifted = near - correction
        projected = clipped(shifted)
        correction = projected - shifted
        near = projected.copy()
        np.fill_diagonal(near, 1.0)
        if np.abs(near - projected).max() < DEFINITE_TO:
            break
    return rescaled(clipped(near))


def clipped(matrix: FloatArray) -> FloatArray:
    """The nearest positive semi-definite matrix: negative eigenvalues become 0."""
    eigenvalues, vectors = np.linalg.eigh(matrix)
    negative = eigenvalues < 0.0
    part = vectors[:, negative]
    definite: FloatArray = matrix - (part * eigenvalues[negative]) @ part.T
    return definite


def rescaled(matrix: FloatArray) -> FloatArray:
    """The correlations of a semi-definite matrix with a positive diagonal; exactly symmetric."""
    scale = np.sqrt(np.diag(matrix))
    values = np.clip(matrix / scale[:, None] / scale[None, :], -1.0, 1.0)
    values = (values + values.T) / 2.0
    np.fill_diagonal(values, 1.0)
    return values


def overall_correlation(values: FloatArray) -> float:
    """Mean |correlation| over the measured pairs of different symbols; NaN without one."""
    pairs = np.abs(values[np.triu_indices(len(values), 1)])
    pairs = pairs[np.isfinite(pairs)]
    return float(pairs.mean()) if len(pairs) else np.nan


def effective_positions(values: FloatArray, signed_values: FloatArray) -> float:
    """1 / (w' rho w): as how many equal, uncorrelated positions the symbols spread their risk.

    `values` is N x N without gaps; w are the signed weights, scaled to sum |w| = 1, so that a hedge
    diversifies: N for N equal uncorrelated symbols, 1 for N longs that are one, more than N where
    longs and shorts offset each other. NaN without symbols, or when they cancel to nothing.
    """
    gross = np.abs(signed_values).sum()
    weights = signed_values / gross if len(signed_values) else signed_values
    risk = float(weights @ values @ weights)
    return 1.0 / risk if risk > STANDS_STILL else np.nan
