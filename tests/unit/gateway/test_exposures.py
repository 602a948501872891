"""Factor exposures and rate sensitivities laid out from rows."""

from decimal import ROUND_HALF_UP, Decimal
from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.analytics.shapes import exposures
from services.gateway.analytics.shapes.rates import (
    Exposed,
    RateExposure,
    Rates,
    Sensitivity,
    indistinguishable_from_zero,
    rate_exposures,
    without_rate,
)

MARKET = {"factor": "market", "name": "Market", "active": True}


def a_factor(exposure: float | None, active: bool = True) -> dict[str, Any]:
    return {"factor": "market", "dollar_exposure": exposure, "active": active}


def a_rate(
    position: int, exposure: Any, beta: float | None, maturity: str | None = "10Y", **more: Any
) -> dict[str, Any]:
    return {
        "position_id": position,
        "symbol": f"S{position}",
        "underlying": f"S{position}",
        "delta_adjusted_exposure": exposure,
        "maturity": maturity,
        "beta": beta,
        "standard_error": None,
        "reason": None,
    } | more


def the_rates(rows: list[dict[str, Any]]) -> Rates:
    """The rows as they are read: exposures by position, sensitivities by underlying."""
    unknown = dict.fromkeys(("t_statistic", "observations", "quality"))
    exposed = {
        row["position_id"]: Exposed(
            *(row["position_id"], row["symbol"], row["underlying"], 1.0),
            row["delta_adjusted_exposure"],
        )
        for row in rows
    }
    found: dict[str, dict[str, Sensitivity]] = {}
    for row in rows:
        if row["maturity"] is not None:
            terms: list[Any] = [(unknown | row)[name] for name in Sensitivity._fields]
            found.setdefault(row["underlying"], {})[row["maturity"]] = Sensitivity(*terms)
    return Rates(list(exposed.values()), found)


def of_maturity(maturity: str, rates: list[RateExposure]) -> RateExposure:
    return next(rate for rate in rates if rate["maturity"] == maturity)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12))
def test_positions_factor_exposures_are_cents_that_add_up_to_the_portfolios(
    amounts: list[float],
) -> None:
    rows = [{"factor": "market", "factor_exposure": amount} for amount in amounts]
    unknown = {"factor": "market", "factor_exposure": None}

    found = exposures.in_cents([*rows, unknown])

    parts = [row["factor_exposure"] for row in found[:-1]]
    exact = sum((Decimal(repr(amount)) for amount in amounts), Decimal(0))
    assert sum(parts) == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert found[-1] == unknown
    assert all(
        abs(part - Decimal(repr(amount))) < Decimal("0.01")
        for part, amount in zip(parts, amounts, strict=True)
    )


def test_beta_is_dollars_over_nav() -> None:
    (factor,) = exposures.factor_betas([a_factor(120.0)], Decimal(200), {})

    assert (factor["beta"], factor["reason"]) == (0.6, None)


@pytest.mark.parametrize("nav", [None, Decimal(0), Decimal(-5)])
def test_without_a_nav_there_is_no_beta_and_the_reason_says_so(nav: Decimal | None) -> None:
    assert exposures.factor_betas([a_factor(100.0)], nav, {})[0]["reason"] is not None


def test_factor_without_source_says_so() -> None:
    (factor,) = exposures.factor_betas([a_factor(None, active=False)], Decimal(1), {})

    assert factor["reason"] == "the factor has no source"


def test_one_sides_exposures_are_sums_of_its_positions() -> None:
    rows: list[dict[str, Any]] = [
        {"factor": "market", "exposure": 1000.0, "factor_exposure": 1200.0},
        {"factor": "market", "exposure": -500.0, "factor_exposure": -400.0},
        {"factor": "market", "exposure": 500.0, "factor_exposure": None},
        {"factor": "market", "exposure": None, "factor_exposure": None},
        {"factor": "value", "exposure": 1000.0, "factor_exposure": 7.0},
    ]

    (market,) = exposures.factor_sums([MARKET], rows)

    assert (market["dollar_exposure"], market["coverage"]) == (800.0, 0.75)
    assert (market["positions"], market["positions_left_out"]) == (4, 2)


