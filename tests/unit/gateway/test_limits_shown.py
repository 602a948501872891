"""How much of a limit is used, and what readers call the measures that limits are about."""

import pytest

from services.gateway.analytics.reading.definitions import figure_title
from services.gateway.analytics.reading.measures import defined_measures
from services.gateway.analytics.shapes.limits import share_used


@pytest.mark.parametrize(
    ("direction", "value", "breach", "used"),
    [
        ("above", 0.05, 0.1, 0.5),
        ("above", 0.15, 0.1, 1.5),
        ("above", -0.05, 0.1, 0.0),
        ("outside", -0.05, 0.1, 0.5),
        ("below", -0.1, -0.2, 0.5),
        ("below", 0.1, -0.2, 0.0),
        ("below", 2_000_000.0, 1_000_000.0, 0.5),
        ("below", -1.0, 1_000_000.0, None),
        ("above", -0.2, -0.1, 0.5),
        ("above", 0.2, 0.0, None),
        ("above", None, 0.1, None),
    ],
)
def test_used_is_one_at_the_breach_level_in_every_direction(
    direction: str, value: float | None, breach: float, used: float | None
) -> None:
    found = share_used(direction, value, breach)

    assert found == (None if used is None else pytest.approx(used))


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("var_99_1d_historical", "Historical VaR, one day, 99 %"),
        ("volatility_63d.longs", "Volatility of the portfolio, 63 sessions, longs"),
        ("dollar_theta_1d", "Dollar theta"),
        ("top_3_weight", "Weight of the largest, 3"),
        ("performance_ytd", "Performance, ytd"),
        ("market_value", "Market value"),
        ("unknown_name", "unknown_name"),
    ],
)
def test_a_title_names_what_only_one_of_its_figures_is(name: str, title: str) -> None:
    assert figure_title(name) == title


def test_no_two_measures_of_a_portfolio_have_one_title() -> None:
    titles = [each.title for each in defined_measures().values()]

    assert sorted(titles) == sorted(set(titles))
