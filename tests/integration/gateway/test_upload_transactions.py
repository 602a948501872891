"""Upload of transactions: they become lines of the ledger, and a repeated file enters nothing."""

from datetime import date
from typing import Any

import pytest

from services.ingest.tables import CorporateAction
from shared.database import Database
from tests.builders import AS_OF, a_price, save, save_prices
from tests.integration.gateway.people import Person

pytestmark = pytest.mark.usefixtures("market")
BLOTTER = b"""trade_id,symbol,side,quantity,price,commission,trade_date,settlement_date
T-001,AAPL,BUY,200,150.00,1.00,2022-11-01,2022-11-03
T-002,XOM,SELL,150,112.00,,2022-11-07,2022-11-09
T-003,MSFT,SHORT,40,240.00,,2022-11-10,2022-11-14
T-004,AAPL,SELL,50,155.00,,2022-11-15,2022-11-17
"""
CASH = b"""date,type,symbol,quantity,price,amount,id
2022-11-01,deposit,,,,10000,C-1
2022-11-18,OEXP,AAPL,1,,,C-2
2022-12-01,dividend,AAPL,,,46.00,C-3
2022-12-02,buy,AAPL,10,150,,
2022-12-05,buy,AAPL,ten,150,,
"""


async def uploaded(person: Person, data: bytes, **form: Any) -> dict[str, Any]:
    answer = await person.upload(data, **form)
    assert answer.status_code in (200, 201), answer.text
    report: dict[str, Any] = answer.json()
    return report


@pytest.mark.parametrize("use", ["positions", "transactions"])
async def test_a_table_that_was_not_read_is_a_warning_with_its_line(ann: Person, use: str) -> None:
    held = b"ticker,quantity,entry_price,entry_date,tags\nAAPL,1,100,2022-06-01,\n\n"
    done = b"date,type,symbol,quantity,price\n2022-06-01,buy,MSFT,3,150\n2022-06-02,buy,XOM,4,80\n"

    report = await uploaded(ann, held + done, use=use, dry_run="true")

    (warning,) = [each for each in report["warnings"] if each["code"] == "table_not_read"]
    other, line = {"positions": ("transactions", 5), "transactions": ("positions", 2)}[use]
    assert warning["line"] == line
    assert f"use={other}" in warning["message"]


async def lines_of(person: Person, report: dict[str, Any]) -> list[dict[str, Any]]:
    portfolio_id = report["portfolio"]["portfolio_id"]
    answer = await person.get(f"portfolios/{portfolio_id}/transactions")
    items: list[dict[str, Any]] = answer.json()["items"]
    return [line for line in items if line["source"] == "file"]


async def held(person: Person, report: dict[str, Any]) -> dict[str, float]:
    portfolio_id = report["portfolio"]["portfolio_id"]
    items = (await person.get("positions", portfolio_id=portfolio_id)).json()["items"]
    quantities: dict[str, float] = {}
    for item in items:
        quantities[item["symbol"]] = quantities.get(item["symbol"], 0) + item["quantity"]
    return quantities


async def test_a_blotter_becomes_a_ledger_with_a_warning_of_what_was_not_held(ann: Person) -> None:
    report = await uploaded(ann, BLOTTER)

    assert report["source"]["format"] == "transactions"
    assert report["source"]["ignored"] == ["settlement_date"]
    assert report["stated_on"] == "entry_date"
    assert report["receipt"] == {
        "rows": 4, "new": 4, "updated": 0, "unchanged": 0, "refused": 0, "skipped": 0,
    }  # fmt: skip
    assert [(each["line"], each["code"]) for each in report["warnings"]] == [(3, "more_than_held")]
    assert report["warnings"][0]["message"] == (
        "sells 150 XOM more than held: a short lot is opened"
    )
    assert await held(ann, report) == {"AAPL": 150, "XOM": -150, "MSFT": -40}
    assert [line["kind"] for line in await lines_of(ann, report)] == [
        "buy", "sell", "sell_short", "sell",
    ]  # fmt: skip
    assert report["run_id"] is not None


