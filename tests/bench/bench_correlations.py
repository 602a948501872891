"""Correlations, repair and clusters of 1,000 symbols, against pandas and networkx.

`python -m tests.bench.bench_correlations`. Ours is everything a portfolio's row needs: selection,
the pairwise matrix, its repair where windows differ, clusters, concentration, effective positions.
The peers do their part of it on the same returns in the same process: pandas' DataFrame.corr with
min_periods, networkx' connected components.
"""

from typing import Any
from uuid import UUID

import networkx
import numpy as np
import pandas as pd

from services.factors.calculations.clusters import clusters
from services.factors.calculations.correlated_books import BookCorrelations, book_correlations
from services.factors.calculations.selection import Parameters, selection
from services.factors.inputs import HeldPortfolio, HeldUnderlying
from shared.arrays import FloatArray
from shared.contracts.gateway import CorrelationParameters
from shared.quant.returns import log_returns
from tests.bench.measuring import alone, median_seconds

SYMBOLS = 1_000
GAPS = 0.05
REPETITIONS = 7
PARAMETERS = Parameters(**CorrelationParameters(keep="value_only").model_dump())


def run() -> list[dict[str, Any]]:
    """Our seconds without and with gaps, each with the peers' for their part of the work."""
    return [
        *_measured("no gaps", random_closes(0.0)),
        *_measured(f"{GAPS:.0%} gaps", random_closes(GAPS)),
    ]


def _measured(what: str, closes: FloatArray) -> list[dict[str, Any]]:
    book, returns = whole_calculation(closes), log_returns(closes)
    size = f"{SYMBOLS:,} symbols x {PARAMETERS.lookback} days, {what}"
    ours = median_seconds(lambda: whole_calculation(closes), REPETITIONS)
    theirs = median_seconds(lambda: pandas_correlations(returns), 3)
    values, threshold = book.matrix.values, PARAMETERS.cluster_threshold
    searched = median_seconds(lambda: clusters(values, threshold, book.sizes), REPETITIONS)
    graph = median_seconds(lambda: networkx_clusters(values), 3)
    difference = np.nanmax(np.abs(book.matrix.measured - pandas_correlations(returns)))
    repair = (
        f"repaired by at most {book.matrix.largest_repair:.2f}"
        if book.matrix.repaired
        else "no repair"
    )
    same = {frozenset(part) for part in book.clusters} == networkx_clusters(values)
    return [
        alone(f"Matrix, repair, clusters and figures, {size} ({repair})", ours),
        alone(f"pandas corr(min_periods=20) alone, {size}", theirs)
        | {
            "peer": "pandas",
            "ratio": theirs / ours,
            "accuracy": f"largest difference {difference:.1e}",
        },
        alone(f"Clusters alone, {size}", searched),
        alone(f"networkx connected components, {size}", graph)
        | {
            "peer": "networkx",
            "ratio": graph / searched,
            "accuracy": f"{len(book.clusters)} clusters, {'the same' if same else 'DIFFERENT'}",
        },
    ]


def random_closes(gaps: float) -> FloatArray:
    """Closes of 20 sectors of 50 symbols that move with the market and their sector, days missing
    at random.
    """
    random = np.random.default_rng(2022)
    market = random.normal(0.0, 0.006, (PARAMETERS.lookback, 1))
    sectors = random.normal(0.0, 0.012, (PARAMETERS.lookback, 20)).repeat(SYMBOLS // 20, axis=1)
    own = random.normal(0.0, 0.008, (PARAMETERS.lookback, SYMBOLS))
    paths = np.vstack([np.zeros((1, SYMBOLS)), (market + sectors + own).cumsum(axis=0)])
    return np.where(random.random(paths.shape) < gaps, np.nan, 100.0 * np.exp(paths))


def whole_calculation(closes: FloatArray) -> BookCorrelations:
    """A portfolio of all symbols, all kept, down to the figures of its row."""
    held = [
        HeldUnderlying(f"S{index:04d}", 50_000.0 - index, 1, 0, (), None)
        for index in range(SYMBOLS)
    ]
    portfolio = HeldPortfolio(UUID(int=1), held)
    book = book_correlations(selection(portfolio, PARAMETERS), closes, PARAMETERS)
    book.figures()
    return book


def pandas_correlations(returns: FloatArray) -> FloatArray:
    """Pairwise, as pandas does it."""
    return np.asarray(pd.DataFrame(returns).corr(min_periods=PARAMETERS.minimum_observations))


def networkx_clusters(values: FloatArray) -> set[frozenset[int]]:
    """Connected components with two members or more."""
    graph = networkx.from_numpy_array(np.abs(values) >= PARAMETERS.cluster_threshold)
    return {frozenset(part) for part in networkx.connected_components(graph) if len(part) > 1}


if __name__ == "__main__":
    for measurement in run():
        print(
            ", ".join(f"{name} {value}" for name, value in measurement.items() if value is not None)
        )
