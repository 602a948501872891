"""What could not be measured about the positions of a shard."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from services.stress.inputs import Indices, ShardBook
from shared.arrays import BoolArray
from shared.caveats import Caveat, CaveatCode

Kind = tuple[CaveatCode, str]  # its code and its sentence
NO_EXPOSURE: Kind = ("no_exposure", "no price or no delta, so no exposure: left out")
NO_BETAS: Kind = ("no_betas", "no factor betas: left out of the factor shocks")
NO_RATE_SENSITIVITY: Kind = (
    "no_rate_sensitivity",
    "no rate sensitivity: left out of the rate shock",
)
NOT_REPRICED: Kind = (
    "not_repriced",
    "no volatility, rate or underlying price to reprice with: valued by delta alone",
)


@dataclass(frozen=True)
class Gaps:
    """Which positions have no exposure, betas, rate sensitivity or inputs: (positions,) flags."""

    exposure: BoolArray
    betas: BoolArray
    rate_beta: BoolArray
    inputs: BoolArray

    @classmethod
    def of(cls, book: ShardBook) -> Self:
        """The gaps of `book`; a position without exposure is counted under that alone."""
        unknown = np.isnan(book.exposure)
        by_factors = ~unknown & np.isnan(book.given)
        return cls(
            unknown,
            np.isnan(book.betas).any(axis=1) & by_factors,
            np.isnan(book.rate_beta) & by_factors,
            book.options & ~book.repriced & ~unknown,
        )

    def caveats(
        self, book: ShardBook, portfolio: int, needs_betas: bool, needs_rates: bool
    ) -> tuple[Caveat, ...]:
        """What the result of one portfolio leaves out, by what its scenario needs."""
        flags = (
            (NO_EXPOSURE, self.exposure),
            (NO_BETAS, self.betas & needs_betas),
            (NO_RATE_SENSITIVITY, self.rate_beta & needs_rates),
            (NOT_REPRICED, self.inputs),
        )
        mine = book.portfolio == portfolio
        places = [(kind, np.flatnonzero(flag & mine)) for kind, flag in flags]
        return tuple(caveat_of(kind, book, found) for kind, found in places if found.size)


def caveat_of(kind: Kind, book: ShardBook, places: Indices) -> Caveat:
    """A caveat of this (code, message) about the positions at `places`, a symbol for each."""
    return Caveat(*kind, tuple(sorted(book.symbols[int(place)] for place in places)))
