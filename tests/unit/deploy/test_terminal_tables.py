"""What the tables of users' commands say beside the numbers of the API."""

from typing import cast

import pytest

from deploy.terminal.changes import print_what_if
from deploy.terminal.limit_tables import print_standings
from sigmasight_client.models import LimitWithStandings, WhatIfReport


def test_the_causes_of_a_loss_add_up_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    """What repricing adds to the deltas is a cause too."""
    direct = {
        "total_pnl": -3657.0,
        "share_of_nav": -0.0731,
        "factor_impacts": {"market": 0.0, "single_names": -4358.0, "time": -645.0},
        "nonlinear": 1346.0,
        "positions": [{"symbol": "AAPL", "pnl": -2513.0}],
    }
    scenario = {"scenario_id": "own", "name": "What if", "direct": direct, "correlated": None}
    report = {"as_of": "2022-12-28", "nav": 50_000.0, "scenarios": [scenario]}

    print_what_if("Mine", cast(WhatIfReport, report), None)

    lines = capsys.readouterr().out.split("by cause")[1].splitlines()[1:]
    causes = [line.rsplit(maxsplit=1) for line in lines]
    assert [(name.strip(), amount) for name, amount in causes] == [
        ("single names", "-4,358"),
        ("time", "-645"),
        ("non-linear", "1,346"),
        ("all of it", "-3,657"),
        ("of it AAPL", "-2,513"),
    ]


def test_the_parts_of_a_limit_are_in_the_unit_of_its_measure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also where the limit is a share of NAV: dollars are whole, as everywhere."""
    standing = {
        "portfolio_name": "Mine",
        "as_of": "2022-12-28",
        "state": "breached",
        "age_sessions": 1,
        "value": 0.2613294,
        "member": "AAPL",
        "reason": None,
        "warning": 0.1,
        "breach": 0.12,
        "room": -0.1413294,
        "room_usd": -7066.47,
        "contributors": [{"name": "AAPL", "value": 13066.47}, {"name": "XOM", "value": -5331.35}],
    }
    limit = {
        **{
            "limit_id": "1",
            "name": "Concentration",
            "measure": "market_value",
            "per": "underlying",
        },
        **{"measure_unit": "USD", "unit": "share_of_nav", "breach": 0.12},
        "standings": [standing],
    }

    print_standings(cast(LimitWithStandings, limit))

    assert "Mine: AAPL 13,066, XOM -5,331" in capsys.readouterr().out
