"""What an option is valued with in place of its underlying's dividends, and where that is from.

Known corporate actions come first: the dividends of the past year are projected until expiry. Then
the yield of the securities table; else 0, which is reported as unknown.

What is regular repeats at its rhythm; a special dividend does not. A rhythm that stopped projects
nothing. Rules and reasons: `docs/decisions/0029-dividends-of-options.md`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Self

import numpy as np

from services.greeks.inputs import ContractTerms, Dividend, Market
from shared.quant.black_scholes import CALENDAR_DAYS_PER_YEAR
from shared.quant.dividends import LARGEST_SHARE

PROJECTED = "projected"
YIELD_KNOWN = "securities"
UNKNOWN = "unknown_assumed_0"
RHYTHMS = (7.0, 365.0 / 12.0, 91.0, 182.0, 364.0)  # days: weeks keep the day of the week
YEAR = 364
SPECIAL = 2.0  # times the median of the year: more is a special dividend
FEWEST_TO_JUDGE = 3  # fewer say nothing about what is usual
OVERDUE = 1.5  # rhythms after the last dividend, a further one is no longer expected
SET_AMOUNTS = 2  # a year with at most so many was declared in advance, and may have risen once


@dataclass(frozen=True)
class DividendInput:
    """A continuous yield with its source, and the cash dividends that are used in its place."""

    dividend_yield: float
    source: str
    dividends: tuple[Dividend, ...] = ()


@dataclass(frozen=True)
class DividendInputs:
    """What is known of the dividends of each underlying; `expected` until the farthest expiry."""

    market: Market
    expected: Mapping[str, Sequence[Dividend]]

    @classmethod
    def of(cls, contracts: Sequence[ContractTerms], market: Market) -> Self:
        """Projected once per underlying."""
        until: dict[str, date] = {}
        for terms in contracts:
            known = until.get(terms.underlying, terms.last_session)
            until[terms.underlying] = max(known, terms.last_session)
        return cls(
            market,
            {
                symbol: expected_dividends(paid, market.as_of, until[symbol])
                for symbol, paid in market.dividends.items()
                if symbol in until
            },
        )

    def of_contract(
        self, terms: ContractTerms, spot: float, rate: float, discrete: bool
    ) -> DividendInput:
        """Of one contract that has not expired; `discrete`: its model takes cash dividends."""
        if terms.underlying not in self.expected:
            known = self.market.dividend_yields.get(terms.underlying)
            if known is None:
                return DividendInput(0.0, UNKNOWN)
            return DividendInput(known, YIELD_KNOWN)
        expected = [
            each for each in self.expected[terms.underlying] if each.ex_date <= terms.last_session
        ]
        worth = _worth(expected, self.market.as_of, rate)
        share = min(1.0, LARGEST_SHARE * spot / worth) if expected else 1.0
        equivalent = -math.log1p(-share * worth / spot) / terms.years_left(self.market.as_of)
        cut = tuple(replace(each, amount=share * each.amount) for each in expected)
        return DividendInput(equivalent, PROJECTED, cut if discrete else ())


def _worth(dividends: Sequence[Dividend], as_of: date, rate: float) -> float:
    """Present value in USD per share."""
    return sum(
        each.amount * math.exp(-rate * (each.ex_date - as_of).days / CALENDAR_DAYS_PER_YEAR)
        for each in dividends
    )


@dataclass(frozen=True)
class _Pattern:
    """Regular dividends, ascending, with the days between two of them."""

    paid: Sequence[Dividend]
    days: float

    def amount(self, season: Dividend) -> float:
        """The newest of a set amount, else that of the same season."""
        amounts = {dividend.amount for dividend in self.paid}
        return self.paid[-1].amount if len(amounts) <= SET_AMOUNTS else season.amount

    def season(self, day: date) -> Dividend | None:
        """The dividend nearest to some years before `day`; None: none within half a rhythm."""
        near = min(self.paid, key=lambda dividend: abs(_years_apart(dividend.ex_date, day)))
        return near if abs(_years_apart(near.ex_date, day)) < 0.5 * self.days else None


def expected_dividends(paid: Sequence[Dividend], as_of: date, until: date) -> tuple[Dividend, ...]:
    """The dividends after `as_of`, up to and including `until`, ascending; empty when none.

    `paid`: those of the past year, in USD per share of `as_of`; the order does not matter, and what
    lies after `as_of` is not looked at. Dates are a year after those of the year before where there
    is one at that season, else a rhythm after the last one. One that is overdue is expected on the
    next day.
    """
    known = sorted(each for each in paid if each.ex_date <= as_of and each.amount > 0.0)
    regular = _regular(known)
    if not regular:
        return ()
    pattern = _Pattern(regular, _rhythm(regular))
    last = _last_of_rhythm(known, pattern)
    if (as_of - last).days > OVERDUE * pattern.days:
        return ()
    expected = []
    for number in range(1, int((until - last).days / pattern.days) + 3):
        nominal = last + timedelta(days=round(number * pattern.days))
        season = pattern.season(nominal)
        amount = pattern.amount(season or pattern.paid[-1])
        seasonal = nominal if season is None else _a_year_on(season.ex_date, nominal)
        expected.append(Dividend(max(seasonal, as_of + timedelta(days=1)), amount))
    return tuple(each for each in _distinct(expected) if each.ex_date <= until)


def _regular(paid: Sequence[Dividend]) -> list[Dividend]:
    """Without the special ones."""
    if len(paid) < FEWEST_TO_JUDGE:
        return list(paid)
    usual = float(np.median([dividend.amount for dividend in paid]))
    return [dividend for dividend in paid if dividend.amount <= SPECIAL * usual]


def _rhythm(paid: Sequence[Dividend]) -> float:
    """The nearest usual number of days to the median gap; a single dividend is a yearly one."""
    if len(paid) == 1:
        return RHYTHMS[-1]
    gap = float(np.median(np.diff([each.ex_date.toordinal() for each in paid])))
    return min(RHYTHMS, key=lambda days: max(days / gap, gap / days))


def _last_of_rhythm(paid: Sequence[Dividend], pattern: _Pattern) -> date:
    """The last regular ex-date, or a later one on which a special was paid along with it."""
    last = pattern.paid[-1].ex_date
    for dividend in paid:
        if abs((dividend.ex_date - last).days - pattern.days) < 0.5 * pattern.days:
            last = max(last, dividend.ex_date)
    return last


def _years_apart(earlier: date, later: date) -> int:
    """Days by which the two miss a whole number of years, at least one; signed."""
    days = (later - earlier).days
    return days - max(round(days / YEAR), 1) * YEAR


def _a_year_on(ex_date: date, nominal: date) -> date:
    """The same day of the week, as many years later as come nearest to `nominal`."""
    return nominal - timedelta(days=_years_apart(ex_date, nominal))


def _distinct(expected: Sequence[Dividend]) -> list[Dividend]:
    """One dividend per ex-date."""
    return sorted({dividend.ex_date: dividend for dividend in expected}.values())
