"""Strikes of contracts that were split, in SQL."""

from decimal import Decimal

from sqlalchemy import ColumnElement, Integer, String, case, cast, func

from shared.instruments import (
    LARGEST_STRIKE,
    OCC_STRIKE_DIGITS,
    SMALLEST_STRIKE,
    SPLIT_STRIKE_DECIMALS,
    STRIKE_DECIMALS,
    STRIKE_STEP,
)

Strike = ColumnElement[Decimal]


def listed_strike(
    strike: Strike, factor: ColumnElement[Decimal], is_earlier: ColumnElement[bool]
) -> Strike:
    """A strike as exchanges list it on the other side of splits: USD per share.

    `factor`: shares of that day for one of the day the strike is given on; `is_earlier`: whether
    that day is the earlier one. Later, it is rounded to the cent, halves up, as the Options
    Clearing Corporation does; earlier, it is the one in steps of half a dollar that became this
    one, else exact to three decimals. Always one that a symbol can name.
    """
    exact = strike / factor
    stepped = func.round(exact / STRIKE_STEP) * STRIKE_STEP
    became_it = _to_the_cent(stepped * factor) == _to_the_cent(strike)
    earlier = case((became_it, stepped), else_=func.round(exact, 3))
    listed = case((is_earlier, earlier), else_=_to_the_cent(exact))
    return func.least(func.greatest(listed, SMALLEST_STRIKE), LARGEST_STRIKE)


def occ_digits(strike: Strike) -> ColumnElement[str]:
    """The strike as the last eight digits of a symbol."""
    return func.lpad(cast(cast(strike * 1000, Integer), String), OCC_STRIKE_DIGITS, "0")


def _to_the_cent(strike: Strike) -> Strike:
    """The same as `split_strike`."""
    return func.round(func.round(strike, STRIKE_DECIMALS), SPLIT_STRIKE_DECIMALS)
