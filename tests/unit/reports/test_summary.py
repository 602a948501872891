"""What a report says of returns, from the answers that it is made of."""

from services.reports.calculations.summary import performance
from services.reports.inputs import Answer, Chart
from tests.unit.reports.building import a_portfolio


def test_a_drawdown_is_from_a_high_before_the_sessions_shown() -> None:
    found = a_portfolio()
    found["report"]["history"] = [
        {"as_of": "2022-12-27", "nav": 70.0, "daily_return": 0.0, "drawdown": -0.3},
        {"as_of": "2022-12-28", "nav": 77.0, "daily_return": 0.1, "drawdown": -0.23},
    ]

    blocks = performance(Answer(found), brief=False)

    (chart,) = [each for each in blocks if isinstance(each, Chart) and each.title == "Drawdown"]
    assert chart.series[0].values == (-0.3, -0.23)
    assert chart.says == "at its lowest -30.00 % below the highest point before"
