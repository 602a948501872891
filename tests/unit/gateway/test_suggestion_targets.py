"""Targets as users give them: what is wrong with them, and what they are in USD."""

from typing import Any
from uuid import uuid4

import pytest

from services.gateway.drafts.queries.suggestions import Limit, Standing
from services.gateway.drafts.schemas.suggestions import WantedTarget
from services.gateway.drafts.suggesting.candidates import Offer
from services.gateway.drafts.suggesting.reach import refuse_out_of_reach
from services.gateway.drafts.suggesting.targets import Target, targets_of, with_limits
from services.gateway.edge.problems import Problem
from shared.contracts.stress import InTheWay, MeasureAfter, TradesSuggested

MEASURES = {
    "market_exposure": 52_000.0,
    "dollar_delta": 60_000.0,
    "dollar_vega_1pt": None,
    "factor.value": 1_000.0,
    "scenario.covid_crash_2020.correlated": -21_000.0,
    "var_95_1d_historical": 2_000.0,
}


def a_standing(nav: float | None = 100_000.0) -> Standing:
    return Standing(nav, 120_000.0, dict(MEASURES))


def wanted(**terms: Any) -> WantedTarget:
    return WantedTarget.model_validate(terms)


def test_beta_and_shares_of_nav_are_asked_in_dollars() -> None:
    beta, value, crash = targets_of(
        [
            wanted(measure="beta", equal=0.25, tolerance=0.01),
            wanted(measure="factor.value", at_most=0.02, unit="share_of_nav"),
            wanted(measure="scenario.covid_crash_2020", at_least=-15_000),
        ],
        a_standing(),
    )

    assert beta.asked.model_dump() == {
        "measure": "market_exposure",
        "lowest": 25_000.0,
        "highest": 25_000.0,
        "tolerance": 1_000.0,
    }
    assert (value.asked.lowest, value.asked.highest) == (None, 2_000.0)
    assert crash.asked.measure == "scenario.covid_crash_2020.correlated"
    moved = MeasureAfter(measure="market_exposure", before=52_000.0, after=25_100.0)
    assert (beta.shown(moved).before, beta.shown(moved).after) == (0.52, 0.251)


@pytest.mark.parametrize(
    ("terms", "field", "code"),
    [
        ({"measure": "betta", "equal": 0}, "targets.0.measure", "unknown_measure"),
        ({"measure": "factor.luck", "equal": 0}, "targets.0.measure", "unknown_measure"),
        ({"measure": "beta"}, "targets.0", "missing_value"),
        ({"measure": "beta", "equal": 0, "at_most": 1}, "targets.0", "missing_value"),
        (
            {"measure": "dollar_delta", "at_least": 2, "at_most": 1},
            "targets.0.at_least",
            "wrong_order",
        ),
        (
            {"measure": "var_95_1d_historical", "equal": 1_000},
            "targets.0.at_most",
            "missing_value",
        ),
        (
            {"measure": "dollar_delta", "at_most": 1, "tolerance": 1},
            "targets.0.tolerance",
            "unexpected",
        ),
        ({"measure": "beta", "equal": 0, "unit": "share_of_nav"}, "targets.0.unit", "unexpected"),
        ({"measure": "dollar_vega_1pt", "at_most": 1}, "targets.0.measure", "not_measured"),
        ({"equal": 0}, "targets.0.measure", "unknown_measure"),
    ],
)
def test_what_is_wrong_with_a_target_is_named(terms: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(Problem) as caught:
        targets_of([wanted(**terms)], a_standing())

    (error,) = caught.value.errors
    assert (caught.value.code, error.field, error.code) == ("invalid_target", field, code)


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    with pytest.raises(Problem, match=r"did you mean 'factor\.value'"):
        targets_of([wanted(measure="factor.valeu", equal=0)], a_standing())


def test_a_share_of_an_unknown_nav_is_refused() -> None:
    with pytest.raises(Problem, match="give a target in USD"):
        targets_of([wanted(measure="beta", equal=0)], a_standing(None))


def test_a_measure_has_one_target() -> None:
    with pytest.raises(Problem, match="is a target already"):
        targets_of(
            [wanted(measure="beta", equal=0), wanted(measure="market_exposure", at_most=1)],
            a_standing(),
        )


def a_limit(**terms: Any) -> Limit:
    usual: dict[str, Any] = {"measure": "beta", "per": "portfolio", "unit": "own"}
    levels = {"warning": None, "breach": 0.3}
    return Limit(**{**usual, "direction": "outside", "levels": levels, **terms})


def test_a_limit_is_a_target_at_its_level() -> None:
    first, second = uuid4(), uuid4()
    var = {"measure": "var_95_1d_historical", "unit": "share_of_nav", "direction": "above"}
    known = {first: a_limit(), second: a_limit(**var, levels={"warning": 0.01, "breach": 0.02})}

    beta, tail = with_limits(
        [wanted(limit_id=first), wanted(limit_id=second, level="warning")], known
    )

    assert (beta.measure, beta.at_least, beta.at_most) == ("beta", -0.3, 0.3)
    (_, asked) = targets_of([beta, tail], a_standing())
    assert (asked.asked.lowest, asked.asked.highest) == (None, 1_000.0)


@pytest.mark.parametrize(
    ("terms", "limit", "field", "code"),
    [
        ({}, None, "targets.0.limit_id", "unknown_limit"),
        ({"at_most": 1}, a_limit(), "targets.0.at_most", "unexpected"),
        ({}, a_limit(per="position"), "targets.0.limit_id", "not_of_portfolio"),
        ({"level": "warning"}, a_limit(), "targets.0.level", "missing_value"),
    ],
)
def test_what_is_wrong_with_a_limit_is_named(
    terms: dict[str, Any], limit: Limit | None, field: str, code: str
) -> None:
    limit_id = uuid4()
    known = {limit_id: limit} if limit else {}

    with pytest.raises(Problem) as caught:
        with_limits([wanted(limit_id=limit_id, **terms)], known)

    (error,) = caught.value.errors
    assert (error.field, error.code) == (field, code)


def out_of_reach(*reasons: InTheWay) -> list[tuple[str | None, str, str]]:
    """The problem's field, code and message of each."""
    found = TradesSuggested(trades=None, traded=0, least=0, gap=0, measures=(), in_the_way=reasons)
    targets = [Target(wanted(measure="beta", equal=0), "market_exposure", 100_000.0)]
    with pytest.raises(Problem) as caught:
        refuse_out_of_reach(found, targets, [Offer("SPY", "candidates.0"), Offer("XOM")])
    return [(each.field, each.code, each.message) for each in caught.value.errors]


def test_what_is_in_the_way_names_the_field_and_the_fix() -> None:
    errors = out_of_reach(
        InTheWay(kind="target", about="market_exposure", best=31_000.0),
        InTheWay(kind="bound", about="SPY", best=-3.0),
        InTheWay(kind="bound", about="XOM", best=0.0),
        InTheWay(kind="most_dollars", about="market_exposure", best=500.0),
        InTheWay(kind="lots", about="market_exposure"),
    )

    assert [(field, code) for field, code, _ in errors] == [
        ("targets.0", "target_out_of_reach"),
        ("candidates.0.most_sold", "bound"),
        ("candidates", "bound"),
        ("most_dollars", "most_dollars"),
        ("targets.0", "lots"),
    ]
    assert "comes no nearer than 0.31" in errors[0][2]
    assert "3 SPY are sold, and that is the most" in errors[1][2]
