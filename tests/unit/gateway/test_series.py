"""Measures over sessions: which there are, and how values and gaps are laid out."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from services.gateway.analytics.reading.definitions import definitions
from services.gateway.analytics.reading.measures import (
    DEFAULT_MEASURES,
    Source,
    defined_measures,
    factor_measures,
    scenario_measures,
)
from services.gateway.analytics.shapes.history import Vector, position_points, total_of
from services.gateway.analytics.shapes.series import NOT_STORED, Gap, series_of
from services.gateway.analytics.shapes.summary import MEASURES, exposure_sums, scenario_sums
from tests.unit.gateway.test_definitions import METRICS

DAYS = [date(2022, 12, day) for day in (23, 27, 28)]


def test_every_stored_metric_has_a_series() -> None:
    names = {metric.name for metric in METRICS}

    assert {m.key[0] for m in defined_measures().values() if m.source is Source.METRIC} == names


def test_every_default_measure_is_defined() -> None:
    assert set(DEFAULT_MEASURES) <= defined_measures().keys()


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("nav", ("nav",)),
        ("exposure.delta_adjusted.net", ("exposures", "delta_adjusted", "net")),
        ("beta.longs", ("beta", "longs")),
        ("factor.market", ("market", "market_relative")),
        ("factor.market.joint", ("market", "joint")),
        ("scenario.crash", ("crash", "correlated")),
        ("scenario.crash.direct", ("crash", "direct")),
    ],
)
def test_a_name_says_where_its_values_are(name: str, key: tuple[str, ...]) -> None:
    known = {
        **defined_measures(),
        **factor_measures({"market": "Market"}),
        **scenario_measures({"crash": "Crash"}),
    }

    assert known[name].key == key
    assert known[name].unit == "USD" or name.startswith("beta")


def test_a_measure_has_the_unit_of_its_definition() -> None:
    assert {
        name: measure.unit for name, measure in defined_measures().items() if name in definitions()
    } == {name: meaning.unit for name, meaning in definitions().items() if meaning.series}


def test_what_is_missing_is_null_with_its_reasons() -> None:
    points = {DAYS[0]: (None, "12 returns, 60 needed"), DAYS[1]: (0.0, None)}

    found = series_of(DAYS, points)

    assert found.values == [None, 0.0, None]
    assert found.gaps == [
        Gap("12 returns, 60 needed", 1, DAYS[0], DAYS[0]),
        Gap(NOT_STORED, 1, DAYS[2], DAYS[2]),
    ]


def test_sessions_missing_for_one_reason_are_one_gap() -> None:
    found = series_of(DAYS, {DAYS[1]: (1.5, None)})

    assert found.gaps == [Gap(NOT_STORED, 2, DAYS[0], DAYS[2])]


def test_a_position_unknown_on_a_session_counts_nothing_on_it() -> None:
    vectors = [
        Vector(uuid4(), "AAPL", [1.1, None, None], True, None),
        Vector(uuid4(), "MSFT", [2.2, 0.3, None], True, None),
        Vector(uuid4(), "NEWCO", [100.0, 100.0, 100.0], False, "3 days of P&L, 60 needed"),
    ]

    assert total_of(vectors, 3) == [3.3, 0.3, None]


def test_the_session_a_position_was_closed_on_has_its_pnl_only() -> None:
    row = {"symbol": "AAPL", "underlying": "AAPL", "quantity": 5, "market_value": 650}

    held, gone = position_points([{**row, "as_of": DAYS[0]}], [{"as_of": DAYS[1], "daily_pnl": 7}])

    assert (held["state"], held["market_value"]) == ("held", 650)
    assert gone["greeks"] is gone["market_value"] is None
    assert (gone["state"], gone["daily_pnl"], gone["quantity"]) == ("closed", 7, 0)


def test_scenarios_add_up_over_portfolios_by_method() -> None:
    rows = [
        ("a", "crash", "Crash", "direct", Decimal("-10.10")),
        ("b", "crash", "Crash", "direct", Decimal("-0.05")),
        ("a", "crash", "Crash", "correlated", Decimal(-12)),
        ("a", "rally", "Rally", "direct", Decimal(-50)),
    ]

    rally, crash = scenario_sums(rows)

    assert (crash.direct, crash.correlated, crash.portfolios) == (
        Decimal("-10.15"),
        Decimal(-12),
        2,
    )
    assert (rally.direct, rally.correlated, rally.portfolios) == (Decimal(-50), None, 1)


def test_gross_exposure_is_not_netted_between_portfolios() -> None:
    long = {"long": 100.0, "short": 0.0, "gross": 100.0, "net": 100.0}
    short = {"long": 0.0, "short": -60.0, "gross": 60.0, "net": -60.0}

    found = exposure_sums([dict.fromkeys(MEASURES, long), dict.fromkeys(MEASURES, short)])

    assert found is not None
    assert found["dollar"] == {"long": 100.0, "short": -60.0, "gross": 160.0, "net": 40.0}
    assert exposure_sums([]) is None
