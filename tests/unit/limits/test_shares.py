"""Amounts as shares of NAV, which is what levels in shares are compared with."""

from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.limits.calculations.evaluation import valued
from services.limits.inputs import (
    Direction,
    Limit,
    Per,
    Question,
    Reading,
    Readings,
    Terms,
    Unit,
    measure_named,
)

DAY = (UUID(int=1), date(2022, 12, 28))


def share(amount: float, nav: float) -> float | None:
    """An amount of a portfolio's as a share of its NAV."""
    limit = Limit(
        limit_id=UUID(int=2),
        user_id=UUID(int=3),
        portfolio_id=None,
        name="Net delta",
        measure=measure_named("dollar_delta"),
        measure_unit="USD",
        per=Per.PORTFOLIO,
        member=None,
        unit=Unit.SHARE_OF_NAV,
        direction=Direction.ABOVE,
        terms=(Terms(since=DAY[1], breach=0.1),),
    )
    readings = Readings({DAY: nav}, {(Question.of(limit), DAY): Reading(amount)})
    return valued(limit, DAY, readings).value


def test_an_amount_at_a_level_in_shares_is_exactly_at_it() -> None:
    assert 40.34 / 403.40 > 0.1
    assert share(40.34, 403.40) == 0.1


@given(st.integers(1, 10**12), st.integers(1, 300))
def test_whole_cents_of_a_percentage_are_that_percentage(cents: int, percent: int) -> None:
    assert share(cents * percent / 100, cents) == percent / 100
