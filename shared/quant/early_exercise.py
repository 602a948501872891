"""What each method for American options finds, before the other Greeks follow from it."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class SpotValues:
    """Value with its first two derivatives by the spot, shape (n,); per share, or as noted.

    `exercised` is True where exercising now is worth as much as waiting.
    """

    price: FloatArray
    delta: FloatArray
    gamma: FloatArray
    exercised: BoolArray

    @classmethod
    def zeros(cls, size: int) -> Self:
        """`size` contracts, to be filled."""
        price, delta, gamma = np.zeros((3, size))
        return cls(price, delta, gamma, np.zeros(size, dtype=np.bool_))

    def fill(self, places: NDArray[np.intp] | slice, part: "SpotValues") -> None:
        """Overwrite the values at `places` with `part`, in their order."""
        for field in fields(self):
            getattr(self, field.name)[places] = getattr(part, field.name)
