"""Many small symmetric matrices at once: `matrices[i, j]` holds entry (i, j) of all of them.

LAPACK called per matrix spends most of its time around a 7 x 7 problem. With the batch as the last
axis every step of an elimination is one vector operation over thousands of matrices.
"""

import numpy as np

from shared.arrays import BoolArray, FloatArray
from shared.quant.columnwise import columnwise_product

_ITERATIONS = 20
_TINY = 1e-290  # the inverse is still finite
_NEGLIGIBLE = 1e-100  # keeps a quotient finite where the polynomial vanishes exactly
_CONVERGED = 1e-16  # what is still to come is less than rounding, relative to the matrix


def inverse_roots(matrices: FloatArray) -> FloatArray:
    """Lower triangular W (K x K x S) with W'W = M^-1 of positive definite `matrices` (K x K x S).

    The inverse of Cholesky's factor: then x'M^-1 x = |Wx|^2, a sum of squares that cannot turn
    negative. Golub and Van Loan, Matrix Computations, 4th edition, section 4.2. NaN for a matrix
    that is not definite.
    """
    size = len(matrices)
    factors = np.zeros_like(matrices)
    roots = np.zeros_like(matrices)
    for column in range(size):
        done = np.einsum("iks,ks->is", factors[column:, :column], factors[column, :column])
        rest = matrices[column:, column] - done
        with np.errstate(invalid="ignore", divide="ignore"):
            roots[column, column] = 1.0 / np.sqrt(rest[0])
        factors[column:, column] = rest * roots[column, column]
    for row in range(1, size):
        for column in range(row):
            left = np.einsum("ks,ks->s", factors[row, column:row], roots[column:row, column])
            roots[row, column] = -left * roots[row, row]
    return roots


def solutions(matrices: FloatArray, right_sides: FloatArray) -> FloatArray:
    """x (K x S) with M x = b: positive definite `matrices` (K x K x S), `right_sides` (K x S)."""
    roots = inverse_roots(matrices)
    return transposed_product(roots, product(roots, right_sides))


def product(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    """M x (K x S), matrix by matrix; a single matrix (K x K x 1) is that of all vectors."""
    if matrices.shape[2] == 1:
        return columnwise_product(matrices[:, :, 0], vectors)
    return np.asarray(np.einsum("iks,ks->is", matrices, vectors))


def transposed_product(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    """M'x (K x S), matrix by matrix; a single matrix (K x K x 1) is that of all vectors."""
    if matrices.shape[2] == 1:
        return columnwise_product(matrices[:, :, 0].T, vectors)
    return np.asarray(np.einsum("kis,ks->is", matrices, vectors))


def diagonals(matrices: FloatArray) -> FloatArray:
    """The diagonals (K x S)."""
    return np.asarray(np.einsum("kks->ks", matrices))


def extreme_eigenvalues(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The smallest and the largest eigenvalue (S each) of semi-definite `matrices` (K x K x S).

    Householder's tridiagonal form, then Laguerre's iteration from outside the spectrum, which
    converges monotonically and cubically to the nearest root (Wilkinson, The Algebraic Eigenvalue
    Problem, 1965, 5.31 and 7.26). What has not converged, at multiple roots for instance, is left
    to LAPACK.
    """
    diagonal, squares = _tridiagonal(matrices)
    margin = 1e-9 * diagonal.sum(axis=0)
    smallest, found = _outermost_root(diagonal, squares, -margin)
    largest, found_too = _outermost_root(
        diagonal, squares, _upper_bound(diagonal, squares) + margin
    )
    rest = np.flatnonzero(~(found & found_too))
    if rest.size:
        eigenvalues = np.linalg.eigvalsh(np.moveaxis(matrices[:, :, rest], -1, 0))
        smallest[rest] = eigenvalues[:, 0]
        largest[rest] = eigenvalues[:, -1]
    return smallest, largest


def _upper_bound(diagonal: FloatArray, squares: FloatArray) -> FloatArray:
    """Of the eigenvalues, from their mean and variance.

    Wolkowicz and Styan, Linear Algebra 29, 1980.
    """
    size = len(diagonal)
    mean = diagonal.sum(axis=0) / size
    variance = ((diagonal - mean) ** 2).sum(axis=0) + 2.0 * squares.sum(axis=0)
    return np.asarray(mean + np.sqrt(variance / size * (size - 1)))


def _tridiagonal(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Diagonal (K x S) and squared subdiagonal (K - 1 x S) of the similar tridiagonal matrices."""
    reduced = matrices.copy()
    size = len(reduced)
    subdiagonal = np.empty((size - 1, reduced.shape[2]))
    for column in range(size - 2):
        subdiagonal[column] = _reflect(
            reduced[column + 1 :, column], reduced[column + 1 :, column + 1 :]
        )
    if size > 1:
        subdiagonal[-1] = reduced[-1, -2]
    return diagonals(reduced).copy(), subdiagonal**2


def _reflect(below: FloatArray, block: FloatArray) -> FloatArray:
    """Turn `below` into its first direction and `block` with it, in place; returns its entry."""
    entry = -np.copysign(np.sqrt(np.einsum("is,is->s", below, below)), below[0])
    normal = below.copy()
    normal[0] -= entry
    length = np.einsum("is,is->s", normal, normal)
    weight = 2.0 / np.where(length > _TINY, length, 1.0)
    image = weight * product(block, normal)
    image -= (0.5 * weight * np.einsum("is,is->s", image, normal)) * normal
    for row in range(len(normal)):
        block[row] -= normal[row] * image + image[row] * normal
    return np.asarray(entry)


def _outermost_root(
    diagonal: FloatArray, squares: FloatArray, start: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """The eigenvalue next to `start`, which is outside the spectrum, and where it converged.

    On its way there each step is shorter than the one before; one that is not was led astray by
    rounding. The steps to come then add up to about this one times its ratio to the last, or far
    less.
    """
    root = start.copy()
    size = len(diagonal)
    converged, astray = np.zeros((2, *root.shape), dtype=np.bool_)
    last = np.full_like(root, np.inf)
    scale = np.abs(diagonal).sum(axis=0)
    for _ in range(_ITERATIONS):
        with np.errstate(all="ignore"):
            slope, curvature = _logarithmic_derivatives(diagonal, squares, root)
            spread = np.sqrt(np.maximum((size - 1) * (size * curvature - slope**2), 0.0))
            step = np.where(converged, 0.0, size / (slope + np.copysign(spread, slope)))
            length = np.abs(step)
            ratio = np.where(np.isfinite(last), length / last, 1.0)
            converged |= length * ratio <= _CONVERGED * scale
        astray |= ~(converged | (length < last))
        root -= np.where(astray, 0.0, step)
        last = length
        if (converged | astray).all():
            break
    return root, converged & ~astray


def _logarithmic_derivatives(
    diagonal: FloatArray, squares: FloatArray, at: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """p'/p and (p'/p)^2 - p''/p of the characteristic polynomial, from its Sturm quotients."""
    inverse = _inverse(diagonal[0] - at)
    first = -inverse
    second = np.zeros_like(at)
    slope = first.copy()
    curvature = first**2
    for entry, square in zip(diagonal[1:], squares, strict=True):
        carried = square * inverse
        inverse = _inverse(entry - at - carried)
        squared = first**2
        first = (carried * first - 1.0) * inverse
        second = carried * (second - 2.0 * squared) * inverse
        slope += first
        curvature += first**2 - second
    return slope, curvature


def _inverse(quotients: FloatArray) -> FloatArray:
    return np.asarray(1.0 / np.where(quotients == 0.0, _NEGLIGIBLE, quotients))
