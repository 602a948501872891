"""A position with its weight, P&L and Greeks, and the reason for every null."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.gateway.books.shapes import NO_SNAPSHOT, NOT_VALUED_SINCE, valued

DAY = date(2022, 12, 28)


def a_row(**more: Any) -> dict[str, Any]:
    """A hundred shares bought at 90, worth 100 each on the day."""
    return {
        "option_type": None,
        "quantity": Decimal(100),
        "multiplier": 1,
        "entry_price": Decimal(90),
        "entry_date": date(2022, 6, 1),
        "exit_price": None,
        "exit_date": None,
        "cost": Decimal(9_000),
        "valued_on": DAY,
        "market_value": Decimal(10_000),
        "unrealised_pnl": Decimal(1_000),
        "reason": None,
        "greeks_reason": None,
        **{f"position_{name}": None for name in ("delta", "gamma", "theta", "vega", "rho")},
        **more,
    }


NOTHING = {"valued_on": None, "market_value": None, "unrealised_pnl": None}


def test_a_weight_is_a_share_of_the_gross_value() -> None:
    short = a_row(quantity=Decimal(-100), market_value=Decimal(-10_000))

    assert valued(a_row(), DAY, Decimal(40_000))["weight"] == 0.25
    assert valued(short, DAY, Decimal(40_000))["weight"] == 0.25
    assert valued(a_row(), DAY, None)["weight"] is None


def test_the_return_of_a_short_that_falls_is_positive() -> None:
    short = a_row(quantity=Decimal(-100), cost=Decimal(-9_000), unrealised_pnl=Decimal(900))

    assert valued(short, DAY, None)["unrealised_return"] == pytest.approx(0.1)


def test_a_share_has_delta_one_and_nothing_else() -> None:
    greeks = valued(a_row(), DAY, None)["greeks"]

    assert greeks == {"delta": 100.0, "gamma": 0.0, "theta": 0.0, "vega": 0.0, "rho": 0.0}


def test_an_option_has_the_greeks_that_were_measured() -> None:
    option = a_row(option_type="P", position_delta=-40.0, greeks_reason="no volatility")

    assert valued(option, DAY, None)["greeks"]["delta"] == -40.0
    assert valued(option, DAY, None)["reason"] == "no volatility"


@pytest.mark.parametrize(
    ("terms", "day", "reason"),
    [
        ({}, None, "no snapshot"),
        ({"entry_date": date(2022, 12, 29)}, DAY, "entered after 2022-12-28"),
        ({"exit_date": DAY}, DAY, "closed on 2022-12-28"),
        ({"exit_date": date(2022, 12, 29)}, DAY, NOT_VALUED_SINCE),
        ({}, DAY, NOT_VALUED_SINCE),
    ],
)
def test_every_null_has_its_reason(terms: dict[str, Any], day: date | None, reason: str) -> None:
    found = valued(a_row(**NOTHING, **terms), day, None)

    assert reason in found["reason"]
    assert set(found["greeks"].values()) == {None}


def test_a_failed_run_is_named_where_a_value_is_missing() -> None:
    failed = "its run of 2022-12-28 failed (snapshots): a figure is too large"

    never = valued(a_row(**NOTHING), None, None, failed)
    changed = valued(a_row(**NOTHING), DAY, None, failed)

    assert (never["reason"], changed["reason"]) == (
        f"{NO_SNAPSHOT}: {failed}",
        f"{NOT_VALUED_SINCE}: {failed}",
    )
