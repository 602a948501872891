"""Amounts in whole cents add up to the rounded sum of the exact ones."""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from services.gateway.analytics.shapes.cents import cents_adding_up, in_dollars, whole_cents

CENT = Decimal("0.01")
IN_CENTS = st.integers(-(10**9), 10**9).map(lambda cents: cents / 100)
IN_TENTHS = st.integers(-(10**9), 10**9).map(lambda tenths: tenths / 1000)
AMOUNTS = st.lists(
    st.one_of(st.floats(-1e9, 1e9, allow_nan=False), IN_CENTS, IN_TENTHS), max_size=40
)


def by_long_division(amounts: list[float]) -> list[Decimal]:
    """The same in decimals alone: floors, and a cent more for the largest remainders, the first."""
    exact = [Decimal(repr(amount)) for amount in amounts]
    down = [amount.quantize(CENT, ROUND_FLOOR) for amount in exact]
    total = sum(exact, Decimal(0)).quantize(CENT, ROUND_HALF_UP)
    missing = int((total - sum(down, Decimal(0))) / CENT)
    order = sorted(range(len(exact)), key=lambda place: (down[place] - exact[place], place))
    return [low + CENT * (place in order[:missing]) for place, low in enumerate(down)]


@given(AMOUNTS)
@example([0.005, 0.005, 0.005, 0.005])
@example([1e9, -1e9, 0.015])
@example([1.005, -1.005, 0.0, -0.0])
def test_cents_are_those_of_exact_decimals(amounts: list[float]) -> None:
    assert cents_adding_up(amounts) == by_long_division(amounts)


@given(AMOUNTS)
def test_cents_add_up_and_are_less_than_a_cent_away(amounts: list[float]) -> None:
    cents = cents_adding_up(amounts)

    exact = [Decimal(repr(amount)) for amount in amounts]
    assert sum(cents) == sum(exact, Decimal(0)).quantize(CENT, ROUND_HALF_UP)
    assert all(abs(cent - amount) < CENT for cent, amount in zip(cents, exact, strict=True))


@given(st.lists(st.decimals(-(10**6), 10**6, places=6), max_size=20))
def test_decimals_are_taken_like_floats(amounts: list[Decimal]) -> None:
    assert whole_cents(amounts) == whole_cents([float(amount) for amount in amounts])


@given(st.integers(-(10**15), 10**15))
def test_cents_in_dollars_are_the_nearest_float(cents: int) -> None:
    assert in_dollars(cents) == float(Decimal(cents).scaleb(-2))
