"""What is known of the prices and splits of a file's symbols."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property


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
        ex_dates, products = self._products.get(symbol, _NO_SPLITS)
        return products[bisect_right(ex_dates, day)]

    @cached_property
    def _products(self) -> dict[str, tuple[list[date], list[float]]]:
        """By symbol the ex-dates, and the shares before the first and since each of them."""
        found = {}
        for symbol, splits in self.splits.items():
            products = [1.0]
            for _, ratio in splits:
                products.append(products[-1] * float(ratio))
            found[symbol] = ([ex_date for ex_date, _ in splits], products)
        return found


_NO_SPLITS: tuple[list[date], list[float]] = ([], [1.0])