async def test_a_repeated_file_enters_nothing(ann: Person) -> None:
    first = await uploaded(ann, BLOTTER)
    again = await uploaded(ann, BLOTTER + b"T-005,AAPL,BUY,1,150,,2022-12-01,\n")

    assert (again["receipt"]["new"], again["receipt"]["skipped"]) == (1, 4)
    assert {line["code"] for line in again["source"]["skipped"]} == {"known_id"}
    assert await held(ann, first) == {"AAPL": 151, "XOM": -150, "MSFT": -40}
    nothing = await uploaded(ann, BLOTTER)
    assert (nothing["receipt"]["new"], nothing["run_id"]) == (0, None)


async def test_a_reversed_line_is_entered_again(ann: Person) -> None:
    report = await uploaded(ann, BLOTTER)
    sold = next(line for line in await lines_of(ann, report) if line["external_id"] == "T-004")
    path = f"portfolios/{report['portfolio']['portfolio_id']}/transactions"
    await ann.post(f"{path}/{sold['transaction_id']}/reverse", {})
    assert (await held(ann, report))["AAPL"] == 200

    again = await uploaded(ann, BLOTTER)

    assert [line["external_id"] for line in again["transactions"]] == ["T-004"]
    assert (await held(ann, report))["AAPL"] == 150


async def test_cash_is_entered_and_what_is_derived_is_skipped(ann: Person) -> None:
    report = await uploaded(ann, CASH)

    assert report["receipt"] == {
        "rows": 5, "new": 3, "updated": 0, "unchanged": 0, "refused": 1, "skipped": 1,
    }  # fmt: skip
    assert [(each["line"], each["code"]) for each in report["source"]["skipped"]] == [
        (3, "derived")
    ]
    assert [(each["line"], each["field"]) for each in report["problems"]] == [(6, "quantity")]
    lines = await lines_of(ann, report)
    assert [(line["kind"], line["amount"]) for line in lines] == [
        ("deposit", 10000), ("dividend", 46), ("buy", None),
    ]  # fmt: skip
    flows = await ann.get(f"portfolios/{report['portfolio']['portfolio_id']}/cash-flows")
    assert [flow["amount"] for flow in flows.json()["items"]] == [10000]


async def test_a_dry_run_and_a_refused_file_write_nothing(ann: Person) -> None:
    preview = await uploaded(ann, CASH, dry_run="true")
    refused = await ann.upload(CASH, mode="all_or_nothing")

    assert (preview["portfolio"], preview["receipt"]["new"]) == (None, 3)
    assert (refused.status_code, refused.json()["code"]) == (422, "rows_rejected")
    assert (await ann.get("portfolios")).json()["total"] == 0


async def test_lines_are_in_the_shares_of_their_trade_dates(ann: Person, admin: Database) -> None:
    split = {"symbol": "AAPL", "ex_date": AS_OF.replace(day=23), "kind": "split", "source": "test"}
    await save_prices(admin, a_price("AAPL", date(2022, 12, 1), 400), a_price("AAPL", AS_OF, 100))
    await save(admin, CorporateAction, [{**split, "value": 4}])

    report = await uploaded(
        ann,
        b"date,type,symbol,quantity,price\n2022-12-01,buy,AAPL,10,400\n2022-12-27,buy,AAPL,40,100",
    )

    portfolio_id = report["portfolio"]["portfolio_id"]
    exported = await ann.get("positions/export", portfolio_id=portfolio_id, format="json")
    lots = exported.json()["positions"]
    assert [(lot["quantity"], lot["entry_price"]) for lot in lots] == [(40, 100), (40, 100)]


UNNAMED = b"""date,type,symbol,quantity,price
2022-12-01,buy,AAPL,10,150
2022-12-02,sell,AAPL,4,151
"""


