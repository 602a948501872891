"""The level of a symbol's closes: where it jumps, and which jumps are true.

A close that is five times, or a fifth of, the one before is nearly always an error, unless a split
or a dividend explains it, or the level holds: an error lasts a session or two.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

import numpy as np

from services.ingest.calculations.adjusted import adjusted_closes
from services.ingest.inputs import CorporateAction
from shared.arrays import BoolArray, FloatArray

LARGEST_JUMP = 5.0
LARGE_MOVE = 0.5  # from one close to the next: true, but worth a notice
HOLDS = 3  # sessions after which a level is accepted


def levels_of(
    days: Sequence[date],
    closes: FloatArray,
    already_adjusted: BoolArray,
    actions: Sequence[CorporateAction],
) -> FloatArray:
    """One symbol's closes as multiples of the first, without what a split or dividend explains.

    `days`: n, ascending; `closes`: n, USD per share. From one day to the next a dividend counts
    only where it brings the ratio closer to 1: a wrong one explains nothing.
    """
    levels: FloatArray = closes / closes[0]
    if not actions:
        return levels
    splits = [each for each in actions if each.kind == "split"]
    ratios = [
        np.diff(np.log(adjusted_closes(days, closes, already_adjusted, known)))
        for known in (splits, actions)
    ]
    closer = np.where(np.abs(ratios[0]) <= np.abs(ratios[1]), *ratios)
    levels[1:] = np.exp(np.cumsum(closer))
    return levels


def is_jump(one: float, other: float) -> bool:
    """Whether a level that follows another is beyond `LARGEST_JUMP`."""
    return not 1.0 / LARGEST_JUMP < other / one < LARGEST_JUMP


def is_large(one: float, other: float) -> bool:
    """Whether a level that follows another has moved by `LARGE_MOVE` or more."""
    return abs(other / one - 1.0) >= LARGE_MOVE


def held_places(levels: FloatArray) -> set[int]:
    """The places of stretches without a jump that last for `HOLDS` sessions."""
    return _places(each for each in _stretches(levels) if len(each) >= HOLDS)


def plausible_places(levels: FloatArray, is_stored: BoolArray) -> set[int]:
    """The places of plausible levels; the arrays have n entries, ascending by day.

    Levels are cut into stretches without a jump. A stretch is accepted that has a stored close or
    holds; the longest one, where none is. Any other is accepted when it continues one that is.
    """
    stretches = _stretches(levels)
    sure = [each for each in stretches if len(each) >= HOLDS or is_stored[each].any()]
    accepted = sure or [max(stretches, key=len)]
    accepted = accepted + _continuing(stretches, accepted, levels)
    backward = [each[::-1] for each in reversed(stretches)]
    return _places(accepted + _continuing(backward, [each[::-1] for each in accepted], levels))


def _continuing(
    stretches: Sequence[range], accepted: Sequence[range], levels: FloatArray
) -> list[range]:
    """The stretches that continue the level of the accepted one before them."""
    found: list[range] = []
    level: float | None = None
    for stretch in stretches:
        if stretch not in accepted:
            if level is None or is_jump(level, levels[stretch[0]]):
                continue
            found.append(stretch)
        level = float(levels[stretch[-1]])
    return found


def _stretches(levels: FloatArray) -> list[range]:
    """Places cut wherever a level jumps."""
    cuts = [place for place, pair in enumerate(pairwise(levels), 1) if is_jump(*pair)]
    return [range(first, end) for first, end in pairwise([0, *cuts, len(levels)])]


def _places(stretches: Iterable[range]) -> set[int]:
    return {place for stretch in stretches for place in stretch}
