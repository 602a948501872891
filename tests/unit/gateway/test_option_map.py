"""The map of option Greeks: dollars of positions, and their sums by side."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import uuid4

from services.gateway.analytics.shapes.options import (
    MEASURES,
    HeldOption,
    Sides,
    by_key,
    with_shares,
)

GREEKS = {"delta": 100.0, "gamma": 3.0, "theta": -4.0, "vega": 50.0, "rho": 20.0}
LONG = HeldOption(
    position_id=uuid4(),
    underlying="AAPL",
    strike=Decimal(150),
    expiry=date(2023, 6, 16),
    quantity=Decimal(2),
    underlying_price=130.0,
    priced_on=date(2022, 12, 28),
    greeks=GREEKS,
)
SHORT = replace(
    LONG,
    quantity=Decimal(-1),
    greeks={name: -each / 2.0 for name, each in GREEKS.items()},
)
UNKNOWN = replace(LONG, greeks=None)


def test_share_greeks_become_dollars_at_the_price_of_the_underlying() -> None:
    assert LONG.dollars == {
        "dollar_delta": 13_000.0,
        "dollar_gamma_1pct": 3.0 * 130.0**2 / 100.0,
        "dollar_theta_1d": -4.0,
        "dollar_vega_1pt": 50.0,
        "dollar_rho_1pct": 20.0,
    }


def test_a_position_without_an_input_has_no_dollars() -> None:
    assert UNKNOWN.dollars is None
    assert replace(LONG, underlying_price=None).dollars is None


def test_sides_add_up_to_the_net() -> None:
    sides = Sides.of([LONG, SHORT, LONG, UNKNOWN])

    assert (sides.positions, sides.positions_left_out) == (4, 1)
    assert sides.long is not None
    assert sides.short is not None
    assert sides.net == {name: sides.long[name] + sides.short[name] for name in MEASURES}
    assert sides.net["dollar_vega_1pt"] == 75.0


def test_a_side_that_nothing_is_on_is_null_and_not_zero() -> None:
    assert Sides.of([LONG]).short is None
    assert Sides.of([UNKNOWN]).net is None
    assert Sides.of([]) == Sides(0, 0, None, None, None)


def test_shares_add_to_the_dollar_delta_alone() -> None:
    together = with_shares(Sides.of([LONG]), 1_000.0)

    assert together is not None
    assert LONG.dollars is not None
    assert together == {**LONG.dollars, "dollar_delta": 14_000.0}


def test_shares_without_options_have_no_other_greeks() -> None:
    nothing = Sides.of([])

    assert with_shares(nothing, 1_000.0) == dict.fromkeys(MEASURES, 0.0) | {"dollar_delta": 1_000.0}
    assert with_shares(nothing, None) is None
    assert with_shares(Sides.of([UNKNOWN]), 1_000.0) is None


def test_groups_keep_the_order_of_their_first_position() -> None:
    other = replace(LONG, underlying="XOM")

    groups = by_key([other, LONG, SHORT], lambda each: each.underlying)

    assert list(groups.items()) == [("XOM", [other]), ("AAPL", [LONG, SHORT])]
