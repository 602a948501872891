"""What the positions earned that were closed since the snapshot before."""

import numpy as np

from services.snapshots.calculations.valuation import Valuations

ClosedPosition = dict[str, str]


def closed_positions(valuations: Valuations) -> list[list[ClosedPosition]]:
    """Per snapshot the positions that are gone since the one before, with what that day made.

    As it is stored with the snapshot: P&L and the income in it, USD as text of two decimals, which
    add up to `closed_pnl`. None of a position whose P&L is not known.
    """
    found: list[list[ClosedPosition]] = [[] for _ in valuations.layout.inputs.plan.due]
    own = valuations.home == np.arange(len(valuations.home))
    gone = own & ~valuations.active & ~np.isnan(valuations.daily_pnl)
    for line in np.flatnonzero(gone).tolist():
        position = valuations.layout.positions.position_id[valuations.position[line]]
        found[valuations.due[line]].append(
            {
                "position_id": str(position),
                "daily_pnl": f"{valuations.daily_pnl[line]:.2f}",
                "income": f"{valuations.earned.income[line]:.2f}",
            }
        )
    return found
