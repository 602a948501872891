"""The money-weighted return against published examples, an independent solver and identities."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.quant.money_weighted import money_weighted_return

Dated = list[tuple[date, float]]
START = date(2008, 1, 1)

amounts_by_day = st.dictionaries(
    st.integers(1, 1_500), st.floats(1.0, 1e6), min_size=1, max_size=10
)


def test_microsofts_example_of_xirr() -> None:
    """Documentation of Excel's XIRR function: 0.373362535 (37.34 %)."""
    dated = [
        (date(2008, 1, 1), -10_000.0),
        (date(2008, 3, 1), 2_750.0),
        (date(2008, 10, 30), 4_250.0),
        (date(2009, 2, 15), 3_250.0),
        (date(2009, 4, 1), 2_750.0),
    ]

    assert money_weighted_return(dated).rate == pytest.approx(0.373362535, abs=5e-9)


def test_order_of_the_amounts_does_not_matter() -> None:
    dated = [(START + timedelta(days=90), 50.0), (START, -100.0), (date(2009, 1, 1), 60.0)]

    assert money_weighted_return(dated) == money_weighted_return(reversed(dated))


def test_without_flows_it_is_the_growth_per_year() -> None:
    dated = [(date(2021, 1, 1), -1_000.0), (date(2023, 1, 1), 1_210.0)]

    assert money_weighted_return(dated).rate == pytest.approx(0.1, abs=1e-12)


def test_nothing_gained_is_a_rate_of_zero() -> None:
    assert money_weighted_return([(START, -100.0), (date(2008, 7, 1), 100.0)]).rate == 0.0


@given(amounts_by_day, st.floats(-0.9, 3.0))
def test_amounts_that_grew_at_a_rate_have_that_rate(paid: dict[int, float], rate: float) -> None:
    end = max(paid) + 30
    worth = sum(each * (1 + rate) ** ((end - day) / 365) for day, each in paid.items())
    assume(1e-3 < worth < 1e12)

    dated = [(START + timedelta(days=day), -each) for day, each in paid.items()]
    found = money_weighted_return([*dated, (START + timedelta(days=end), worth)])

    assert found.rate == pytest.approx(rate, rel=1e-6, abs=1e-7)


@given(amounts_by_day, st.floats(0.05, 20.0))
def test_it_agrees_with_bisection(paid: dict[int, float], multiple: float) -> None:
    end = START + timedelta(days=max(paid) + 400)
    dated = [(START + timedelta(days=day), -each) for day, each in paid.items()]
    dated.append((end, multiple * sum(paid.values())))

    found = money_weighted_return(dated).rate

    assert found is not None
    assert found == pytest.approx(_bisected(dated), rel=1e-6, abs=1e-7)


def _bisected(dated: Dated) -> float:
    low, high = -1 + 1e-12, 1e9
    first = min(day for day, _ in dated)
    for _ in range(300):
        middle = ((1 + low) * (1 + high)) ** 0.5 - 1
        worth = sum(each / (1 + middle) ** ((day - first).days / 365) for day, each in dated)
        low, high = (middle, high) if worth > 0 else (low, middle)
    return low


@pytest.mark.parametrize(
    ("dated", "reason"),
    [
        ([], "the amounts do not change sign: no rate solves them"),
        ([(START, -1.0), (date(2009, 1, 1), -1.0)], "the amounts do not change sign: no rate"),
        ([(START, -1.0), (START, 2.0)], "all amounts are of one day"),
        (
            [(START, -100.0), (date(2008, 12, 31), 230.0), (date(2009, 12, 31), -132.0)],
            "several rates solve the amounts",  # 10 % and 20 %
        ),
        ([(START, -1.0), (date(2008, 1, 2), 100.0)], "the time is too short for a yearly rate"),
    ],
)
def test_where_there_is_no_rate_there_is_a_reason(dated: Dated, reason: str) -> None:
    found = money_weighted_return(dated)

    assert found.rate is None
    assert found.reason is not None
    assert found.reason.startswith(reason)
