"""The correlations of one portfolio: its underlyings' closes in, figures and clusters out."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

import numpy as np

from services.factors.calculations.clusters import (
    Member,
    average_linkage,
    cluster_name,
    clusters,
    hedging_pairs,
)
from services.factors.calculations.correlations import (
    Correlations,
    correlations,
    effective_positions,
    never_moved,
    overall_correlation,
)
from services.factors.calculations.selection import Parameters, Selection, View, is_on
from services.factors.inputs import Closes
from shared.arrays import Columns, FloatArray
from shared.caveats import Caveat
from shared.quant.returns import log_returns

PAIRS_AT_ONCE = 10_000
HEDGES_LISTED = 50  # a matrix of 1,000 symbols may have half a million


@dataclass(frozen=True)
class CorrelationFigures:
    """What sums a portfolio's correlations up; NaN where there is no figure, and `reason` says why.

    Values in USD. `overall_correlation` is the mean |correlation| over pairs, `concentration` the
    value in clusters over the value kept, `coverage` the value kept over everything measured.
    `linkage_clusters`: those of average linkage; `hedges`: the largest of the `hedging_pairs`.
    """

    portfolio_id: UUID
    view: View
    parameters: dict[str, object]
    overall_correlation: float
    concentration: float
    effective_positions: float
    coverage: float
    gross_value: float
    kept_value: float
    positions: int
    positions_kept: int
    symbols_kept: int
    symbols_left_out: int
    kept: list[dict[str, object]]
    left_out: list[dict[str, object]]
    clusters: int
    psd_repaired: bool
    largest_repair: float
    reason: str | None
    linkage_clusters: list[dict[str, object]]
    hedging_pairs: int
    hedges: list[dict[str, object]]


@dataclass(frozen=True)
class Cluster:
    """Underlyings that move together, numbered from 1; `value` is gross USD, `weight` its share."""

    portfolio_id: UUID
    view: View
    cluster: int
    name: str
    members: int
    value: float
    weight: float
    mean_correlation: float


@dataclass(frozen=True)
class ClusterMember:
    """An underlying in a cluster: signed USD, and its mean |correlation| to the other members."""

    portfolio_id: UUID
    view: View
    cluster: int
    symbol: str
    value: float | None
    weight: float
    positions: int
    mean_correlation: float


@dataclass(frozen=True)
class BookCorrelations:
    """The correlations of the N underlyings kept in `chosen`, in their order, and their clusters.

    `sizes` (N) is |value| in USD; `weights` (N) are their shares of its sum, so they add up to 1.
    """

    view: View
    parameters: Parameters
    chosen: Selection
    matrix: Correlations
    clusters: tuple[tuple[int, ...], ...]
    sizes: FloatArray
    weights: FloatArray

    def views(self) -> tuple["BookCorrelations", "BookCorrelations", "BookCorrelations"]:
        """The portfolio, its longs and its shorts: one matrix, with separate figures."""
        return self, self._side("longs"), self._side("shorts")

    def _side(self, view: View) -> "BookCorrelations":
        on_side = np.array([is_on(view, held.value) for held in self.chosen.kept], dtype=np.bool_)
        return _summed_up(
            view, self.chosen.on_side(view), self.matrix.among(on_side), self.parameters
        )

    @property
    def effective_positions(self) -> float:
        """Over the symbols that have a correlation with each other; NaN without any."""
        complete = self.matrix.complete
        return effective_positions(
            self.matrix.values[np.ix_(complete, complete)], self.signed_values[complete]
        )

    @property
    def signed_values(self) -> FloatArray:
        """(N) USD, below zero for shorts."""
        return np.array([held.value for held in self.chosen.kept], dtype=np.float64)

    @property
    def concentration(self) -> float:
        """Value in clusters over value kept; NaN when nothing is kept."""
        clustered = [index for members in self.clusters for index in members]
        return float(self.weights[clustered].sum()) if len(self.sizes) else np.nan

    @property
    def coverage(self) -> float:
        """Value kept over everything that could be measured; NaN when there is none."""
        return float(self.sizes.sum()) / self.chosen.gross if self.chosen.gross else np.nan

    def figures(self) -> CorrelationFigures:
        """The portfolio's row."""
        overall = overall_correlation(self.matrix.values)
        kept, left_out = self.chosen.positions
        pairs = hedging_pairs(
            self.matrix.values, self.signed_values, self.parameters.cluster_threshold
        )
        return CorrelationFigures(
            portfolio_id=self.chosen.portfolio_id,
            view=self.view,
            parameters=asdict(self.parameters),
            overall_correlation=overall,
            concentration=self.concentration,
            effective_positions=self.effective_positions,
            coverage=self.coverage,
            gross_value=self.chosen.gross,
            kept_value=float(self.sizes.sum()),
            positions=kept + left_out,
            positions_kept=kept,
            symbols_kept=len(self.chosen.kept),
            symbols_left_out=len(self.chosen.left_out),
            kept=self._kept(),
            left_out=[asdict(symbol) for symbol in self.chosen.left_out],
            clusters=len(self.clusters),
            psd_repaired=self.matrix.repaired,
            largest_repair=self.matrix.largest_repair,
            reason=self._reason(overall),
            linkage_clusters=self._linkage_clusters(),
            hedging_pairs=len(pairs),
            hedges=[self._hedge(*pair) for pair in pairs[:HEDGES_LISTED]],
        )

    def _linkage_clusters(self) -> list[dict[str, object]]:
        threshold = self.parameters.cluster_threshold
        found = average_linkage(self.matrix.values, threshold, self.sizes)
        return [
            {
                "name": cluster_name([self._member(index) for index in members]),
                "symbols": [self.chosen.symbols[index] for index in members],
                "value": float(self.sizes[list(members)].sum()),
                "weight": float(self.weights[list(members)].sum()),
            }
            for members in found
        ]

    def _hedge(self, first: int, second: int) -> dict[str, object]:
        one, other = (self.chosen.kept[index] for index in (first, second))
        return {
            "symbol_a": one.symbol,
            "symbol_b": other.symbol,
            "value_a": one.value,
            "value_b": other.value,
            "correlation": float(self.matrix.values[first, second]),
        }

    def _kept(self) -> list[dict[str, object]]:
        observations = np.diag(self.matrix.observations).tolist()
        return [
            {
                "symbol": held.symbol,
                "value": held.value,
                "weight": weight,
                "positions": held.positions,
                "observations": days,
            }
            for held, weight, days in zip(
                self.chosen.kept, self.weights.tolist(), observations, strict=True
            )
        ]

    def _reason(self, overall: float) -> str | None:
        """Why there is no correlation, if there is none."""
        kept = len(self.chosen.kept)
        underlyings = kept + len(self.chosen.left_out)
        if not underlyings and self.view == "portfolio":
            return "no exposures of this portfolio are stored for the session"
        if kept < 2:
            return f"{kept} of {underlyings} underlyings kept: a correlation needs two"
        return f"no pair has {self._needed()}" if np.isnan(overall) else None

    def _needed(self) -> str:
        return f"{self.parameters.minimum_observations} common returns"

    def caveats(self) -> list[Caveat]:
        """What limits the figures, each with the symbols it is about; not yet counted."""
        incomplete = tuple(held.symbol for held in self.chosen.kept if held.positions_unmeasured)
        whole = zip(self.chosen.symbols, self.matrix.complete.tolist(), strict=True)
        unmeasured = tuple(symbol for symbol, complete in whole if not complete)
        found = (
            Caveat(
                "too_few_returns",
                "left out for want of returns",
                self._left_out_for("too_few_returns"),
            ),
            Caveat(
                "never_moved",
                "left out because their price never moved",
                self._left_out_for("never_moved"),
            ),
            Caveat(
                "exposure_missing",
                "left out without a price or delta",
                self._left_out_for("no_exposure"),
            ),
            Caveat(
                "value_incomplete",
                "valued without those positions that have no price or delta",
                incomplete,
            ),
            Caveat(
                "pairs_unmeasured",
                f"without {self._needed()} with others: "
                "not in effective positions, not in the PSD repair",
                unmeasured,
            ),
        )
        return [caveat for caveat in found if caveat.about]

    def _left_out_for(self, code: str) -> tuple[str, ...]:
        return tuple(out.symbol for out in self.chosen.left_out if out.code == code)

    def pair_columns(self) -> Iterator[Columns]:
        """One row per ordered pair of symbols, the diagonal included, in parts.

        A part is whole lines of the matrix: at most 10,000 pairs, or one line.
        """
        symbols = self.chosen.symbols
        lines = max(1, PAIRS_AT_ONCE // max(1, len(symbols)))
        for start in range(0, len(symbols), lines):
            part = slice(start, start + lines)
            values = self.matrix.values[part].ravel()
            observations = self.matrix.observations[part].ravel()
            behind = list(zip(observations.tolist(), np.isfinite(values).tolist(), strict=True))
            yield {
                "portfolio_id": [self.chosen.portfolio_id] * len(behind),
                "symbol_a": [symbol for symbol in symbols[part] for _ in symbols],
                "symbol_b": list(symbols) * len(symbols[part]),
                "correlation": values,
                "measured_correlation": self.matrix.measured[part].ravel(),
                "observations": observations,
                "quality": [self._quality(*pair) for pair in behind],
                "reason": [self._missing(*pair) for pair in behind],
            }

    def _quality(self, observations: int, measured: bool) -> str:
        if not measured:
            return "insufficient"
        return "full_history" if observations >= self.parameters.lookback else "limited_history"

    def _missing(self, observations: int, measured: bool) -> str | None:
        if measured:
            return None
        if observations < self.parameters.minimum_observations:
            return (
                f"{observations} common returns; {self.parameters.minimum_observations} are needed"
            )
        return f"one of them does not move on the {observations} common days"

    def named_clusters(self) -> Iterator[Cluster]:
        """The clusters, numbered from 1, the largest first."""
        for number, indices in enumerate(self.clusters, start=1):
            members = list(indices)
            yield Cluster(
                portfolio_id=self.chosen.portfolio_id,
                view=self.view,
                cluster=number,
                name=cluster_name([self._member(index) for index in members]),
                members=len(members),
                value=float(self.sizes[members].sum()),
                weight=float(self.weights[members].sum()),
                mean_correlation=overall_correlation(self.matrix.values[np.ix_(members, members)]),
            )

    def _member(self, index: int) -> Member:
        held = self.chosen.kept[index]
        return Member(held.symbol, held.tags, held.sector)

    def cluster_members(self) -> Iterator[ClusterMember]:
        """The members of every cluster, the largest first."""
        for number, indices in enumerate(self.clusters, start=1):
            block = np.abs(self.matrix.values[np.ix_(indices, indices)])
            np.fill_diagonal(block, np.nan)
            for index, mean in zip(indices, np.nanmean(block, axis=0).tolist(), strict=True):
                held = self.chosen.kept[index]
                yield ClusterMember(
                    portfolio_id=self.chosen.portfolio_id,
                    view=self.view,
                    cluster=number,
                    symbol=held.symbol,
                    value=held.value,
                    weight=float(self.weights[index]),
                    positions=held.positions,
                    mean_correlation=mean,
                )


def shard_correlations(
    chosen: Sequence[Selection], closes: Closes, parameters: Parameters
) -> list[BookCorrelations]:
    """The correlations of every portfolio; `closes` has every symbol that one of them keeps."""
    return [
        book_correlations(selected, closes.of(selected.symbols), parameters) for selected in chosen
    ]


def book_correlations(
    chosen: Selection, closes: FloatArray, parameters: Parameters
) -> BookCorrelations:
    """Correlate the symbols of `chosen` by the log returns of their adjusted `closes`.

    `closes` is sessions x N, NaN for gaps; the last `lookback` returns count. A symbol that has too
    few of them or never moved is left out.
    """
    returns = log_returns(closes)[-parameters.lookback :]
    unusable = [
        _unusable(*each, parameters)
        for each in zip(_days(returns), never_moved(returns), strict=True)
    ]
    measurable = chosen.without(unusable)
    sizes = np.array([held.size for held in measurable.kept], dtype=np.float64)
    usable = np.array([reason is None for reason in unusable], dtype=np.bool_)
    matrix = correlations(returns[:, usable], parameters.minimum_observations, sizes)
    return _summed_up("portfolio", measurable, matrix, parameters)


def _summed_up(
    view: View, chosen: Selection, matrix: Correlations, parameters: Parameters
) -> BookCorrelations:
    sizes = np.array([held.size for held in chosen.kept], dtype=np.float64)
    found = clusters(matrix.values, parameters.cluster_threshold, sizes)
    return BookCorrelations(view, parameters, chosen, matrix, found, sizes, sizes / sizes.sum())


def _days(returns: FloatArray) -> list[int]:
    return list(np.isfinite(returns).sum(axis=0).tolist())


def _unusable(days: int, still: bool, parameters: Parameters) -> tuple[str, str] | None:
    if days < parameters.minimum_observations:
        return (
            "too_few_returns",
            f"{days} returns in the window; {parameters.minimum_observations} are needed",
        )
    return ("never_moved", "its price did not move in the window") if still else None
