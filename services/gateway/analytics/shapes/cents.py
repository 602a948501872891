"""Amounts in whole cents that add up to what their exact amounts add up to."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from math import floor, fsum

CENT = Decimal("0.01")
# A hundred times a float and the digits that it is written with differ by less than a fourth of
# this share of it: each of the two is rounded once, to 53 binary digits.
_PRECISION = 1e-15
_LEAST = 1e-9  # cents
_LARGEST = 1e12  # USD; a hundredth of a cent is lost in what is larger


def cents_adding_up(amounts: Sequence[float | Decimal]) -> list[Decimal]:
    """The amounts in whole cents that add up to the exact sum.

    The largest remainders are rounded up.
    """
    return [cents * CENT for cents in whole_cents(amounts)]


def whole_cents(amounts: Sequence[float | Decimal]) -> list[int]:
    """The same as numbers of cents.

    Of the digits that each amount is written with as a float. Decimals that long are taken only for
    what binary fractions leave open: a book has thousands of amounts.
    """
    given = [float(amount) for amount in amounts]
    sizes = [abs(amount) for amount in given]
    if not max(sizes, default=0.0) < _LARGEST:
        return _exactly(given)
    near = 100.0 * max(sizes, default=0.0) * _PRECISION + _LEAST
    down: list[int] = []
    remainders: list[float] = []
    for amount in given:
        scaled = 100.0 * amount
        low = floor(scaled)
        remainder = scaled - low
        if not near < remainder < 1.0 - near:
            low, remainder = _split(amount)
        down.append(low)
        remainders.append(remainder)
    total = fsum(remainders)
    if abs(total % 1.0 - 0.5) <= 100.0 * fsum(sizes) * _PRECISION + _LEAST:
        return _exactly(given)
    for place in _largest(remainders, floor(total + 0.5), given, near):
        down[place] += 1
    return down


def in_dollars(cents: int) -> float:
    """Whole cents as USD: the float that is written with two decimals."""
    return cents / 100


def _split(amount: float) -> tuple[int, float]:
    """An amount's whole cents, rounded down, and what is left of it, in cents."""
    if amount == 0.0:
        return 0, 0.0
    exact = Decimal(repr(amount)).scaleb(2)
    low = int(exact.to_integral_value(ROUND_FLOOR))
    return low, float(exact - low)


def _largest(
    remainders: Sequence[float], count: int, given: Sequence[float], near: float
) -> list[int]:
    """The places of so many largest remainders; of equal ones the first.

    `near`: what closer ones may differ by without being different.
    """
    if count == 0:
        return []
    last = sorted(remainders, reverse=True)[count - 1]
    above = [place for place, each in enumerate(remainders) if each > last + near]
    about = [place for place, each in enumerate(remainders) if abs(each - last) <= near]
    missing = count - len(above)
    if missing < len(about):
        about.sort(key=lambda place: (-_remainder(given[place]), place))
    return above + about[:missing]


def _remainder(amount: float) -> Decimal:
    exact = Decimal(repr(amount))
    return exact - exact.quantize(CENT, ROUND_FLOOR)


def _exactly(given: Sequence[float]) -> list[int]:
    exact = [Decimal(repr(amount)) for amount in given]
    down = [amount.quantize(CENT, ROUND_FLOOR) for amount in exact]
    rounded = sum(exact, Decimal(0)).quantize(CENT, ROUND_HALF_UP)
    missing = int((rounded - sum(down, Decimal(0))) / CENT)
    order = sorted(range(len(exact)), key=lambda place: (down[place] - exact[place], place))
    raised = set(order[:missing])
    return [int(low / CENT) + (place in raised) for place, low in enumerate(down)]
