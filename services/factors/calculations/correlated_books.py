"""The correlations of one portfolio: its underlyings' returns in, the figures and records of its
tables out.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from services.factors.calculations.clusters import Member, cluster_name, clusters
from services.factors.calculations.correlations import (
    Correlations,
    correlations,
    effective_positions,
    never_moved,
    overall_correlation,
)
from services.factors.calculations.records import Record, nullable, records
from services.factors.calculations.selection import Parameters, Selection, View, is_on
from shared.quant.returns import FloatArray, log_returns


@dataclass(frozen=True)
class Caveat:
    """What limits the figures: `what` was done to the symbols it is about."""

    code: str
    what: str
    about: tuple[str, ...]


@dataclass(frozen=True)
class BookCorrelations:
    """The correlations of the N underlyings kept in `chosen`, in their order, and the clusters
    among them.

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
        """The portfolio, its longs and its shorts: one matrix, with figures and clusters of their
        own.
        """
        return self, self._side("longs"), self._side("shorts")

    def _side(self, view: View) -> "BookCorrelations":
        on_side = np.array([is_on(view, group.value) for group in self.chosen.kept], dtype=np.bool_)
        return _summed_up(
            view, self.chosen.on_side(view), self.matrix.among(on_side), self.parameters
        )

    @property
    def effective_positions(self) -> float:
        """Over the symbols that have a correlation with each other; NaN without any."""
        complete = self.matrix.complete
        return effective_positions(
            self.matrix.values[np.ix_(complete, complete)], self.sizes[complete]
        )

    @property
    def concentration(self) -> float:
        """Value in clusters over value kept; NaN when nothing is kept."""
        clustered = [index for members in self.clusters for index in members]
        return float(self.weights[clustered].sum()) if len(self.sizes) else np.nan

    @property
    def coverage(self) -> float:
        """Value kept over the value of everything that could be measured; NaN when there is
        none.
        """
        return float(self.sizes.sum()) / self.chosen.gross if self.chosen.gross else np.nan

    def record(self) -> Record:
        """The portfolio's row."""
        overall = overall_correlation(self.matrix.values)
        figures = np.array([overall, self.concentration, self.effective_positions, self.coverage])
        kept, left_out = self.chosen.positions
        names = ("overall_correlation", "concentration", "effective_positions", "coverage")
        return {
            "view": self.view,
            "parameters": asdict(self.parameters),
            **dict(zip(names, nullable(figures), strict=True)),
            "gross_value": self.chosen.gross,
            "kept_value": float(self.sizes.sum()),
            "positions": kept + left_out,
            "positions_kept": kept,
            "symbols_kept": len(self.chosen.kept),
            "symbols_left_out": len(self.chosen.left_out),
            "kept": list(self._kept()),
            "left_out": [asdict(symbol) for symbol in self.chosen.left_out],
            "clusters": len(self.clusters),
            "psd_repaired": self.matrix.repaired,
            "largest_repair": self.matrix.largest_repair,
            "reason": self._reason(overall),
        }

    def _kept(self) -> Iterator[Record]:
        return records(
            symbol=self.chosen.symbols,
            value=[group.value for group in self.chosen.kept],
            weight=self.weights.tolist(),
            positions=[group.positions for group in self.chosen.kept],
            observations=np.diag(self.matrix.observations).tolist(),
        )

    def _reason(self, overall: float) -> str | None:
        """Why there is no correlation, if there is none."""
        kept, underlyings = len(self.chosen.kept), len(self.chosen.kept) + len(self.chosen.left_out)
        if not underlyings and self.view == "portfolio":
            return "no exposures of this portfolio are stored for the session"
        if kept < 2:
            return f"{kept} of {underlyings} underlyings kept: a correlation needs two"
        return f"no pair has {self._needed()}" if np.isnan(overall) else None

    def _needed(self) -> str:
        return f"{self.parameters.minimum_observations} common returns"

    def caveats(self) -> Iterator[Caveat]:
        """What limits the figures, each with the symbols it is about."""
        whole = zip(self.chosen.symbols, self.matrix.complete.tolist(), strict=True)
        found = {
            "too_few_returns": (
                "left out for want of returns",
                self._left_out_for("too_few_returns"),
            ),
            "never_moved": (
                "left out because their price never moved",
                self._left_out_for("never_moved"),
            ),
            "exposure_missing": (
                "left out without a price or delta",
                self._left_out_for("no_exposure"),
            ),
            "value_incomplete": (
                "valued without those positions that have no price or delta",
                [group.symbol for group in self.chosen.kept if group.positions_unmeasured],
            ),
            "pairs_unmeasured": (
                f"without {self._needed()} with others: not in effective positions, not in the PSD repair",
                [symbol for symbol, complete in whole if not complete],
            ),
        }
        for code, (what, symbols) in found.items():
            if symbols:
                yield Caveat(code, what, tuple(symbols))

    def _left_out_for(self, code: str) -> list[str]:
        return [out.symbol for out in self.chosen.left_out if out.code == code]

    def pair_records(self) -> Iterator[Record]:
        """One record per ordered pair of symbols, the diagonal included; made row by row, for they
        are many.
        """
        symbols, matrix = self.chosen.symbols, self.matrix
        for index, symbol in enumerate(symbols):
            values = nullable(matrix.values[index])
            observations = matrix.observations[index].tolist()
            behind = tuple(zip(observations, values, strict=True))
            yield from records(
                symbol_a=[symbol] * len(symbols),
                symbol_b=symbols,
                correlation=values,
                measured_correlation=nullable(matrix.measured[index]),
                observations=observations,
                quality=[self._quality(*pair) for pair in behind],
                reason=[self._missing(*pair) for pair in behind],
            )

    def _quality(self, observations: int, value: float | None) -> str:
        if value is None:
            return "insufficient"
        return "full_history" if observations >= self.parameters.lookback else "limited_history"

    def _missing(self, observations: int, value: float | None) -> str | None:
        if value is not None:
            return None
        if observations < self.parameters.minimum_observations:
            return (
                f"{observations} common returns; {self.parameters.minimum_observations} are needed"
            )
        return f"one of them does not move on the {observations} common days"

    def cluster_records(self) -> Iterator[Record]:
        """One record per cluster, numbered from 1, the largest first."""
        for number, indices in enumerate(self.clusters, start=1):
            members = list(indices)
            yield {
                "view": self.view,
                "cluster": number,
                "name": cluster_name([self._member(index) for index in members]),
                "members": len(members),
                "value": float(self.sizes[members].sum()),
                "weight": float(self.weights[members].sum()),
                "mean_correlation": overall_correlation(
                    self.matrix.values[np.ix_(members, members)]
                ),
            }

    def _member(self, index: int) -> Member:
        group = self.chosen.kept[index]
        return Member(group.symbol, group.tags, group.sector)

    def member_records(self) -> Iterator[Record]:
        """One record per member of a cluster, with its mean |correlation| to the other members."""
        for number, indices in enumerate(self.clusters, start=1):
            block = np.abs(self.matrix.values[np.ix_(indices, indices)])
            np.fill_diagonal(block, np.nan)
            for index, mean in zip(indices, np.nanmean(block, axis=0).tolist(), strict=True):
                group = self.chosen.kept[index]
                yield {
                    "view": self.view,
                    "cluster": number,
                    "symbol": group.symbol,
                    "value": group.value,
                    "weight": float(self.weights[index]),
                    "positions": group.positions,
                    "mean_correlation": mean,
                }


def book_correlations(
    chosen: Selection, closes: FloatArray, parameters: Parameters
) -> BookCorrelations:
    """Correlate the symbols of `chosen` by the log returns of their adjusted `closes` (sessions x
    N, NaN for gaps).

    The last `lookback` returns count. A symbol that has too few of them or never moved is left out.
    """
    returns = log_returns(closes)[-parameters.lookback :]
    unusable = [
        _unusable(*each, parameters)
        for each in zip(_days(returns), never_moved(returns), strict=True)
    ]
    measurable = chosen.without(unusable)
    sizes = np.array([group.size for group in measurable.kept], dtype=np.float64)
    usable = np.array([reason is None for reason in unusable], dtype=np.bool_)
    matrix = correlations(returns[:, usable], parameters.minimum_observations, sizes)
    return _summed_up("portfolio", measurable, matrix, parameters)


def _summed_up(
    view: View, chosen: Selection, matrix: Correlations, parameters: Parameters
) -> BookCorrelations:
    sizes = np.array([group.size for group in chosen.kept], dtype=np.float64)
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
