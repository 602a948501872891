"""Which quotes of a long chain a smile is of."""

import math
from collections.abc import Sequence
from datetime import date


def nearest_the_money(
    strikes: Sequence[tuple[date, float]], spot: float | None, most: int
) -> list[int]:
    """The places, ascending, of at most `most` quotes, as many of each expiry.

    `strikes`: expiry and strike of each quote. Of an expiry those with the strikes nearest to
    `spot` count, by the size of ln(strike / spot); without a price, the first ones.
    """
    by_expiry: dict[date, list[int]] = {}
    for place, (expiry, _) in enumerate(strikes):
        by_expiry.setdefault(expiry, []).append(place)
    each = most // max(len(by_expiry), 1)

    def distance(place: int) -> float:
        return 0.0 if spot is None else abs(math.log(strikes[place][1] / spot))

    kept = [place for found in by_expiry.values() for place in sorted(found, key=distance)[:each]]
    return sorted(kept)
