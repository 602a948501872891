"""Which calculations stored history allows."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.gateway.analytics.shapes.quality import (
    COMPLETE,
    MISSING,
    PRIVATE,
    STALE,
    YEAR_OF_PRICES,
    Known,
    feasible_calculations,
    known_symbols,
)

DAY = date(2022, 12, 28)
WINDOW = [DAY - timedelta(days=ago) for ago in range(YEAR_OF_PRICES)][::-1]


def a_history(last: date = DAY, prices: int = YEAR_OF_PRICES, **more: Any) -> dict[str, Any]:
    counts = {"prices": prices, "recent": min(prices, 91), "quarantined": 0}
    return {"first_session": WINDOW[0], "last_session": last, "sources": ("test",), **counts} | more


def known(symbol: str = "AAPL", prices: int = YEAR_OF_PRICES) -> Known:
    return Known(symbol, COMPLETE, DAY if prices else None, prices, min(prices, 91), 0, 0)


def missing_for(calculation: str, *symbols: Known, **given: Any) -> list[str]:
    options: dict[str, Any] = {"optioned": (), "proxies": (), "yields": 252} | given
    found = {each["calculation"]: each for each in feasible_calculations(symbols, **options)}
    assert found[calculation]["feasible"] == (not found[calculation]["lacking"])
    names: list[str] = found[calculation]["lacking"]
    return names


def test_a_symbol_is_complete_stale_missing_or_private() -> None:
    histories = {"NEW": a_history(prices=10), "OLD": a_history(DAY - timedelta(days=3), 250)}

    found = known_symbols(["OLD", "NEW", "NONE", "HOME"], histories, {"HOME"}, WINDOW)

    assert {each.symbol: each.status for each in found} == {
        "HOME": PRIVATE,
        "NEW": COMPLETE,
        "NONE": MISSING,
        "OLD": STALE,
    }
    assert {each.symbol: each.missing for each in found} == {
        "HOME": 0,
        "NEW": 243,
        "NONE": 253,
        "OLD": 3,
    }


@pytest.mark.parametrize(
    ("calculation", "enough"),
    [
        ("valuation", 1),
        ("factors", 61),
        ("rate_sensitivity", 61),
        ("correlations", 21),
        ("historical_risk", 61),
    ],
)
def test_each_calculation_needs_its_history(calculation: str, enough: int) -> None:
    assert missing_for(calculation, known(prices=enough)) == []
    assert missing_for(calculation, known(prices=enough - 1)) == ["AAPL"]


def test_greeks_concern_underlyings_of_options_only() -> None:
    assert missing_for("greeks", known(prices=5)) == []
    assert missing_for("greeks", known(prices=5), optioned={"AAPL"}) == ["AAPL"]


def test_factors_need_their_funds_too() -> None:
    assert missing_for("factors", known(), known("SPY", 10), proxies={"SPY"}) == ["SPY"]
    assert missing_for("correlations", known(), known("SPY", 10), proxies={"SPY"}) == []


def test_without_yields_there_are_no_rate_sensitivities() -> None:
    assert missing_for("rate_sensitivity", known(), yields=10) == ["AAPL"]


def test_private_holdings_miss_nothing() -> None:
    home = Known("HOME", PRIVATE, None, 0, 0, 0, 0)

    assert all(each["feasible"] for each in feasible_calculations([home], (), (), 252))
