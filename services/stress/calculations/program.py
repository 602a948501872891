"""Programs that HiGHS solves: trades in lots, the measures that they move, and what is required.

    minimise    sum over candidates of cost x (bought + sold)
    subject to  lowest <= before + sum of effect x (bought - sold) <= highest, by linear measure
                lowest <= bought - sold <= highest, both whole, by candidate

P_d = what day d made before + sum of its effects is the P&L of a past day, k and w as in `tail`:

    shortfall <= L    t + sum over days of u_d / (k + 1) <= L, u_d >= 0, u_d >= -P_d - t
    VaR <= L          (1 - w) a + w b >= -L; a <= P_d but on k days, b <= P_d but on k + 1 days

The first is linear (Rockafellar and Uryasev, Journal of Risk 2, 2000; on n equally likely days it
is the mean of the k + 1 worst exactly). The second has a binary for each day and each of a and b,
which says whether the day is an exception; or the exceptions are given, which leaves a program of
lots alone whose solutions keep to the VaR, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from services.stress.inputs import Indices
from shared.arrays import BoolArray, FloatArray
from shared.quant.tail import tail_place

if TYPE_CHECKING:
    from scipy.sparse import csc_array

INFEASIBLE = 2  # a status of scipy's milp
MOST_NODES = 20_000  # of branch and bound: an end that does not depend on the machine's speed
Matrix = FloatArray


@dataclass(frozen=True)
class Lots:
    """What may be traded, (candidates,): `cost` in USD of one lot, above 0; whole bounds."""

    cost: FloatArray
    lowest: FloatArray
    highest: FloatArray


@dataclass(frozen=True)
class Linear:
    """A measure that every lot moves by its `effect` (candidates,), and where it shall be."""

    before: float
    effect: FloatArray
    lowest: float
    highest: float
    tolerance: float | None = None

    @property
    def unit(self) -> float:
        """What the largest lot makes: the scale of the measure."""
        return float(np.abs(self.effect).max(initial=0.0)) or 1.0

    def at(self, lots: FloatArray) -> float:
        """The measure after so many lots."""
        return self.before + float(self.effect @ lots)

    def downhill(self, lots: FloatArray) -> FloatArray:
        """(candidates,) what a lot more does to the measure's distance from where it shall be."""
        return self.effect if self.at(lots) > self.highest else -self.effect


