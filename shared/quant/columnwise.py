"""Sums of many assets or contracts, each as it would be with any others beside it.

Shards group symbols by the portfolios that hold them, and a rerun may group them differently: what
is stored of a symbol must not depend on it. BLAS chooses by the shape in which order it adds, and
numpy adds a single column in another order than several.
"""

import numpy as np

from shared.arrays import FloatArray

WIDTH = 128  # columns that BLAS always sees
TILE = 16  # rows that BLAS takes together; those left over are summed in another order


def columnwise_product(left: FloatArray, right: FloatArray) -> FloatArray:
    """`left` (M x T) times `right` (T x S): M x S, each column independent of the others."""
    assets = right.shape[1]
    result = np.empty((len(left), assets))
    for start in range(0, assets, WIDTH):
        block = right[:, start : start + WIDTH]
        width = block.shape[1]
        if width < WIDTH:
            block = np.pad(block, ((0, 0), (0, WIDTH - width)))
        result[:, start : start + width] = (left @ block)[:, :width]
    return result


def rowwise_product(left: FloatArray, right: FloatArray) -> FloatArray:
    """`left` (N x T) times `right` (T x M): N x M, each row independent of the others."""
    rows = len(left)
    if missing := -rows % TILE:
        left = np.concatenate([left, np.zeros((missing, left.shape[1]))])
    return np.asarray(left @ right)[:rows]


def accompanied(columns: FloatArray) -> FloatArray:
    """The columns (T x S); a single one twice."""
    return np.repeat(columns, 2, axis=1) if columns.shape[1] == 1 else columns