async def test_a_repeated_line_without_an_id_is_a_warning_with_both(ann: Person) -> None:
    first = await uploaded(ann, UNNAMED)
    lines = await lines_of(ann, first)

    preview = await uploaded(ann, UNNAMED, dry_run="true")
    again = await uploaded(ann, UNNAMED)

    for report in (preview, again):
        found = [each for each in report["warnings"] if each["code"] == "line_exists"]
        assert [each["line"] for each in found] == [2, 3]
        for each, line in zip(found, lines, strict=True):
            assert line["transaction_id"] in each["message"]
    assert (again["receipt"]["new"], len(await lines_of(ann, first))) == (2, 4)
    assert await held(ann, first) == {"AAPL": 12}


async def test_a_repeated_line_is_refused_where_that_is_wanted(ann: Person) -> None:
    first = await uploaded(ann, UNNAMED)
    longer = UNNAMED + b"2022-12-05,buy,AAPL,1,150\n"

    again = await uploaded(ann, longer, duplicates="refuse")
    twice = await uploaded(ann, longer + b"2022-12-05,buy,AAPL,1,150\n")

    assert [(each["line"], each["code"]) for each in again["problems"]] == [
        (2, "line_exists"),
        (3, "line_exists"),
    ]
    assert (again["receipt"]["new"], again["receipt"]["refused"]) == (1, 2)
    assert await held(ann, first) == {"AAPL": 15}  # 6 at first, then 1, then 8
    # Each equal line counts once: the last row equals line 4 only.
    codes = [(each["line"], each["code"]) for each in twice["warnings"]]
    assert codes == [
        (2, "line_exists"), (3, "line_exists"), (4, "line_exists"), (5, "duplicate_row"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        b"2022-12-01,buy,AAPL,10,150.01\n",
        b"2022-12-01,buy,MSFT,10,150\n",
        b"2022-11-30,buy,AAPL,10,150\n",
    ],
)
async def test_a_line_that_differs_in_a_column_is_another_one(ann: Person, other: bytes) -> None:
    await uploaded(ann, UNNAMED)

    again = await uploaded(ann, UNNAMED.splitlines(keepends=True)[0] + other)

    assert again["warnings"] == []


async def test_a_repeated_json_line_is_a_warning_or_refused(ann: Person) -> None:
    book = (await uploaded(ann, UNNAMED))["portfolio"]["portfolio_id"]
    trade = {"trade_date": "2022-12-01", "symbol": "aapl", "quantity": "10.0", "price": 150}
    body = {"transactions": [{"kind": "deposit", "trade_date": "2022-12-01", "amount": 5}]}
    body["transactions"].append({"kind": "buy", **trade})
    path = f"portfolios/{book}/transactions"

    refused = await ann.post(f"{path}?duplicates=refuse", body)
    saved = await ann.post(path, body)

    assert refused.status_code == 422
    assert [(each["field"], each["code"]) for each in refused.json()["errors"]] == [
        ("transactions.1", "line_exists")
    ]
    (warning,) = saved.json()["warnings"]
    assert (warning["code"], len(warning["about"])) == ("line_exists", 1)
    assert warning["message"].startswith("transactions.1 equals transaction ")


async def test_a_dry_run_shows_what_would_be_sold_beyond_what_is_held(ann: Person) -> None:
    for _ in range(2):
        preview = await uploaded(ann, BLOTTER, dry_run="true")
        assert (await ann.get("portfolios")).json()["total"] == 0
        codes = [(each["line"], each["code"]) for each in preview["warnings"]]
        assert codes == [(3, "more_than_held")]
        assert preview["run_id"] is None

    await uploaded(ann, BLOTTER)
    more = b"date,type,symbol,quantity,price\n2022-12-01,sell,AAPL,160,150\n"
    beyond = await uploaded(ann, more, dry_run="true", portfolio_name="book")
    within = await uploaded(ann, more.replace(b"160", b"150"), dry_run="true")

    assert [each["code"] for each in beyond["warnings"]] == ["more_than_held"]
    assert within["warnings"] == []
