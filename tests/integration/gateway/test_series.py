"""Measures over sessions, read from what the calculators stored."""

from uuid import UUID

import pytest
from sqlalchemy import text

from services.gateway.edge.dependencies import Gateway
from services.snapshots.tables import ComponentVar, RiskMetric
from shared.database import Database
from tests.builders import AS_OF, save
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import (
    BEFORE,
    CALL,
    StoredBook,
    a_stored_book,
    exposure_to,
)
from tests.integration.statements import noted_statements

MEASURES = [
    *("nav", "daily_pnl", "vega", "exposure.dollar.short", "price_coverage"),
    *("var_95_1d_historical", "var_95_1d_historical.longs", "sharpe_252d"),
    *("factor.market", "factor.market.joint", "scenario.crash", "scenario.doom.direct"),
]


def views_read(statement: str) -> list[str]:
    """The calculators' views that a statement reads measures from."""
    views = ("portfolio_snapshots", "risk_metrics", "factor_exposures", "stress_results")
    return [view for view in views if f".published_{view} " in statement]


async def test_twelve_measures_of_four_kinds_are_read_in_four_statements(
    market: None, ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = await a_stored_book(ann, admin)

    with noted_statements(gateway.database, views_read) as read:
        answer = await ann.get(
            f"portfolios/{book.portfolio_id}/series", measures=",".join(MEASURES)
        )

    found = {each["measure"]: each for each in answer.json()["series"]}
    assert answer.json()["session_dates"] == ["2022-12-27", "2022-12-28"]
    assert {name: found[name]["values"] for name in MEASURES} == {
        "nav": [50123.45, 50000.0],
        "daily_pnl": [None, -123.45],
        "vega": [50.0, 50.0],
        "exposure.dollar.short": [-12000.0, -12000.0],
        "price_coverage": [1.0, 1.0],
        "var_95_1d_historical": [None, 500.0],
        "var_95_1d_historical.longs": [None, 800.0],
        "sharpe_252d": [None, None],
        "factor.market": [None, exposure_to("market")],
        "factor.market.joint": [None, exposure_to("market", "joint")],
        "scenario.crash": [None, -3000.0],
        "scenario.doom.direct": [None, -57000.0],
    }
    assert [gap["reason"] for gap in found["sharpe_252d"]["gaps"]] == [
        "nothing is stored for the session",
        "12 returns, 60 needed",
    ]
    assert sorted(read) == [
        *("factor_exposures", "portfolio_snapshots", "risk_metrics", "stress_results")
    ]


async def test_series_are_of_the_sessions_wanted(
    market: None, ann: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)
    route = f"portfolios/{book.portfolio_id}/series"

    one = (await ann.get(route, **{"from": "2022-12-28", "to": "2022-12-31"})).json()
    none = (await ann.get(route, **{"to": "2020-01-01"})).json()
    refused = await ann.get(route, **{"from": "2022-12-28", "to": "2022-12-27"})

    assert (one["start"], one["end"], len(one["series"])) == ("2022-12-28", "2022-12-28", 10)
    assert (none["session_dates"], none["series"][0]["values"]) == ([], [])
    assert none["reason"]
    assert [error["field"] for error in refused.json()["errors"]] == ["from", "to"]


async def test_unknown_measures_are_refused_by_name_with_what_there_is(
    market: None, ann: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)

    answer = await ann.get(
        f"portfolios/{book.portfolio_id}/series", measures="nav,navv,scenario.crsh,factor.luck"
    )

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid_request")
    assert [error["message"] for error in problem["errors"]][:2] == [
        "there is no measure 'navv': did you mean 'nav'?",
        "there is no measure 'scenario.crsh': did you mean 'scenario.crash'?",
    ]
    assert {error["code"] for error in problem["errors"]} == {"unknown_measure"}
    assert "factor.low_volatility" in problem["detail"]
    assert "hhi.longs" in problem["detail"]


async def test_vectors_add_up_to_the_portfolios_over_the_counted_positions(
    market: None, ann: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)
    route = f"portfolios/{book.portfolio_id}/pnl-vectors"

    whole = (await ann.get(route)).json()
    page = (await ann.get(route, limit=1, offset=1)).json()

    assert (whole["as_of"], whole["session_dates"]) == ("2022-12-28", ["2022-12-27", "2022-12-28"])
    assert whole["distribution"]["worst_pnl"] == 3.0
    assert sum(each["sessions"] for each in whole["distribution"]["classes"]) == 2
    assert whole["values"] == page["values"] == [3.0, 6.0]
    assert {item["symbol"]: (item["values"], item["counted"]) for item in whole["items"]} == {
        "AAPL": ([1.0, 2.0], True),
        CALL: ([1.0, 2.0], True),
        "MSFT": ([1.0, 2.0], True),
        "XOM": (None, False),
    }
    assert [item["symbol"] for item in page["items"]] == [CALL]
    assert (await ann.get(route, as_of="2022-12-27")).json()["reason"]


async def test_a_position_has_a_history_with_its_greeks_and_its_part_of_var(
    market: None, ann: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)

    of_call = (await ann.get(f"positions/{book.positions[CALL]}/history")).json()
    of_stock = (await ann.get(f"positions/{book.positions['MSFT']}/history")).json()
    before = (await ann.get(f"positions/{book.positions['MSFT']}/history", to="2022-12-27")).json()

    assert [point["as_of"] for point in of_call["items"]] == ["2022-12-28"]
    (call,) = of_call["items"]
    assert (call["market_value"], call["greeks"]["vega"], call["component_var"]) == (
        2000.0,
        50.0,
        400.0,
    )
    assert of_stock["items"][0]["greeks"] == {
        "delta": -50.0, "gamma": 0.0, "theta": 0.0, "vega": 0.0, "rho": 0.0,
    }  # fmt: skip
    assert (before["items"], before["total"]) == ([], 0)
    assert before["reason"]


async def test_a_list_shows_how_every_portfolio_stands(
    market: None, ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = await a_stored_book(ann, admin)
    await ann.post("portfolios", {"name": "Empty"})

    with noted_statements(gateway.database, views_read) as read:
        first, other = (await ann.get("portfolios")).json()["items"]
    summary = (await ann.get("portfolios/summary")).json()

    assert first["portfolio_id"] == book.portfolio_id
    assert (first["as_of"], first["nav"], first["daily_pnl"]) == ("2022-12-28", 50000.0, -123.45)
    assert first["var_95_1d_historical"] == 500.0
    assert first["worst_scenario"] == {
        "scenario_id": "doom",
        "name": "Doom",
        "method": "correlated",
        "total_pnl": -57000.0,
    }
    assert (other["nav"], other["worst_scenario"], other["last_run"]) == (None, None, None)
    assert other["standing_reason"]
    assert sorted(read) == ["portfolio_snapshots", "risk_metrics", "stress_results"]
    assert (summary["portfolios"], summary["added"], summary["nav"]) == (2, 1, 50000.0)
    assert (summary["var_95_1d_sum"], summary["vega"]) == (500.0, 50.0)
    assert [each["scenario_id"] for each in summary["scenarios"]] == ["doom", "crash"]
    assert [each["name"] for each in summary["left_out"]] == ["Empty"]


async def test_anothers_portfolios_are_in_no_list_and_no_summary(
    market: None, ann: Person, bob: Person, admin: Database
) -> None:
    await a_stored_book(ann, admin)

    assert (await bob.get("portfolios")).json()["items"] == []
    assert (await bob.get("portfolios/summary")).json()["portfolios"] == 0


async def test_changes_have_parts_that_add_up_by_position_sector_tag_and_factor(
    market: None, ann: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)

    answer = await ann.get(f"portfolios/{book.portfolio_id}/changes", since="2022-12-27")

    changes = answer.json()
    figures = {figure["measure"]: figure for figure in changes["figures"]}
    assert (changes["start"], changes["end"], changes["sessions"]) == (
        "2022-12-27",
        "2022-12-28",
        1,
    )
    assert figures["cumulative_pnl"]["difference"] == -123.45
    assert {part["key"] for part in figures["cumulative_pnl"]["by_factor"]} >= {
        "market",
        "specific",
    }
    for figure in figures.values():
        for kind in ("by_position", "by_sector", "by_tag", "by_factor"):
            parts = [part["difference"] for part in figure[kind]]
            assert not parts or round(sum(parts), 2) == figure["difference"], figure["measure"]
    assert {each["symbol"]: each["state"] for each in changes["positions"]} == dict.fromkeys(
        book.positions, "new"
    )


async def test_one_session_has_nothing_to_be_compared_with(
    market: None, ann: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)

    alone = await ann.get(f"portfolios/{book.portfolio_id}/changes", as_of="2022-12-27")

    assert (alone.json()["figures"], alone.json()["sessions"]) == ([], 0)
    assert "nothing to compare" in alone.json()["reason"]


async def test_a_loss_beyond_the_var_of_the_evening_before_is_an_exception(
    market: None, ann: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)
    evening = {"metric": "var_95_1d_historical", "view": "portfolio", "unit": "USD"}
    before = {"portfolio_id": UUID(book.portfolio_id), "as_of": BEFORE, "value": 123.0}
    await save(admin, RiskMetric, [{**before, **evening}])

    answer = (await ann.get(f"portfolios/{book.portfolio_id}/var-backtest")).json()

    first, *others = answer["judged"]
    assert (answer["start"], answer["end"]) == ("2022-12-28", "2022-12-28")
    assert (first["measure"], first["exception_dates"]) == (
        "var_95_1d_historical",
        ["2022-12-28"],
    )
    assert (first["hypothetical_pnl"], first["values"]) == ([-123.45], [123.0])
    assert (first["kupiec"], first["reason"]) == (None, "1 days, 60 needed")
    assert [each["days"] for each in others] == [0] * 5


async def test_a_judged_session_is_split_by_position_with_the_parts_of_var_before_it(
    market: None, ann: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)
    part = {
        "position_id": book.positions["MSFT"],
        "as_of": BEFORE,
        "portfolio_id": UUID(book.portfolio_id),
        "symbol": "MSFT",
    }
    await save(admin, ComponentVar, [{**part, "var_95": 250.0, "var_99": 410.0}])
    await let_positions_make(admin, book, {"AAPL": 60.5, "MSFT": -190.25, "XOM": -4.0})
    route = f"portfolios/{book.portfolio_id}/var-backtest"

    day = (await ann.get(f"{route}/2022-12-28", confidence=99)).json()

    shown = [(each["symbol"], each["pnl"], each["component_var"]) for each in day["positions"]]
    assert shown == [
        ("MSFT", -190.25, 410.0),
        ("XOM", -4.0, None),
        ("AAPL", 60.5, None),
        (CALL, None, None),
    ]
    assert (day["previous_session"], day["hypothetical_pnl"]) == ("2022-12-27", -113.45)
    assert (day["trades"], day["income"]) == (-10.0, 10.3)
    assert sum(pnl or 0.0 for _, pnl, _ in shown) - day["trades"] + day["income"] == pytest.approx(
        day["hypothetical_pnl"]
    )
    assert day["positions"][0]["share_of_total"] == pytest.approx(190.25 / 113.45)


async def let_positions_make(admin: Database, book: StoredBook, pnl: dict[str, float]) -> None:
    """Store the positions' P&L of the session, of which trading away from the close lost 10."""
    change = "update snapshots.position_valuations set daily_pnl = :pnl where position_id = :id"
    traded = "update snapshots.portfolio_snapshots set trades_pnl = -10 where as_of = :day"
    async with admin.transaction() as session:
        for symbol, amount in pnl.items():
            named = {"pnl": amount, "id": book.positions[symbol]}
            await session.execute(text(change), named)
        await session.execute(text(traded), {"day": AS_OF})


async def test_a_session_that_cannot_be_judged_says_why(
    market: None, ann: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)
    route = f"portfolios/{book.portfolio_id}/var-backtest"

    first = (await ann.get(f"{route}/2022-12-27")).json()
    none = (await ann.get(f"{route}/2020-01-02")).json()

    assert (first["positions"], first["reason"]) == ([], "the first snapshot has no P&L")
    assert none["reason"] == "the portfolio has no snapshot of that session"
    for wrong in ("yesterday", "2022-12-28?confidence=90"):
        assert (await ann.get(f"{route}/{wrong}")).status_code == 422
