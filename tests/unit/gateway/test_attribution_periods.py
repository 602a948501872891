"""Attributed P&L by period: parts add up in every period, periods to the whole span."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.gateway.analytics.shapes.attribution import Attributed, Per, split_by_period
from services.gateway.analytics.shapes.metrics import CAUSES, attributed

DEFINITIONS: list[dict[str, Any]] = [
    {"factor": "market", "name": "Market", "proxy": "SPY", "active": True},
    {"factor": "value", "name": "Value", "proxy": "VTV", "active": True},
    {"factor": "short_interest", "name": "Short Interest", "proxy": None, "active": False},
]
FIRST = date(2022, 12, 20)
PARTS = ("market", "value", *CAUSES, "specific")


NAMES = {"market": "Market", "value": "Value"}


def rows(days: int) -> list[Attributed]:
    """Amounts with six decimals, which whole cents cannot repeat; a day on each calendar day."""
    return [
        Attributed(
            FIRST + timedelta(days=day),
            part,
            Decimal((day * 7919 + place * 104_729) % 200_003 - 100_000) / 10**6 * 333,
            None,
        )
        for day in range(days)
        for place, part in enumerate(PARTS)
    ]


@pytest.mark.parametrize("per", list(Per))
def test_periods_add_up_to_the_attribution_of_the_whole_span(per: Per) -> None:
    stored = rows(40)

    split = split_by_period(stored, NAMES, per)

    whole = attributed([row._asdict() for row in stored], DEFINITIONS)
    totals = {part.part: part.total for part in split.parts}
    assert totals["specific"] == whole["specific"]
    assert [totals[each["factor"]] for each in whole["factors"]] == [
        each["pnl"] for each in whole["factors"]
    ]
    assert sum(split.pnl) == whole["total"]


@pytest.mark.parametrize("per", list(Per))
def test_parts_add_up_in_every_period(per: Per) -> None:
    split = split_by_period(rows(40), NAMES, per)

    for place, pnl in enumerate(split.pnl):
        assert sum(part.values[place] for part in split.parts) == pnl


def test_a_week_goes_on_over_the_end_of_the_year() -> None:
    split = split_by_period(rows(14), NAMES, Per.WEEK)

    spans = [(own[0], own[-1]) for own in split.periods]
    assert spans == [
        (date(2022, 12, 20), date(2022, 12, 25)),
        (date(2022, 12, 26), date(2023, 1, 1)),
        (date(2023, 1, 2), date(2023, 1, 2)),
    ]


def test_months_of_two_years_are_two_periods() -> None:
    split = split_by_period(rows(14), NAMES, Per.MONTH)

    assert [len(own) for own in split.periods] == [12, 2]


def test_a_session_with_an_unknown_part_is_left_out_whole() -> None:
    stored = rows(3)
    stored[0] = stored[0]._replace(pnl=None, reason="no factor returns")

    split = split_by_period(stored, NAMES, Per.SESSION)

    assert split.left_out == [FIRST]
    assert [own[0] for own in split.periods] == [
        FIRST + timedelta(days=1),
        FIRST + timedelta(days=2),
    ]
