"""Small symmetric matrices side by side, against LAPACK one at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from services.factors.calculations.symmetric import (
    extreme_eigenvalues,
    inverse_roots,
    product,
    solutions,
)
from shared.arrays import FloatArray, IntArray

MATRICES = 200


def moments(size: int, seed: int = 1) -> FloatArray:
    """Positive definite K x K x S: products of random normals."""
    rows = np.random.default_rng(seed).normal(size=(MATRICES, size + 3, size))
    return np.asarray(np.einsum("ski,skj->ijs", rows, rows))


def lapack(matrices: FloatArray) -> FloatArray:
    """All eigenvalues (S x K), ascending."""
    return np.asarray(np.linalg.eigvalsh(np.moveaxis(matrices, -1, 0)), dtype=np.float64)


def assert_extremes(matrices: FloatArray) -> None:
    smallest, largest = extreme_eigenvalues(matrices)

    expected = lapack(matrices)
    accuracy = 1e-12 * max(float(np.abs(expected).max(initial=0.0)), 1e-300)
    np.testing.assert_allclose(smallest, expected[:, 0], rtol=0, atol=accuracy)
    np.testing.assert_allclose(largest, expected[:, -1], rtol=0, atol=accuracy)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 9])
def test_extremes_are_those_of_lapack(size: int) -> None:
    assert_extremes(moments(size))


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_multiple_eigenvalues_are_found(size: int) -> None:
    assert_extremes(np.repeat(np.eye(size)[:, :, None], 5, axis=2))
    assert_extremes(np.ones((size, size, 5)))
    assert_extremes(np.zeros((size, size, 5)))


def test_nearly_multiple_eigenvalues_are_found() -> None:
    axis = np.random.default_rng(2).normal(size=(5, 1))
    turned = np.eye(5) - 2.0 * axis @ axis.T / float((axis**2).sum())
    near = (turned * np.array([1.0, 1.0 + 1e-9, 2.0, 3.0 - 1e-12, 3.0])) @ turned.T

    assert_extremes(near[:, :, None])


def test_collinear_columns_give_an_eigenvalue_of_zero() -> None:
    matrices = moments(3)
    doubled = matrices[[0, 1, 2, 2]][:, [0, 1, 2, 2]]

    smallest, largest = extreme_eigenvalues(doubled)

    assert np.abs(smallest / largest).max() < 1e-13


@given(arrays(np.int64, (4, 5), elements=st.integers(-9, 9)), st.sampled_from([1e-6, 1.0, 1e6]))
def test_any_semi_definite_matrix_has_its_extremes(rows: IntArray, unit: float) -> None:
    matrix = (rows.T @ rows).astype(np.float64)

    assert_extremes(unit * matrix[:, :, None])


@pytest.mark.parametrize("size", [1, 2, 7])
def test_roots_square_to_the_inverse(size: int) -> None:
    matrices = moments(size)

    roots = inverse_roots(matrices)

    inverses = np.einsum("kis,kjs->ijs", roots, roots)
    np.testing.assert_allclose(
        np.moveaxis(inverses, -1, 0), np.linalg.inv(np.moveaxis(matrices, -1, 0)), rtol=1e-7
    )
    assert np.all(roots[np.triu_indices(size, 1)] == 0.0)


def test_solutions_solve() -> None:
    matrices = moments(7)
    right_sides = np.random.default_rng(4).normal(size=(7, MATRICES))

    found = solutions(matrices, right_sides)

    np.testing.assert_allclose(product(matrices, found), right_sides, atol=1e-9)


def test_indefinite_matrix_has_no_root() -> None:
    assert np.isnan(inverse_roots(np.array([[[1.0], [2.0]], [[2.0], [1.0]]]))[1, 1, 0])
