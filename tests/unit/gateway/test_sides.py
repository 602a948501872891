"""Longs and shorts are separated by quantity; what is left out is named once."""

from decimal import Decimal
from typing import Any

import pytest

from services.gateway.analytics.shapes import greeks
from services.gateway.books import shapes as books_shapes
from services.gateway.edge import shapes as edge_shapes
from services.gateway.edge.shapes import View


def a_row(quantity: int, symbol: str = "A", **more: Any) -> dict[str, Any]:
    return {
        "position_id": symbol,
        "symbol": symbol,
        "quantity": Decimal(quantity),
        "reason": None,
    } | more


def a_stock(quantity: int, symbol: str = "A", **more: Any) -> dict[str, Any]:
    value = Decimal(quantity) * 10
    terms = {"strike": None, "entry_price": Decimal(9), "multiplier": 1, "underlying": symbol}
    return a_row(quantity, symbol, price=10, stale=False, notional_exposure=value) | terms | more


def an_option(quantity: int, symbol: str = "A1", **more: Any) -> dict[str, Any]:
    terms = {"underlying": "A", "strike": Decimal(5), "multiplier": 100}
    numbers = {"delta": 50.0, "gamma": 1.0, "theta": -2.0, "vega": 3.0, "rho": 4.0}
    return (
        a_stock(quantity, symbol)
        | terms
        | numbers
        | {"notional_exposure": Decimal(quantity) * 1000}
        | more
    )


@pytest.mark.parametrize(
    ("view", "symbols"), [(View.PORTFOLIO, "AB"), (View.LONGS, "A"), (View.SHORTS, "B")]
)
def test_a_side_holds_the_positions_of_its_sign(view: View, symbols: str) -> None:
    held = edge_shapes.held_on(view, [a_row(5, "A"), a_row(-5, "B")])

    assert "".join(row["symbol"] for row in held) == symbols


def test_a_position_is_left_out_once_with_every_reason() -> None:
    rows = [
        a_row(1, "B", reason="no price"),
        a_row(1, "A", reason="no betas"),
        a_row(1, "A", reason="no betas"),
        a_row(1, "A", reason="no rate sensitivity"),
        a_row(1, "C"),
    ]

    assert [(each["symbol"], each["reason"]) for each in edge_shapes.left_out(rows)] == [
        ("A", "no betas; no rate sensitivity"),
        ("B", "no price"),
        ("C", "not measured"),
    ]


def test_a_warning_counts_what_is_left_out_and_names_the_first() -> None:
    left_out = edge_shapes.left_out(
        a_row(1, f"S{number:02}", reason="no price") for number in range(25)
    )

    (warning,) = edge_shapes.absences(left_out)

    assert (warning["code"], warning["count"]) == ("positions_left_out", 25)
    assert warning["about"] == [f"S{number:02}" for number in range(20)]
    assert edge_shapes.absences([]) == []


def test_positions_missing_in_a_measure_are_without_exposure() -> None:
    whole: dict[str, Any] = {
        "market_value": 1,
        "notional_exposure": 1,
        "delta_adjusted_exposure": 1,
    }

    found = edge_shapes.without_exposure([whole, whole | {"delta_adjusted_exposure": None}])

    assert found == [whole | {"delta_adjusted_exposure": None}]


def test_a_sides_greeks_count_shares_and_options() -> None:
    stocks = [a_stock(100), a_stock(-30, "B")]
    options = [an_option(2)]

    greek = greeks.side_greeks([*stocks, *options], options)

    assert greek == {"delta": 120.0, "gamma": 1.0, "theta": -2.0, "vega": 3.0, "rho": 4.0}


def test_options_without_any_greeks_leave_nothing_to_say() -> None:
    unknown = an_option(2, reason="no volatility")

    assert set(greeks.side_greeks([a_stock(1)], [unknown]).values()) == {None}
    assert greeks.side_greeks([a_stock(1)], []) == {
        "delta": 1.0,
        "gamma": 0.0,
        "theta": 0.0,
        "vega": 0.0,
        "rho": 0.0,
    }


def test_coverage_weighs_by_notional_and_the_unpriced_by_cost_or_strike() -> None:
    stale = a_stock(100, stale=True)
    unpriced = a_stock(100, "B", price=None, notional_exposure=None)
    known = an_option(1)
    unknown = an_option(1, "A2", reason="no volatility", notional_exposure=None)

    coverage = books_shapes.side_coverage(
        [a_stock(100), stale, unpriced, known, unknown], [known, unknown]
    )

    assert coverage["prices"] == pytest.approx(
        (1000 + 1000 + 500) / (1000 + 1000 + 900 + 1000 + 500)
    )
    assert coverage["greeks"] == pytest.approx(1000 / 1500)
    assert books_shapes.side_coverage([], []) == {"prices": 1.0, "greeks": 1.0}
