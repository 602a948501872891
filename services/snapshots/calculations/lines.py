"""Which positions count for which snapshots."""

from dataclasses import dataclass

import numpy as np

from services.snapshots.calculations.layout import Days, Layout
from shared.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Lines:
    """One line per snapshot due and span of a position held at some time since the one before it.

    `due` and `position` are places in the plan and in the layout's positions; `session` and
    `previous` are the snapshot's. `active`: held at the session's end; the others ended since the
    previous snapshot. `held_before`: held at the previous snapshot's end already. `home`: the line
    that represents the lot in the snapshot: the active one while some of it is held, else the last.
    """

    due: IntArray
    position: IntArray
    session: Days
    previous: Days
    active: BoolArray
    held_before: BoolArray
    home: IntArray

    @classmethod
    def of(cls, layout: Layout) -> "Lines":
        """Every snapshot with the spans that last, or ended since the one before."""
        due, position = _pairs(layout)
        session = layout.session[due]
        previous = layout.previous[due]
        begun = layout.positions.from_day[position]
        ended = layout.positions.until_day[position]
        active = (begun <= session) & (np.isnat(ended) | (ended > session))
        kept = active | ((ended > previous) & (ended <= session))
        return cls(
            due[kept],
            position[kept],
            session[kept],
            previous[kept],
            active[kept],
            (begun <= previous)[kept],
            _homes(layout, due[kept], position[kept], active[kept]),
        )

    def gathered(self, values: FloatArray) -> FloatArray:
        """The values of each lot's lines, summed on its home line; 0 on the others.

        What is not known is left out; NaN where nothing of a lot is known.
        """
        known = np.isfinite(values)
        total = np.bincount(self.home, np.where(known, values, 0.0), minlength=len(values))
        found = np.bincount(self.home, known, minlength=len(values))
        own = self.home == np.arange(len(values))
        return np.where(own & (found == 0), np.nan, total)


def _pairs(layout: Layout) -> tuple[IntArray, IntArray]:
    portfolio = layout.portfolio
    first = np.searchsorted(layout.positions.portfolio, portfolio, side="left")
    count = np.searchsorted(layout.positions.portfolio, portfolio, side="right") - first
    due = np.repeat(np.arange(len(portfolio)), count)
    within = np.arange(len(due)) - np.repeat(np.cumsum(count) - count, count)
    return due, np.repeat(first, count) + within


def _homes(layout: Layout, due: IntArray, position: IntArray, active: BoolArray) -> IntArray:
    lots = len(layout.positions.position_id)
    found, place = np.unique(due * lots + layout.positions.lot[position], return_inverse=True)
    home = np.empty(len(found), dtype=np.int64)
    home[place] = np.arange(len(due))
    home[place[active]] = np.flatnonzero(active)
    return home[place]