def test_a_side_without_positions_has_no_exposure() -> None:
    (market,) = exposures.factor_sums([MARKET], [])

    assert (market["dollar_exposure"], market["coverage"], market["positions"]) == (None, None, 0)


def test_rate_exposure_sums_known_positions_and_states_its_coverage() -> None:
    rows = [
        a_rate(1, 1000.0, -16.5),
        a_rate(2, -200.0, 5.0),
        a_rate(3, 300.0, None),
        a_rate(4, None, 1.0),
    ]

    rates = of_maturity("10Y", rate_exposures(the_rates(rows), Decimal(10_000)))

    assert rates["dollars_per_basis_point"] == pytest.approx((-16_500 - 1_000) * 0.0001)
    assert rates["beta"] == pytest.approx(-1.75)
    assert rates["coverage"] == pytest.approx(1200 / 1500)


def test_every_maturity_counts_every_position() -> None:
    rows = [a_rate(1, 100.0, -2.0, "2Y"), a_rate(1, 100.0, -4.0), a_rate(2, 300.0, None, None)]

    rates = rate_exposures(the_rates(rows), None)

    assert [rate["maturity"] for rate in rates] == ["3M", "2Y", "10Y", "30Y"]
    assert [rate["coverage"] for rate in rates] == [0.0, 0.25, 0.25, 0.0]


def test_errors_of_one_underlying_add_up_and_those_of_different_ones_are_independent() -> None:
    rows = [
        a_rate(1, 3000.0, 1.0, standard_error=1.0, underlying="A"),
        a_rate(2, -1000.0, 1.0, standard_error=1.0, underlying="A"),
        a_rate(3, 1000.0, 1.0, standard_error=2.0, underlying="B"),
    ]

    rate = of_maturity("10Y", rate_exposures(the_rates(rows), None))

    assert rate["standard_error"] == pytest.approx(sqrt(2000**2 + 2000**2) * 0.0001)


def test_unknown_rates_are_null_with_a_reason() -> None:
    rates = of_maturity("10Y", rate_exposures(the_rates([a_rate(1, 1.0, None)]), Decimal(1)))

    assert rates["dollars_per_basis_point"] is None
    assert "no position" in str(rates["reason"])


def test_positions_without_a_sensitivity_are_named() -> None:
    rows = [
        a_rate(1, 1.0, 2.0),
        a_rate(2, 1.0, None, reason="12 returns"),
        a_rate(3, 1.0, None, None),
    ]

    assert [(row["symbol"], row["reason"]) for row in without_rate(the_rates(rows), "10Y")] == [
        ("S2", "12 returns"),
        ("S3", "no sensitivity to the 10Y yield"),
    ]


def test_only_univariate_and_joint_betas_carry_a_caution() -> None:
    assert exposures.MODEL_NOTES["market_relative"] is None
    assert "must not be added" in str(exposures.MODEL_NOTES["univariate"])
    assert "condition number" in str(exposures.MODEL_NOTES["joint"])


@pytest.mark.parametrize(
    ("coefficient", "error", "expected"),
    [
        (0.4, 0.2, True),
        (0.41, 0.2, False),
        (-0.41, 0.2, False),
        (0.0, 0.0, True),
        (None, 0.2, None),
        (0.4, None, None),
    ],
)
def test_a_coefficient_within_two_errors_of_zero_is_flagged(
    coefficient: float | None, error: float | None, expected: bool | None
) -> None:
    assert indistinguishable_from_zero(coefficient, error) is expected


def test_errors_of_one_underlying_offset_and_those_of_others_are_independent() -> None:
    rows = [
        exposures.ExposureError("market", "A", 3000.0, 0.5),
        exposures.ExposureError("market", "A", -1000.0, 0.5),
        exposures.ExposureError("market", "B", 1000.0, 2.0),
        exposures.ExposureError("market", "C", 1e6, None),
        exposures.ExposureError("market", "D", None, 1.0),
    ]

    assert exposures.exposure_errors(rows) == {"market": pytest.approx(sqrt(1000**2 + 2000**2))}
