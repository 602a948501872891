"""The grid of a book: spot x relative volatility x days forward, with its break-evens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from services.stress.calculations.repricing import States
from services.stress.calculations.sizes import require_size
from services.stress.calculations.surface import Moved, Surface, points
from services.stress.inputs import Indices
from shared.arrays import FloatArray
from shared.caveats import Caveat
from shared.quant.roots import bracketed_roots

LEAST = 0.005  # USD: less than half a cent is zero


@dataclass(frozen=True)
class Axes:
    """Ascending: decimal moves of spot, relative changes of implied volatility, calendar days.

    `by_tenor`: a change of volatility is that of the one-month one, and longer tenors move less, as
    in scenarios; else every implied volatility takes all of it.
    """

    spots: Sequence[float]
    volatilities: Sequence[float]
    days: Sequence[int]
    by_tenor: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """(days, volatilities, spots)."""
        return len(self.days), len(self.volatilities), len(self.spots)


@dataclass(frozen=True)
class Grid:
    """P&L in US dollars, whole cents: (days, volatilities, spots).

    `options_pnl`: what options make of `pnl`. `break_evens`: (days, volatilities) lists of the
    moves of spot at which P&L is zero, ascending. `coverage`: share (0..1) of gross exposure in the
    totals, NaN without any.
    """

    pnl: FloatArray
    options_pnl: FloatArray
    break_evens: Sequence[Sequence[Sequence[float]]]
    coverage: float
    caveats: tuple[Caveat, ...]

    def at_volatility(self, place: int) -> "Grid":
        """The part of the grid at one of its volatilities."""
        return replace(
            self,
            pnl=self.pnl[:, [place]],
            options_pnl=self.options_pnl[:, [place]],
            break_evens=[[row[place]] for row in self.break_evens],
        )


def grid(moved: Moved, axes: Axes) -> Grid:
    """The book at every point of the axes.

    Break-evens are between the lowest and the highest move: wherever P&L changes sign between two
    neighbouring points of the axis, and the points at which it is zero. Raises `TooLarge` beyond
    the sizes of `require_size`.
    """
    require_size(moved.holdings.book, len(axes.spots), len(axes.volatilities), len(axes.days))
    days, volatilities = points(axes.days, axes.volatilities)
    states = States(np.zeros(len(days)), volatilities, days.astype(np.float64), axes.by_tenor)
    surface = Surface.of(moved, states)
    moves = np.array(axes.spots, dtype=np.float64)
    state, place = (each.astype(np.intp) for each in points(range(len(days)), range(len(moves))))
    found = surface.totals(state, moves[place])
    zeros = _break_evens(surface, moves, found.all.reshape(len(days), len(moves)))
    across = len(axes.volatilities)
    return Grid(
        pnl=found.all.reshape(axes.shape),
        options_pnl=found.options.reshape(axes.shape),
        break_evens=[zeros[start : start + across] for start in range(0, len(zeros), across)],
        coverage=moved.coverage,
        caveats=moved.caveats(moves),
    )


def _break_evens(surface: Surface, moves: FloatArray, pnl: FloatArray) -> list[list[float]]:
    """By state, the moves at which its row of `pnl` (states, moves) is zero."""
    zero = pnl == 0.0
    # Where P&L is zero along a stretch, such as that of a book without positions, its ends count.
    beside = np.pad(zero, ((0, 0), (1, 1)), constant_values=True)
    alone = zero & ~(beside[:, :-2] & beside[:, 2:])
    alone |= zero & (len(moves) == 1)
    found = [moves[row].tolist() for row in alone]
    state, low = np.nonzero(pnl[:, :-1] * pnl[:, 1:] < 0.0)
    for row, root in zip(state.tolist(), _roots(surface, moves, pnl, (state, low)), strict=True):
        found[row].append(root)
    return [sorted(each) for each in found]


def _roots(
    surface: Surface, moves: FloatArray, pnl: FloatArray, brackets: tuple[Indices, Indices]
) -> list[float]:
    """One root in each bracket: (state, place of the lower move)."""
    state, low = brackets
    if not state.size:
        return []

    sign = np.sign(pnl[state, low + 1])  # the finder wants functions that rise

    def excess(at: FloatArray, places: Indices) -> FloatArray:
        amounts = sign[places] * surface.totals(state[places], at, cents=False).all
        return np.where(np.abs(amounts) < LEAST, 0.0, amounts)

    below = sign * pnl[state, low]
    above = sign * pnl[state, low + 1]
    found = bracketed_roots(excess, moves[low], below, moves[low + 1], above)
    roots: list[float] = found.tolist()
    return roots