@dataclass(frozen=True)
class Tail:
    """The loss in the tail of past days, at most `highest`: the VaR, or the `shortfall`.

    `before`: (days,) P&L; `effect`: (candidates, days).
    """

    before: FloatArray
    effect: FloatArray
    confidence: int
    shortfall: bool
    highest: float

    @property
    def place(self) -> tuple[int, float]:
        """(k, w) of its quantile."""
        return tail_place(len(self.before), self.confidence)

    @property
    def unit(self) -> float:
        """What the largest lot makes on a day: the scale of the measure."""
        return float(np.abs(self.effect).max(initial=0.0)) or 1.0

    def days(self, lots: FloatArray) -> FloatArray:
        """(days,) P&L after so many lots."""
        return np.asarray(self.before + lots @ self.effect)

    def weights(self, lots: FloatArray) -> FloatArray:
        """(days,) how much each day counts in the measure after so many lots."""
        order = np.argsort(self.days(lots), kind="stable")
        whole, part = self.place
        weights = np.zeros(len(order))
        if self.shortfall:
            weights[order[: whole + 1]] = 1.0 / (whole + 1)
        else:
            weights[order[whole]] = 1.0 - part
            weights[order[min(whole + 1, len(order) - 1)]] += part
        return weights

    def at(self, lots: FloatArray) -> float:
        """The loss after so many lots."""
        return -float(self.weights(lots) @ self.days(lots))

    def downhill(self, lots: FloatArray) -> FloatArray:
        """(candidates,) what a lot more does to the loss."""
        return np.asarray(-(self.effect @ self.weights(lots)))

    def least_dollars(self, cost: FloatArray) -> float:
        """USD that any lots cost which keep to the VaR.

        Of the days that lose more than `highest`, all but k + 1 have to be raised to it, each by no
        less than its gap over what the best candidate makes of a dollar that day.
        """
        gaps = np.maximum(-self.highest - self.before, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            dollars = gaps / (np.abs(self.effect) / cost[:, None]).max(axis=0, initial=0.0)
        dollars = np.sort(dollars[gaps > 0.0])
        raised = len(dollars) - (self.place[0] + 1)
        return float(dollars[raised - 1]) if raised > 0 else 0.0

    def exceptions(self, lots: FloatArray) -> tuple[BoolArray, BoolArray]:
        """The k, and the k + 1, worst days after so many lots."""
        rank = np.argsort(np.argsort(self.days(lots), kind="stable"), kind="stable")
        whole, _ = self.place
        return rank < whole, rank < whole + 1


Target = Linear | Tail


@dataclass(frozen=True)
class Effort:
    """When a search ends: after so many seconds, or within this share of the fewest dollars."""

    seconds: float
    gap: float


@dataclass(frozen=True)
class Solved:
    """The lots of each candidate, None without any that do; nothing is below `bound`.

    `impossible`: that there are none is proven.
    """

    lots: FloatArray | None
    bound: float
    impossible: bool = False


@dataclass(frozen=True)
class Task:
    """What is searched: `most` dollars may be traded. `whole`: lots are not split.

    `exceptions`: the lots after which the worst days are the exceptions of every VaR; None: the
    program chooses them.
    """

    lots: Lots
    targets: Sequence[Target]
    most: float
    whole: bool = True
    exceptions: FloatArray | None = None

    def of(self, targets: Sequence[Target]) -> "Task":
        """The same with other targets."""
        return replace(self, targets=targets)


class _Program:
    """Columns and rows as they are added."""

    def __init__(self) -> None:
        self._columns: list[FloatArray] = []  # cost, lowest, highest and whole, by column
        self._rows: list[tuple[Sequence[tuple[Indices, Matrix]], FloatArray, FloatArray]] = []
        self._size = 0

    def columns(
        self,
        count: int,
        cost: FloatArray | float = 0.0,
        low: FloatArray | float = 0.0,
        high: FloatArray | float = np.inf,
        whole: bool = False,
    ) -> Indices:
        """Add columns; their places."""
        each = (cost, low, high, float(whole))
        self._columns.append(np.array([np.broadcast_to(one, count) for one in each]))
        self._size += count
        return np.arange(self._size - count, self._size)

    def rows(
        self,
        parts: Sequence[tuple[Indices, Matrix]],
        low: FloatArray | float = -np.inf,
        high: FloatArray | float = np.inf,
    ) -> None:
        """Require low <= sum over parts of matrix (rows, columns of the part) x columns <= high."""
        count = len(parts[0][1])
        self._rows.append(
            (
                parts,
                np.broadcast_to(np.asarray(low, dtype=np.float64), count),
                np.broadcast_to(np.asarray(high, dtype=np.float64), count),
            )
        )

    def solved(self, effort: Effort) -> tuple[FloatArray | None, float, bool]:
        """(value of each column, bound of the objective, whether there proves to be none)."""
        # Here, so that no service start waits for scipy.
        from scipy.optimize import Bounds, LinearConstraint, milp

        cost, low, high, whole = np.concatenate(self._columns, axis=1)
        found = milp(
            cost,
            integrality=whole.astype(np.int64),
            bounds=Bounds(low, high),
            constraints=[
                LinearConstraint(self._matrix(parts), least, most)
                for parts, least, most in self._rows
            ],
            options={
                "time_limit": effort.seconds,
                "mip_rel_gap": effort.gap,
                "node_limit": MOST_NODES,
            },
        )
        values = None if found.x is None else np.asarray(found.x, dtype=np.float64)
        bound = found.mip_dual_bound if whole.any() else found.fun
        bound = -np.inf if bound is None else float(bound)
        return values, bound, found.status == INFEASIBLE

    def _matrix(self, parts: Sequence[tuple[Indices, Matrix]]) -> "csc_array":
        """(rows, all columns): wide and nearly empty."""
        from scipy.sparse import coo_array

        found = [(places, matrix, *np.nonzero(matrix)) for places, matrix in parts]
        values = np.concatenate([matrix[row, column] for _, matrix, row, column in found])
        rows = np.concatenate([row for *_, row, _ in found])
        columns = np.concatenate([places[column] for places, *_, column in found])
        shape = (len(parts[0][1]), self._size)
        return coo_array((values, (rows, columns)), shape=shape).tocsc()


def fewest(task: Task, effort: Effort) -> Solved:
    """The lots that cost least among those that meet every target."""
    return _solved(task, effort, elastic=False)


def nearest(task: Task, effort: Effort) -> Solved:
    """The lots that miss the targets by least, each measured in its unit."""
    return _solved(task, effort, elastic=True)


def _solved(task: Task, effort: Effort, elastic: bool) -> Solved:
    program = _Program()
    lots = task.lots
    cost = 0.0 if elastic else lots.cost
    bought, sold = (
        program.columns(
            len(lots.cost), cost, np.maximum(low, 0.0), np.maximum(high, 0.0), task.whole
        )
        for low, high in ((lots.lowest, lots.highest), (-lots.highest, -lots.lowest))
    )
    traded = np.append(bought, sold)
    if np.isfinite(task.most):
        program.rows([(traded, np.tile(lots.cost, (1, 2)) / task.most)], high=1.0)
    for target in task.targets:
        misses = program.columns(2, float(elastic), high=np.inf if elastic else 0.0)
        if isinstance(target, Linear):
            _require_linear(program, target, traded, misses)
        elif target.shortfall:
            _require_shortfall(program, target, traded, misses)
        else:
            _require_var(program, target, traded, misses, task)
    values, bound, impossible = program.solved(effort)
    if values is None:
        return Solved(None, bound, impossible)
    found = values[bought] - values[sold]
    return Solved(np.round(found) if task.whole else found, max(bound, 0.0))


def _require_linear(program: _Program, target: Linear, traded: Indices, misses: Indices) -> None:
    effect = np.append(target.effect, -target.effect)[None] / target.unit
    low, high = ((each - target.before) / target.unit for each in (target.lowest, target.highest))
    program.rows([(traded, effect), (misses, np.array([[1.0, -1.0]]))], low, high)


def _require_shortfall(program: _Program, target: Tail, traded: Indices, misses: Indices) -> None:
    days = len(target.before)
    whole, _ = target.place
    threshold = program.columns(1, low=-np.inf)
    beyond = program.columns(days)
    ones = np.ones((days, 1))
    moved = [(traded, _by_day(target)), (threshold, ones), (beyond, np.eye(days))]
    program.rows(moved, low=-target.before / target.unit)
    mean = np.full((1, days), 1.0 / (whole + 1))
    loss = [(threshold, np.ones((1, 1))), (beyond, mean), (misses, np.array([[0.0, -1.0]]))]
    program.rows(loss, high=target.highest / target.unit)


def _require_var(
    program: _Program, target: Tail, traded: Indices, misses: Indices, task: Task
) -> None:
    if task.exceptions is None:
        low, high = _quantiles_of_choice(program, target, traded, task)
    else:
        low, high = (
            _quantile_but(program, target, traded, exceptions)
            for exceptions in target.exceptions(task.exceptions)
        )
    _, part = target.place
    weights = [(low, np.full((1, 1), 1.0 - part)), (high, np.full((1, 1), part))]
    rows = [*weights, (misses, np.array([[0.0, 1.0]]))]
    program.rows(rows, low=-target.highest / target.unit)


def _quantile_but(
    program: _Program, target: Tail, traded: Indices, exceptions: BoolArray
) -> Indices:
    """A new column that is not above the P&L of any day but the exceptions."""
    quantile = program.columns(1, low=-np.inf)
    days = ~exceptions
    minus = -np.ones((int(days.sum()), 1))
    rows = [(traded, _by_day(target)[days]), (quantile, minus)]
    program.rows(rows, low=-target.before[days] / target.unit)
    return quantile


def _quantiles_of_choice(
    program: _Program, target: Tail, traded: Indices, task: Task
) -> tuple[Indices, Indices]:
    """New columns a <= -L <= b, with k and k + 1 days of the program's choice below them.

    Where both quantiles are above -L, or both below, lowering or raising them to it changes nothing
    about which lots keep to the VaR. The exceptions of a are among those of b.
    """
    lower, upper = reach(target, task)
    whole, _ = target.place
    bound = -target.highest
    largest = max(float(np.sort(upper)[min(whole + 1, len(upper) - 1)]), bound)
    low = program.columns(1, low=-np.inf, high=bound / target.unit)
    high = program.columns(1, low=bound / target.unit, high=largest / target.unit)
    below_low = _chosen(program, target, traded, low, bound - lower, whole)
    below_high = _chosen(program, target, traded, high, largest - lower, whole + 1)
    each = np.eye(len(lower))
    program.rows([(below_high, each), (below_low, -each)], low=0.0)
    return low, high


def _chosen(
    program: _Program,
    target: Tail,
    traded: Indices,
    quantile: Indices,
    beyond: FloatArray,
    most: int,
) -> Indices:
    """New binaries, one for each day: at most so many days fall below the quantile.

    `beyond`: (days,) by how much each can; those that cannot are none.
    """
    reach = np.maximum(beyond, 0.0) / target.unit
    chosen = program.columns(len(reach), high=(reach > 0.0).astype(np.float64), whole=True)
    minus = -np.ones((len(reach), 1))
    rows = [(traded, _by_day(target)), (quantile, minus), (chosen, np.diag(reach))]
    program.rows(rows, low=-target.before / target.unit)
    program.rows([(chosen, np.ones((1, len(reach))))], high=float(most))
    return chosen


def _by_day(target: Tail) -> Matrix:
    """(days, bought and sold) in units of the measure."""
    effect = target.effect.T / target.unit
    return np.concatenate([effect, -effect], axis=1)


def reach(target: Tail, task: Task) -> tuple[FloatArray, FloatArray]:
    """(days,) the lowest and highest P&L of each day that the bounds and the dollars allow."""
    lots = task.lots
    moves = np.array([target.effect.T * lots.lowest, target.effect.T * lots.highest])
    for_dollars = np.zeros(len(target.before))
    if np.isfinite(task.most):
        for_dollars = task.most * np.abs(target.effect.T / lots.cost).max(axis=1, initial=0.0)
    else:
        for_dollars += np.inf
    down = np.minimum(-moves.min(axis=0).sum(axis=1), for_dollars)
    up = np.minimum(moves.max(axis=0).sum(axis=1), for_dollars)
    return target.before - down, target.before + up
