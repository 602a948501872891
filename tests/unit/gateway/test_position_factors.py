"""Positions with their factors, laid out from vectors."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from math import nan
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.analytics.schemas.factors import PositionFactors
from services.gateway.analytics.shapes.position_factors import (
    Entries,
    HeldVector,
    Product,
    Regression,
    Regressions,
    in_whole_cents,
    products_in,
    stored_products,
)
from services.gateway.analytics.shapes.rates import NO_RATES, Exposed, Rates, Sensitivity

NAMES = {"market": "Market", "value": "Value"}


def a_position(
    number: int = 1,
    exposure: float | None = 500.0,
    factors: Sequence[str] = ("market", "value"),
    betas: Sequence[float] = (1.2, 0.1),
    reason: str | None = None,
) -> HeldVector:
    products = [(nan if exposure is None else exposure) * beta for beta in betas]
    terms = ("A", "A", 1.0, None, exposure)
    return HeldVector(UUID(int=number), *terms, factors, betas, products, reason)


def a_regression(beta: float | None, reason: str | None = None) -> Regression:
    return Regression(beta, raw_beta=3.0, reason=reason)


def test_stored_products_come_in_display_order_and_unknown_ones_with_a_reason() -> None:
    held = a_position(factors=("value", "gone", "market"), betas=(nan, 2.0, 1.0), reason="12 days")

    market, value = stored_products(held, NAMES)

    assert (market.factor, market.beta, market.dollars) == ("market", 1.0, 500.0)
    assert value == Product("value", None, None, "12 days")


@pytest.mark.parametrize(
    ("held", "row", "expected"),
    [
        (a_position(), a_regression(2.0), (2.0, 1000.0, None)),
        (a_position(exposure=0.0), None, (None, 0.0, None)),
        (a_position(exposure=None, reason="no price"), a_regression(2.0), (2.0, None, "no price")),
        (a_position(), a_regression(None, "12 days"), (None, None, "12 days")),
        (a_position(), None, (None, None, "no joint betas of the symbol are stored")),
    ],
)
def test_products_in_another_model_are_exposure_times_its_beta(
    held: HeldVector, row: Regression | None, expected: tuple[object, ...]
) -> None:
    known = Regressions(NAMES, {} if row is None else {("A", "market"): row})

    market, _ = products_in(held, "joint", known)

    assert market[1:] == expected


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12))
def test_exposures_are_cents_that_add_up_to_the_portfolios(amounts: list[float]) -> None:
    products = [[Product("market", 1.0, amount, None)] for amount in amounts]

    found = in_whole_cents([*products, [Product("market", None, None, "unknown")]])

    exact = sum((Decimal(repr(amount)) for amount in amounts), Decimal(0))
    parts = [Decimal(repr(each["market"])) for each in found[:-1]]
    assert sum(parts) == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert found[-1] == {}


def test_an_entry_has_the_fields_of_its_model_in_their_order() -> None:
    held = a_position(exposure=500.005)
    sensitivity = Sensitivity("10Y", -2.0, 1.5, None, 252, "full_history", None)
    rates = Rates([Exposed(held.position_id, "A", "A", 1.0, 500.0)], {"A": {"10Y": sensitivity}})
    known = Regressions(NAMES, {("A", "market"): a_regression(1.2)})

    entry = Entries(known, rates).entry(held, stored_products(held, NAMES), {"market": 600.0})

    assert entry == PositionFactors.model_validate(entry).model_dump(mode="json")
    assert list(entry) == list(PositionFactors.model_fields)
    model = PositionFactors.model_validate(entry)
    assert (model.exposure, model.factors[0].factor_exposure) == (500.01, 600.0)
    assert model.rates[0].dollars_per_basis_point == pytest.approx(-0.1)


def test_positions_in_one_underlying_keep_their_own_figures() -> None:
    one, other = a_position(1, 100.0), a_position(2, -50.0)
    entries = Entries(Regressions(NAMES, {}), NO_RATES)

    first = entries.entry(one, stored_products(one, NAMES), {"market": 1.0})
    second = entries.entry(other, stored_products(other, NAMES), {"market": 2.0})

    models = [PositionFactors.model_validate(each) for each in (first, second)]
    assert [model.factors[0].factor_exposure for model in models] == [1.0, 2.0]
    assert first["rates"] == second["rates"] == []
