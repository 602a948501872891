"""Profit and loss of a book anywhere on the axes of spot, volatility and days.

One move of spot moves every underlying at once: by the same return (`parallel`), or by its market
beta x the return of SPY (`beta_weighted`). Stock earns exposure x return, as in scenarios, down to
a price of zero. Options are repriced in full; what no spot changes (exercise boundaries, lattices)
is solved once for each contract, volatility and date. A position's amount is in whole cents, and
totals are their sums. A loss is negative.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

import numpy as np

from services.stress.calculations.gaps import NO_BETAS, NO_EXPOSURE, NOT_REPRICED, caveat_of
from services.stress.calculations.repricing import Later, States
from services.stress.calculations.valuation import AT_ZERO
from services.stress.inputs import MARKET, Holdings, Indices
from shared.arrays import BoolArray, FloatArray
from shared.caveats import Caveat
from shared.quant.cents import whole_cents
from shared.quant.pricing import SolvedPrices

SpotMode = Literal["beta_weighted", "parallel"]


@dataclass(frozen=True)
class Moved:
    """The positions of one portfolio, and how far each underlying goes where spot moves by 1.

    `weight`: (positions,) 1 in parallel, the market beta when beta-weighted; NaN: not known.
    """

    holdings: Holdings
    weight: FloatArray

    @classmethod
    def of(cls, holdings: Holdings, mode: SpotMode) -> Self:
        """All of the holdings; beta-weighted by the market-relative betas of the session."""
        book = holdings.book
        if mode == "parallel":
            return cls(holdings, np.ones(len(book.exposure)))
        return cls(holdings, book.betas[:, holdings.factors.ids.index(MARKET)])

    @cached_property
    def known(self) -> BoolArray:
        """(positions,) False where the exposure or the weight is missing: in no total."""
        known: BoolArray = ~np.isnan(self.holdings.book.exposure) & ~np.isnan(self.weight)
        return known

    @cached_property
    def repriced(self) -> BoolArray:
        """(positions,) options in the totals that are repriced; the others count by exposure."""
        repriced: BoolArray = self.holdings.book.repriced & self.known
        return repriced

    @property
    def coverage(self) -> float:
        """Share (0..1) of gross exposure that is in the totals, NaN without gross exposure."""
        gross = np.abs(np.nan_to_num(self.holdings.book.exposure))
        with np.errstate(invalid="ignore"):
            return float(np.divide(gross[self.known].sum(), gross.sum()))

    def caveats(self, moves: FloatArray) -> tuple[Caveat, ...]:
        """What the totals leave out, value by delta alone, or stop at a price of zero."""
        book = self.holdings.book
        exposed = ~np.isnan(book.exposure)
        lowest = np.nan_to_num(self.weight[:, None] * moves).min(axis=1, initial=0.0)
        flags = (
            (NO_EXPOSURE, ~exposed),
            (NO_BETAS, exposed & ~self.known),
            (NOT_REPRICED, book.options & ~book.repriced & self.known),
            (AT_ZERO, self.known & (lowest < -1.0)),
        )
        found = [(kind, np.flatnonzero(flag)) for kind, flag in flags]
        return tuple(caveat_of(kind, book, places) for kind, places in found if places.size)


@dataclass(frozen=True)
class Totals:
    """Dollars at each point, (points,): of all positions, and of the options among them."""

    all: FloatArray
    options: FloatArray


@dataclass(frozen=True)
class Surface:
    """A book solved at some states of the market, to be valued at any move of spot.

    `row`: (contracts, states) the place of a living contract among the `solved`, -1 where it is
    not; `now`: (contracts,) its value today; `later`: the solved contracts.
    """

    moved: Moved
    row: Indices
    now: FloatArray
    later: Later
    solved: SolvedPrices

    @classmethod
    def of(cls, moved: Moved, states: States) -> Self:
        """The states are those whose index `totals` takes."""
        contracts = moved.holdings.book.contracts
        living = np.flatnonzero(contracts.living)
        count = len(states.days) + 1  # the last one is today's
        every = states.followed_by(States.still(1))
        chosen = np.repeat(living, count)
        later = Later.of(contracts, chosen, every.take(np.tile(np.arange(count), living.size)))
        spots = later.spots(np.zeros(chosen.size))
        options, _ = later.moved(np.zeros(chosen.size))
        solved = SolvedPrices.of(options, later.american, later.dividends)
        row = np.full((len(contracts.symbols), count), -1, dtype=np.intp)
        row[living] = np.arange(chosen.size).reshape(living.size, count)
        now = np.full(len(contracts.symbols), np.nan)
        now[living] = solved.at(row[living, -1], spots[row[living, -1]])
        return cls(moved, row[:, :-1], now, later, solved)

    def totals(self, state: Indices, moves: FloatArray, cents: bool = True) -> Totals:
        """At each point, (points,) a state and a move of spot; in whole `cents` by position."""
        book = self.moved.holdings.book
        rounded = whole_cents if cents else np.asarray
        linear = self.moved.known & ~self.moved.repriced
        distinct, place = np.unique(moves, return_inverse=True)
        amounts = rounded(self._linear(linear, distinct))[:, place]
        options = amounts[book.options[linear]].sum(axis=0)
        units = book.units[self.moved.repriced, None]
        held = book.contract[self.moved.repriced]
        repriced = rounded(units * self._changes(state, moves)[held]).sum(axis=0)
        total = amounts.sum(axis=0) + repriced
        return Totals(rounded(total), rounded(options + repriced))

    def _linear(self, chosen: BoolArray, moves: FloatArray) -> FloatArray:
        """(chosen positions, moves) exposure x return, all of the exposure at the lowest."""
        exposure = self.moved.holdings.book.exposure[chosen, None]
        weight = self.moved.weight[chosen, None]
        # In the order in which scenarios multiply, so that both give the same cents.
        return np.where(weight * moves < -1.0, -exposure, exposure * weight * moves)

    def _changes(self, state: Indices, moves: FloatArray) -> FloatArray:
        """(contracts, points) dollars per share; 0 for what is settled today."""
        book = self.moved.holdings.book
        weight = self.moved.weight[book.holder_of()] if len(self.now) else np.zeros(0)
        changes = np.zeros((len(self.now), moves.size))
        living = np.flatnonzero((self.row >= 0).any(axis=1) & ~np.isnan(weight))
        if not living.size:
            return changes
        rows = self.row[living][:, state]
        returns = weight[living, None] * moves
        later = self.later.take(rows.ravel())
        values = self.solved.at(rows.ravel(), later.spots(returns.ravel())).reshape(rows.shape)
        changes[living] = values - self.now[living, None]
        return book.contracts.bounded(changes)


def points(*axes: Sequence[float]) -> list[FloatArray]:
    """Every combination of the axes, the last one fastest: one array per axis."""
    return [each.ravel() for each in np.meshgrid(*map(np.asarray, axes), indexing="ij")]
