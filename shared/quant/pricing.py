"""One door for European and American options: each contract by its own style of exercise."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.arrays import BoolArray, FloatArray
from shared.quant.american import SolvedAmerican, american_prices, american_values
from shared.quant.black_scholes import OptionColumns, OptionValues
from shared.quant.dividends import CashDividends, european_prices, european_values


def prices(
    options: OptionColumns, american: ArrayLike, dividends: CashDividends | None = None
) -> FloatArray:
    """The value of every option per share; `american`: it may be exercised before expiry.

    `american` broadcasts against the options. With `dividends` (one row per contract, options of
    shape (n,)) European options follow the escrowed model, and the spot of American ones falls by
    each of them. At or past expiry the value is intrinsic.
    """
    may_exercise = np.broadcast_to(np.asarray(american, dtype=np.bool_), options.strike.shape)
    if may_exercise.all():
        return american_prices(options, dividends)
    result = european_prices(options, dividends)
    if may_exercise.any():
        early = None if dividends is None else dividends.take(may_exercise)
        result[may_exercise] = american_prices(options.take(may_exercise), early)
    return result


@dataclass(frozen=True)
class SolvedPrices:
    """Options of both styles to be priced at many spots: what no spot changes is solved once.

    Arrays of n contracts. `dividends` are dollars at every spot, up to half of it; `within` is what
    they are at the contracts' own spots. `place`: of a contract among the `solved`.
    """

    options: OptionColumns
    american: BoolArray
    dividends: CashDividends | None
    within: CashDividends | None
    solved: SolvedAmerican
    place: NDArray[np.intp]

    @classmethod
    def of(
        cls, options: OptionColumns, american: BoolArray, dividends: CashDividends | None = None
    ) -> Self:
        """For options of shape (n,), at spots around which they will be priced."""
        within = None if dividends is None else dividends.within_spot(options)
        early = None if within is None else within.take(american)
        solved = SolvedAmerican.of(options.take(american), early)
        return cls(options, american, dividends, within, solved, np.cumsum(american) - 1)

    def at(self, rows: NDArray[np.intp], spots: FloatArray) -> FloatArray:
        """Values per share of the contracts at `rows` (repeated as they are) at `spots`."""
        options = replace(self.options.take(rows), underlying_price=spots)
        early = self.american[rows]
        paid: CashDividends | None = None
        if self.dividends is not None and self.within is not None:
            paid = self.dividends.take(rows).within_spot(options)
            early = early & (paid.amount == self.within.amount[rows]).all(axis=1)
        found = np.zeros(rows.size)
        found[early] = self.solved.at(self.place[rows[early]], spots[early])
        other = ~early
        if other.any():
            rest = None if paid is None else paid.take(other)
            found[other] = prices(options.take(other), self.american[rows[other]], rest)
        return found


def values(
    options: OptionColumns, american: ArrayLike, dividends: CashDividends | None = None
) -> OptionValues:
    """The value and the five Greeks of every option, with the arguments of `prices`."""
    may_exercise: BoolArray = np.broadcast_to(
        np.asarray(american, dtype=np.bool_), options.strike.shape
    )
    if may_exercise.all():
        return american_values(options, dividends)
    result = european_values(options, dividends)
    if may_exercise.any():
        early = None if dividends is None else dividends.take(may_exercise)
        result.fill(may_exercise, american_values(options.take(may_exercise), early))
    return result
