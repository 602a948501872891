"""Where measures are read from: as the gateway reads their series."""

import pytest

from services.gateway.analytics.reading.measures import (
    defined_measures,
    factor_measures,
    scenario_measures,
)
from services.limits.inputs import Measure, Source, measure_named, member_measure

NAMES = {"market": "Market"}
SERIES = [
    *defined_measures().values(),
    *factor_measures(NAMES).values(),
    *scenario_measures({"market_crash_35": "Crash"}).values(),
]


@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.name)
def test_a_measure_is_read_from_where_its_series_is(series: Measure) -> None:
    found = measure_named(series.name)

    assert (found.name, found.source.value, found.key) == (
        series.name,
        series.source.value,
        tuple(map(str, series.key)),
    )


def test_the_worst_scenario_is_correlated_unless_the_name_says_otherwise() -> None:
    assert measure_named("worst_scenario").key == measure_named("worst_scenario.correlated").key
    assert measure_named("worst_scenario.direct").source is Source.WORST


@pytest.mark.parametrize(
    ("name", "has_parts"),
    [
        ("exposure.notional.short", True),
        ("exposure.notional.upside", False),
        ("dollar_vega_1pt", True),
        ("factor.market", True),
        ("factor.market.joint", False),
        ("scenario.market_crash_35.direct", True),
        ("component_es_99", True),
        ("sharpe_252d", False),
        ("nav", False),
    ],
)
def test_some_measures_have_parts(name: str, has_parts: bool) -> None:
    assert (member_measure(measure_named(name)) is not None) == has_parts
