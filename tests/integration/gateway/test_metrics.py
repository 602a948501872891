"""Greeks, metrics and performance by side, and the report that holds them all."""

import pytest

from shared.database import Database
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import CALL, StoredBook, a_stored_book

pytestmark = pytest.mark.usefixtures("market")


@pytest.fixture
async def book(ann: Person, market: None, admin: Database) -> StoredBook:
    return await a_stored_book(ann, admin)


async def test_metrics_come_by_kind_with_units_and_reasons(ann: Person, book: StoredBook) -> None:
    report = (await ann.get("risk/metrics")).json()

    groups = {group["kind"]: group["metrics"] for group in report["groups"]}
    assert list(groups) == [
        "value_at_risk",
        "expected_shortfall",
        "reward_to_risk",
        "concentration",
        "performance",
    ]
    (var,) = groups["value_at_risk"]
    (sharpe,) = groups["reward_to_risk"]
    assert (var["value"], var["unit"], var["observations"]) == (500.0, "USD", 252)
    assert var["share_of_nav"] == pytest.approx(500 / 50_000)
    assert (sharpe["value"], sharpe["reason"]) == (None, "12 returns, 60 needed")


async def test_var_by_position_adds_up_and_names_who_is_left_out(
    ann: Person, book: StoredBook
) -> None:
    report = (await ann.get("risk/metrics")).json()

    assert [component["confidence"] for component in report["component_var"]] == [95, 99]
    var = report["component_var"][0]
    assert (var["total_var"], var["total_es"]) == (500.0, 500.0)
    assert round(sum(part["component_var"] for part in var["positions"]), 2) == 500.0
    assert [part["symbol"] for part in var["positions"]] == ["AAPL", CALL, "MSFT"]
    assert [(each["symbol"], each["reason"]) for each in report["left_out"]] == [
        ("XOM", "12 days of P&L, 60 needed")
    ]


@pytest.mark.parametrize(
    ("view", "loss", "left_out"), [("longs", 800.0, ["XOM"]), ("shorts", 300.0, [])]
)
async def test_metrics_of_one_side(
    ann: Person, book: StoredBook, view: str, loss: float, left_out: list[str]
) -> None:
    report = (await ann.get("risk/metrics", view=view)).json()

    assert [m["value"] for group in report["groups"] for m in group["metrics"]] == [loss]
    assert report["component_var"] == []
    assert [each["symbol"] for each in report["left_out"]] == left_out


async def test_performance_has_every_period_and_the_series(ann: Person, book: StoredBook) -> None:
    report = (await ann.get("portfolio/performance")).json()
    page = (await ann.get("portfolio/performance", limit=1, offset=1)).json()
    before = (await ann.get("portfolio/performance", as_of="2022-12-27")).json()

    periods = {period["period"]: period for period in report["periods"]}
    assert list(periods) == ["1d", "1w", "1m", "3m", "ytd", "1y"]
    assert periods["1d"]["value"] == pytest.approx(-0.002469)
    assert periods["1y"]["value"] is None
    assert periods["1y"]["reason"]
    assert [(item["as_of"], item["nav"]) for item in report["items"]] == [
        ("2022-12-28", 50_000.0),
        ("2022-12-27", 50_123.45),
    ]
    assert (page["total"], [item["as_of"] for item in page["items"]]) == (2, ["2022-12-27"])
    assert (before["total"], before["as_of"], before["periods"][0]["value"]) == (1, None, None)


async def test_a_span_is_weighted_by_time_and_by_money(ann: Person, book: StoredBook) -> None:
    report = (await ann.get("portfolio/performance", start="2022-12-28")).json()
    whole = (await ann.get("portfolio/performance")).json()

    span = report["span"]
    assert (span["start"], span["end"], span["observations"]) == ("2022-12-27", "2022-12-28", 1)
    assert span["value"] == pytest.approx(-123.45 / 50_123.45)
    assert span["money_weighted"] == pytest.approx(-123.45 / 50_123.45)
    assert (span["money_weighted_basis"], span["large_flows"]) == ("period", [])
    assert whole["span"] is None
    (month,) = [period for period in whole["periods"] if period["period"] == "1m"]
    assert month["money_weighted_reason"] == "no snapshot on or before 2022-11-28 is stored"


async def test_greeks_of_one_side_count_its_shares_and_options(
    ann: Person, book: StoredBook
) -> None:
    whole, longs, shorts = [
        (await ann.get("risk/greeks", view=view)).json()
        for view in ("portfolio", "longs", "shorts")
    ]

    assert whole["portfolio"]["delta"] == 151.0
    assert longs["portfolio"] == {
        "delta": 210.0,
        "gamma": 3.0,
        "theta": -4.0,
        "vega": 50.0,
        "rho": 20.0,
    }
    assert shorts["portfolio"] == {
        "delta": -50.0,
        "gamma": 0.0,
        "theta": 0.0,
        "vega": 0.0,
        "rho": 0.0,
    }
    assert [len(report["positions"]) for report in (whole, longs, shorts)] == [1, 1, 0]
    assert longs["coverage"] == {"prices": 1.0, "greeks": 1.0}


async def test_exposures_name_the_positions_they_do_not_contain(
    ann: Person, book: StoredBook
) -> None:
    series = (await ann.get("portfolio/exposures")).json()["items"]
    summary = (await ann.get("portfolio")).json()
    report = (await ann.get(f"portfolios/{book.portfolio_id}/report")).json()

    exxon = {
        "position_id": str(book.positions["XOM"]),
        "symbol": "XOM",
        "reason": "no delta on the session",
    }
    assert [point["left_out"] for point in series] == [[exxon], []]
    assert summary["left_out"] == report["left_out"] == [exxon]


async def test_the_report_holds_metrics_performance_and_attribution(
    ann: Person, book: StoredBook
) -> None:
    report = (await ann.get(f"portfolios/{book.portfolio_id}/report")).json()

    performance = (await ann.get("portfolio/performance")).json()
    assert report["metrics"] == (await ann.get("risk/metrics")).json()
    assert report["performance"] == performance["periods"]
    assert (
        report["attribution"] == (await ann.get(f"factors/attribution/{book.portfolio_id}")).json()
    )
    assert report["factors"] == (await ann.get("risk/factors")).json()
    assert report["greeks"]["portfolio"] == (await ann.get("risk/greeks")).json()["portfolio"]


async def test_before_the_first_run_everything_has_a_reason(ann: Person) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "A"})).json()["portfolio_id"]

    metrics = (await ann.get("risk/metrics")).json()
    performance = (await ann.get("portfolio/performance")).json()
    report = (await ann.get(f"portfolios/{portfolio_id}/report")).json()

    assert (metrics["groups"], metrics["as_of"], bool(metrics["reason"])) == ([], None, True)
    assert (performance["items"], bool(performance["reason"])) == ([], True)
    assert all(report[part]["reason"] for part in ("metrics", "attribution"))
    assert all(period["reason"] for period in report["performance"])
