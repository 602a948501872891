"""Portfolios by scenario: cells of two methods, sums over portfolios, shares of NAV."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

from services.gateway.analytics.shapes.scenario_map import Cell, Result, Total, cells, total

BOOK = uuid4()
DIRECT = Result(BOOK, "crash", "direct", Decimal(-300), -250.0, "measured", 2.5)
CORRELATED = replace(DIRECT, method="correlated", total_pnl=Decimal(-400), stated=-350.0)


def test_a_cell_has_both_methods_and_the_headline_of_the_correlated_one() -> None:
    found = cells([DIRECT, CORRELATED], {BOOK: Decimal(1000)})

    assert found == {
        (BOOK, "crash"): Cell(
            scenario_id="crash",
            direct=Decimal(-300),
            correlated=Decimal(-400),
            share_of_nav=-0.4,
            stated=-350.0,
            headline="measured",
            plausibility=2.5,
        )
    }


def test_without_a_correlated_result_the_direct_one_speaks() -> None:
    (found,) = cells([DIRECT], {BOOK: Decimal(1000)}).values()

    assert (found.correlated, found.share_of_nav, found.stated) == (None, -0.3, -250.0)


def test_without_a_nav_there_is_no_share() -> None:
    (found,) = cells([DIRECT], {}).values()

    assert (found.direct, found.share_of_nav) == (Decimal(-300), None)


def test_sums_are_of_those_with_a_result_and_a_share_of_all_their_nav() -> None:
    known = Cell("crash", Decimal(-300), Decimal(-400))
    unknown = Cell("crash")

    assert total([known, known, unknown], Decimal(2000)) == Total(
        Decimal(-600), Decimal(-800), -0.4, 2
    )
    assert total([unknown], Decimal(1000)) == Total(None, None, None, 0)


def test_the_largest_loss_comes_first_and_what_is_unknown_last() -> None:
    losses = [
        total([], None),
        total([Cell("up", Decimal(10))], None),
        total([Cell("down", None, Decimal(-10))], None),
    ]

    assert sorted(losses, key=lambda each: each.rank) == [losses[2], losses[1], losses[0]]
