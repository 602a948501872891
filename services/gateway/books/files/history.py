"""What is known of the prices and splits of a file's symbols."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from math import prod


@dataclass(frozen=True)
class PriceHistory:
    """What is known of the symbols of a file.

    `closes`: as traded, USD per share of the day itself, by symbol and day. `splits`: by symbol,
    ex-date and ratio (new shares per old one), ascending.
    """

    closes: Mapping[tuple[str, date], Decimal] = field(default_factory=dict)
    splits: Mapping[str, Sequence[tuple[date, Decimal]]] = field(default_factory=dict)

    def shares(self, symbol: str, day: date) -> float:
        """How many shares of the day one share of long ago is."""
        splits = self.splits.get(symbol, ())
        until = bisect_right([ex_date for ex_date, _ in splits], day)
        return prod(float(ratio) for _, ratio in splits[:until])
