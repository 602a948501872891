"""American options with cash dividends: the spot falls by each dividend on its ex-date.

Between ex-dates the spot follows geometric Brownian motion with the option's volatility; on an
ex-date it falls by the dividend in full (the "spot" model of cash dividends). Values are rolled
back from expiry on nodes that are equally spaced in the logarithm of the spot (`lattice_grid`):

- Between two dates of exercise the step is normal and exact: the cosine series through the nodes is
  damped term by term (Fang & Oosterlee (2008), "A novel pricing method for European options based
  on Fourier-cosine series expansions", SIAM Journal on Scientific Computing 31(2)). The drift moves
  the nodes. Few nodes therefore do, and a call without a yield needs one step an ex-date.
- On an ex-date values are read from the nodes of the next interval, each interval having its own:
  as wide as the spot can move until then, around the forward (`lattice_schedule`).
- A call without a yield is exercised just before an ex-date or never; a put in the time before an
  ex-date in which the interest on its strike is worth more than the dividend. There exercise is
  possible on some dates, and pays on each a quarter more of what it earns in a step: that takes off
  the error of first order in the steps (`lattice_leg`).
- Where a payoff or a choice of the holder has a kink between two nodes, these get what the sum over
  the nodes would miss of its integral.

How far it is from QuantLib's finite differences:
`docs/decisions/0079-the-spot-falls-by-its-dividends.md`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from shared.arrays import ArrayColumns, BoolArray, FloatArray
from shared.quant.black_scholes import OptionColumns
from shared.quant.dividends import CashDividends
from shared.quant.early_exercise import SpotValues
from shared.quant.lattice_grid import Places, Reading, families
from shared.quant.lattice_leg import Leg
from shared.quant.lattice_schedule import NARROWEST, Schedule, deviation, exercised_any_day

NODES = np.array([48, 96, 128])
NODES_OF_DIFFERENCES = 32
NODES_SHARED = 192  # where spots as far as `REACH_SHARED` away are read as well
REACH_SHARED = 0.4  # as a logarithm
SPARE = 2.5  # nodes from the middle that can be read in any case
FEWEST_DATES = 4.0
MOST_DATES = 256.0
BLOCK = 256  # contracts rolled back together: their working arrays stay near the processor
UNCLEAR = 1e-7  # of the strike: what is nearer to the exercise value is exercised


@dataclass(frozen=True)
class Mesh(ArrayColumns):
    """How fine the lattice of each contract is, (n,).

    `dates`: how many dates of exercise, if it may pay until expiry; `nodes`: how many nodes.
    """

    dates: FloatArray
    nodes: Places

    @classmethod
    def of(cls, options: OptionColumns) -> Self:
        """As fine as an error below a cent needs: it grows with the dollars that are at stake."""
        years = np.maximum(options.years_to_expiry, 0.0)
        spread = np.nan_to_num(deviation(options, years))
        earning = np.maximum(np.abs(options.rate), np.abs(options.dividend_yield))
        pull = np.nan_to_num(earning * years) / np.maximum(spread, NARROWEST)
        dollars = options.strike * spread
        dates = np.clip(10.0 * np.sqrt(dollars * pull), FEWEST_DATES, MOST_DATES)
        often = np.where(exercised_any_day(options), dates, 0.0)
        wanted = np.maximum(13.5 * np.sqrt(often), 6.0 * np.sqrt(dollars))
        finest = len(NODES) - 1
        return cls(dates, NODES[np.minimum(np.searchsorted(NODES, wanted), finest)])

    def coarser(self) -> Self:
        """For differences of prices, in which most of the error cancels."""
        return type(self)(0.5 * self.dates, np.full_like(self.nodes, NODES_OF_DIFFERENCES))


@dataclass(frozen=True)
class _Grid:
    """Values now of k contracts on nodes around the spots `middle`, of calls less the spot.

    `value` (k, nodes); `spacing` of the logarithm, negative for calls; `reach`: how many nodes from
    the middle can be read.
    """

    value: FloatArray
    middle: FloatArray
    spacing: FloatArray
    reach: FloatArray


def lattice_values(options: OptionColumns, dividends: CashDividends, mesh: Mesh) -> SpotValues:
    """Values of living options of shape (n,) with cash dividends.

    Contracts that differ in their spot alone share a lattice around the first of them, as far as it
    reaches.
    """
    values = SpotValues.zeros(mesh.dates.size)
    family = families(options, dividends, mesh.dates)
    left = np.arange(mesh.dates.size)
    while left.size:
        _, first, place = np.unique(family[left], return_index=True, return_inverse=True)
        roots = left[first]
        shared = np.bincount(place) > 1
        reached = np.zeros(left.size, dtype=np.bool_)
        for block in _blocks(options.take(roots), dividends.take(roots), mesh.take(roots), shared):
            column = np.full(roots.size, -1)
            column[block] = np.arange(block.size)
            mine = np.flatnonzero(column[place] >= 0)
            some = roots[block]
            terms = options.take(some), dividends.take(some), mesh.take(some)
            grid = _grid(*terms, bool(shared[block[0]]))
            reached[mine] = _read(values, grid, options, left[mine], column[place[mine]])
        left = left[~reached]
    return values


@dataclass(frozen=True)
class Lattices:
    """One lattice per contract around its spot, to be read at other spots.

    `block` and `row`, (n,): where a contract's lattice is among the `grids`.
    """

    grids: tuple[_Grid, ...]
    block: Places
    row: Places

    @classmethod
    def of(cls, options: OptionColumns, dividends: CashDividends) -> Self:
        """For living options of shape (n,), each with a dividend that counts."""
        mesh = Mesh.of(options)
        grids: list[_Grid] = []
        number, row = np.zeros((2, mesh.dates.size), dtype=np.intp)
        shared = np.ones(mesh.dates.size, dtype=np.bool_)
        for block in _blocks(options, dividends, mesh, shared):
            number[block] = len(grids)
            row[block] = np.arange(block.size)
            grids.append(_grid(options.take(block), dividends.take(block), mesh.take(block), True))
        return cls(tuple(grids), number, row)

    def read(self, rows: Places, options: OptionColumns) -> FloatArray:
        """Prices of the contracts at `rows` with the spots of `options`; NaN out of reach."""
        values = SpotValues.zeros(rows.size)
        values.price[:] = np.nan
        for number in np.unique(self.block[rows]):
            mine = np.flatnonzero(self.block[rows] == number)
            _read(values, self.grids[number], options, mine, self.row[rows[mine]])
        return values.price


def _blocks(
    options: OptionColumns, dividends: CashDividends, mesh: Mesh, shared: BoolArray
) -> Iterator[Places]:
    """Places of contracts with as many nodes, of similar work."""
    kind = np.where(shared, 0, mesh.nodes)
    count = dividends.counted(options).sum(axis=1)
    for each in np.unique(kind):
        group = np.flatnonzero(kind == each)
        group = group[np.lexsort((mesh.dates[group], count[group]))]
        for start in range(0, group.size, BLOCK):
            yield group[start : start + BLOCK]


def _read(
    values: SpotValues, grid: _Grid, options: OptionColumns, places: Places, row: Places
) -> BoolArray:
    """Write the values of the contracts at `places` from rows of a grid; False out of reach."""
    nodes = np.log(options.underlying_price[places] / grid.middle[row]) / grid.spacing[row]
    reached = np.abs(nodes) <= grid.reach[row]
    places = places[reached]
    row = row[reached]
    reading = Reading.of(grid.value, row, nodes[reached] + 0.5 * (grid.value.shape[1] - 1))
    call = options.call[places]
    sign = np.where(call, 1.0, -1.0)
    spot = options.underlying_price[places]
    payoff = np.maximum(sign * (spot - options.strike[places]), 0.0)
    price = reading.value + call * spot
    exercised = (payoff > 0.0) & (price <= payoff + UNCLEAR * options.strike[places])
    slope = reading.slope / grid.spacing[row]
    bend = reading.curvature / grid.spacing[row] ** 2 - slope
    values.price[places] = np.where(exercised, payoff, price)
    values.delta[places] = np.where(exercised, sign, slope / spot + call)
    values.gamma[places] = np.where(exercised, 0.0, np.maximum(bend / spot**2, 0.0))
    values.exercised[places] = exercised
    return reached


def _grid(options: OptionColumns, dividends: CashDividends, mesh: Mesh, shared: bool) -> _Grid:
    """The lattices of one block, rolled back to now."""
    nodes = NODES_SHARED if shared else int(mesh.nodes[0])
    reach = REACH_SHARED if shared else 0.0
    schedule = Schedule.of(options, dividends, mesh.dates, reach)
    value = np.zeros((mesh.dates.size, nodes))
    for interval in range(len(schedule.years) - 1, -1, -1):
        rows = np.flatnonzero(schedule.dividends >= interval)
        rows = rows[np.argsort(-schedule.dates[interval, rows], kind="stable")]
        leg = Leg.of(options.take(rows), schedule, interval, rows, nodes)
        last = schedule.dividends[rows] == interval
        if last.all():
            end = leg.at_expiry()
        else:
            end = leg.before_dividend(value[rows], schedule, interval, rows)
            if last.any():
                end[last] = leg.at_expiry()[last]
        value[rows] = leg.rolled_back(end)
    spacing = schedule.half[0] * np.where(options.call, -2.0, 2.0) / nodes
    room = np.floor(reach / np.abs(spacing)) + SPARE
    return _Grid(value, options.underlying_price, spacing, room)
