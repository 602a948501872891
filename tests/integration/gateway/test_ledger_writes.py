"""Every write is a line of the ledger: positions, exits, files, cash flows and equity."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.gateway.books.keeping import anchor_portfolios
from services.gateway.edge.dependencies import Gateway
from shared.database import Database
from tests.builders import AS_OF
from tests.integration.gateway.people import HEADER, Person, a_schwab_export
from tests.integration.gateway.seeds import a_stored_book

pytestmark = pytest.mark.usefixtures("market")

EXITS = "Symbol,Quantity,Entry Price Per Share,Entry Date,Exit Date,Exit Price Per Share\n"
PARTLY_CLOSED = EXITS + "AAPL,60,148.00,2022-12-01,,\nAAPL,40,148.00,2022-12-01,2022-12-15,137.00\n"
SAME_DAY = HEADER + "AAPL,100,130,2022-12-20,\nAAPL,50,131.5,2022-12-20,\n"
REENTERED = EXITS + "AAPL,100,130,2022-12-20,2022-12-20,131\nAAPL,100,130.5,2022-12-20,,\n"
DOUBLES = HEADER + "AAPL,10,130,2022-12-20,\nMSFT,1,240,2022-12-20,\nAAPL,10,130,2022-12-20,\n"
SCHWAB = a_schwab_export("23")
POSITION: dict[str, Any] = {
    "symbol": "AAPL",
    "quantity": 10,
    "entry_price": 150.25,
    "entry_date": "2022-06-01",
}


async def lines(admin: Database, portfolio_id: str) -> list[tuple[Any, ...]]:
    """Kind, day, quantity or amount, and price of the lines that count, in order of entry."""
    query = text(
        "select kind, trade_date::text, coalesce(quantity, amount), price "
        "from gateway.transactions line where portfolio_id = :book and reverses is null and not "
        "exists (select from gateway.transactions where reverses = line.transaction_id) "
        "order by sequence"
    )
    async with admin.transaction() as session:
        return [tuple(row) for row in await session.execute(query, {"book": UUID(portfolio_id)})]


async def every_line(admin: Database, portfolio_id: str) -> int:
    """How many lines there are, reversals and what they reversed included."""
    query = text("select count(*) from gateway.transactions where portfolio_id = :book")
    async with admin.transaction() as session:
        return int(await session.scalar(query, {"book": UUID(portfolio_id)}) or 0)


async def valued_from(admin: Database, portfolio_id: str) -> date | None:
    """The session that the portfolio's NAV starts from."""
    query = text("select valued_from from gateway.portfolios where portfolio_id = :book")
    async with admin.transaction() as session:
        found: date | None = await session.scalar(query, {"book": UUID(portfolio_id)})
        return found


async def an_empty_book(person: Person, **terms: Any) -> str:
    answer = await person.post("portfolios", {"name": "Book", **terms})
    return str(answer.json()["portfolio_id"])


async def loaded(person: Person, data: str, **form: str) -> dict[str, Any]:
    answer = await person.upload(data.encode(), **form)
    assert answer.status_code in (200, 201), answer.text
    report: dict[str, Any] = answer.json()
    return report


async def held(person: Person, portfolio_id: str) -> list[dict[str, Any]]:
    page = await person.get("positions", portfolio_id=portfolio_id, status="all", sort="quantity")
    items: list[dict[str, Any]] = page.json()["items"]
    return items


# --- positions ---


async def test_a_position_is_an_opening_and_an_exit_a_sale_of_its_lot(
    ann: Person, admin: Database
) -> None:
    book = await an_empty_book(ann)
    position = (await ann.post("positions", {**POSITION, "tags": ["core"]})).json()
    path = f"positions/{position['position_id']}"

    await ann.request("PUT", path, json={"exit_date": "2022-12-20", "exit_price": 160})
    closed = await lines(admin, book)
    await ann.request("PUT", path, json={"exit_price": 161})
    await ann.request("PUT", path, json={"quantity": 12})
    changed = await lines(admin, book)
    await ann.request("PUT", path, json={"exit_date": None, "exit_price": None})
    opened = await lines(admin, book)

    assert closed == [("opening", "2022-06-01", 10, 150.25), ("sell", "2022-12-20", -10, 160)]
    assert changed == [("opening", "2022-06-01", 12, 150.25), ("sell", "2022-12-20", -12, 161)]
    assert opened == [("opening", "2022-06-01", 12, 150.25)]
    assert await every_line(admin, book) == 9  # five were written, four of them reversed
    (now,) = await held(ann, book)
    assert (now["position_id"], now["tags"]) == (position["position_id"], ["core"])


async def test_a_deleted_position_is_reversed_with_what_names_it(
    ann: Person, admin: Database
) -> None:
    book = await an_empty_book(ann)
    position = (
        await ann.post("positions", {**POSITION, "exit_date": "2022-12-20", "exit_price": 9})
    ).json()

    deleted = await ann.request("DELETE", f"positions/{position['position_id']}")

    assert deleted.status_code == 204
    assert (await lines(admin, book), await held(ann, book)) == ([], [])
    assert await every_line(admin, book) == 4


async def test_a_lot_that_a_trade_opened_is_corrected_by_its_transaction(ann: Person) -> None:
    book = await an_empty_book(ann)
    trade = {"kind": "buy", "trade_date": "2022-12-01", "symbol": "AAPL", "quantity": 5}
    await ann.post(f"portfolios/{book}/transactions", {"transactions": [{**trade, "price": 100}]})
    (lot,) = await held(ann, book)
    path = f"positions/{lot['position_id']}"

    edited = await ann.request("PUT", path, json={"quantity": 6})
    deleted = await ann.request("DELETE", path)
    tagged = await ann.request("PUT", f"{path}/tags", json={"tags": ["mine"]})
    renamed = await ann.request("PUT", path, json={"tags": ["yours"]})
    data = HEADER + "AAPL,6,100,2022-12-01,\nAAPL,7,9,2022-12-02,\n"
    report = await loaded(ann, data, portfolio_id=book)

    for refused in (edited, deleted):
        assert (refused.status_code, refused.json()["code"]) == (409, "lot_of_a_trade")
        assert "reverse transaction" in refused.json()["detail"]
    assert (tagged.status_code, renamed.json()["tags"]) == (200, ["yours"])
    assert (report["new"], report["rejected"]) == (1, 1)
    assert [(one["line"], one["code"]) for one in report["problems"]] == [(2, "lot_of_a_trade")]


async def test_the_rest_of_a_lot_sold_in_part_is_closed_by_an_exit(
    ann: Person, admin: Database
) -> None:
    book = await an_empty_book(ann)
    position = (await ann.post("positions", POSITION)).json()
    path = f"positions/{position['position_id']}"
    sale = {"kind": "sell", "trade_date": "2022-12-01", "symbol": "AAPL", "quantity": 4}
    await ann.post(f"portfolios/{book}/transactions", {"transactions": [{**sale, "price": 160}]})

    more = await ann.request("PUT", path, json={"quantity": 20})
    exited = await ann.request("PUT", path, json={"exit_date": "2022-12-20", "exit_price": 170})

    assert (more.status_code, more.json()["code"]) == (409, "lot_closed_by_trades")
    assert exited.status_code == 200, exited.text
    assert [line[:3] for line in await lines(admin, book)] == [
        ("opening", "2022-06-01", 10),
        ("sell", "2022-12-01", -4),
        ("sell", "2022-12-20", -6),
    ]


async def test_edits_beside_each_other_are_each_whole(ann: Person, admin: Database) -> None:
    book = await an_empty_book(ann)
    position = (await ann.post("positions", POSITION)).json()
    path = f"positions/{position['position_id']}"

    answers = await asyncio.gather(
        *(ann.request("PUT", path, json={"quantity": number}) for number in range(11, 17)),
        *(ann.post("positions", {**POSITION, "quantity": number}) for number in range(1, 4)),
    )

    assert {answer.status_code for answer in answers} <= {200, 201}
    counting = await lines(admin, book)
    assert len(counting) == len(await held(ann, book)) == 4
    assert {line[0] for line in counting} == {"opening"}


# --- files ---


async def test_parts_of_a_lot_and_lots_of_one_day_all_load(ann: Person, admin: Database) -> None:
    parted = await loaded(ann, PARTLY_CLOSED, portfolio_name="f07")
    same_day = await loaded(ann, SAME_DAY, portfolio_name="f07b")
    reentered = await loaded(ann, REENTERED, portfolio_name="f07c")

    reports = (parted, same_day, reentered)
    assert [(report["new"], report["rejected"]) for report in reports] == [(2, 0)] * 3
    books = [report["portfolio"]["portfolio_id"] for report in reports]
    sold, kept = await held(ann, books[0])
    assert (sold["quantity"], sold["realised_pnl"], kept["quantity"]) == (40, -440, 60)
    assert [lot["quantity"] for lot in await held(ann, books[1])] == [50, 100]
    assert {lot["realised_pnl"] for lot in await held(ann, books[2])} == {100, None}
    for book, data in zip(books, (PARTLY_CLOSED, SAME_DAY, REENTERED), strict=True):
        again = await loaded(ann, data, portfolio_id=book)
        assert (again["unchanged"], again["run_id"]) == (2, None)


async def test_rows_find_their_lots_in_any_order(ann: Person) -> None:
    book = (await loaded(ann, SAME_DAY))["portfolio"]["portfolio_id"]
    ids = {lot["quantity"]: lot["position_id"] for lot in await held(ann, book)}

    turned = HEADER + "AAPL,55,131.5,2022-12-20,\nAAPL,7,99,2022-12-20,\nAAPL,100,130,2022-12-20,\n"
    report = await loaded(ann, turned, portfolio_id=book)

    assert [change["kind"] for change in report["changes"]] == ["updated", "new", "unchanged"]
    after = {lot["quantity"]: lot["position_id"] for lot in await held(ann, book)}
    assert (after[55], after[100]) == (ids[50], ids[100])


async def test_equal_rows_are_as_many_lots_with_a_warning(ann: Person) -> None:
    report = await loaded(ann, DOUBLES)
    book = report["portfolio"]["portfolio_id"]
    again = await loaded(ann, DOUBLES, portfolio_id=book)

    assert (report["new"], again["unchanged"], len(await held(ann, book))) == (3, 3, 3)
    (warning,) = report["warnings"]
    assert (warning["code"], warning["line"]) == ("duplicate_row", 4)
    assert "line 2" in warning["message"]


@pytest.mark.parametrize("place", ["data", "params"])
async def test_equal_rows_are_refused_where_that_is_wanted(ann: Person, place: str) -> None:
    files = {"file": ("book.csv", DOUBLES.encode(), "text/csv")}
    wanted: dict[str, Any] = {place: {"duplicates": "refuse"}}

    report = (await ann.request("POST", "portfolio/upload", files=files, **wanted)).json()

    assert (report["new"], report["rejected"]) == (2, 1)
    assert [(one["line"], one["code"]) for one in report["problems"]] == [(4, "duplicate_row")]


async def test_the_receipt_adds_up_and_totals_stand_beside_the_books(ann: Person) -> None:
    await loaded(ann, SAME_DAY, portfolio_name="Book")
    data = SAME_DAY + "MSFT,-10,240,2022-12-20,\nXOM,0,1,2022-12-20,\nAAPL,1,1,2022-12-21,\n"

    first = await loaded(ann, data, portfolio_name="Book")
    export = await loaded(ann, SCHWAB, portfolio_name="Schwab")

    assert first["receipt"] == {
        **{"rows": 5, "new": 2, "updated": 0, "unchanged": 2, "refused": 1, "skipped": 0}
    }
    file = {"lots": 4, "long_cost": 19576, "short_cost": -2400, "cash": None}
    assert first["totals"] == {"file": file, "portfolio": file, "export": None}
    assert export["receipt"] == {
        **{"rows": 3, "new": 1, "updated": 0, "unchanged": 0, "refused": 0, "skipped": 2}
    }
    assert export["totals"]["file"]["cash"] == 20_000


@pytest.mark.parametrize(
    "row",
    [
        "AAPL,999999999999,1,2022-12-20,",
        "AAPL230616P00150000,1234567890,60,2022-12-20,",
        "AAPL,1,1000000000000,2022-12-20,",
        "AAPL,100000000,100000,2022-12-20,",
    ],
)
async def test_what_no_service_could_value_is_refused_by_its_field(ann: Person, row: str) -> None:
    symbol, quantity, price, day, _ = row.split(",")
    await an_empty_book(ann)
    terms = {"symbol": symbol, "quantity": quantity, "entry_price": price, "entry_date": day}

    answers = [await ann.upload((HEADER + row + "\n").encode()), await ann.post("positions", terms)]

    for answer in answers:
        assert answer.status_code == 422, answer.text
        assert [error["code"] for error in answer.json()["errors"]] == ["too_large"]
        assert answer.json()["errors"][0]["field"] in ("quantity", "entry_price")


async def test_equity_and_flows_beyond_what_can_be_stored_are_refused(ann: Person) -> None:
    book = await an_empty_book(ann)
    much = "1000000000000000"

    answers = [
        await ann.upload(equity_balance=much),
        await ann.post("portfolios", {"name": "Rich", "equity_balance": much}),
        await ann.request("PATCH", f"portfolios/{book}", json={"equity_balance": much}),
        await ann.post(
            f"portfolios/{book}/cash-flows", {"flow_date": "2022-12-01", "amount": f"-{much}"}
        ),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too_large")


# --- equity and the start of NAV ---


async def test_equity_of_an_export_is_of_the_exports_day(ann: Person, admin: Database) -> None:
    portfolio = (await loaded(ann, SCHWAB))["portfolio"]
    book = portfolio["portfolio_id"]

    assert (portfolio["equity_balance"], portfolio["equity_date"]) == (32_567, "2022-12-23")
    assert ("equity", "2022-12-23", 32_567, None) in await lines(admin, book)
    assert await valued_from(admin, book) == AS_OF


async def test_equity_sent_with_a_file_is_of_the_session_it_is_valued_on(
    ann: Person, admin: Database
) -> None:
    latest = await loaded(ann, SAME_DAY, portfolio_name="A", equity_balance="5")
    dated = await loaded(
        ann, SAME_DAY, portfolio_name="B", equity_balance="6", equity_date="2022-12-25"
    )
    book = latest["portfolio"]["portfolio_id"]
    same = await loaded(ann, SAME_DAY, portfolio_id=book, equity_balance="5")
    other = await loaded(ann, SAME_DAY, portfolio_id=book, equity_balance="7")

    assert latest["portfolio"]["equity_date"] == "2022-12-28"
    assert dated["portfolio"]["equity_date"] == "2022-12-23"  # the session before Christmas
    assert (same["run_id"], other["run_id"] is not None) == (None, True)
    equity = [line for line in await lines(admin, book) if line[0] == "equity"]
    assert equity == [("equity", "2022-12-28", 7, None)]


async def test_equity_given_before_any_transaction_waits_for_the_first(
    ann: Person, admin: Database
) -> None:
    book = await an_empty_book(ann, equity_balance=1000)
    waiting = (await ann.get(f"portfolios/{book}")).json()
    before = await lines(admin, book)

    await ann.post("positions", POSITION)
    given = (await ann.get(f"portfolios/{book}")).json()

    assert (waiting["equity_balance"], waiting["equity_date"], before) == (1000, None, [])
    assert (given["equity_balance"], given["equity_date"]) == (1000, "2022-12-28")
    assert ("equity", "2022-12-28", 1000, None) in await lines(admin, book)


async def test_another_equity_reverses_the_one_before(ann: Person, admin: Database) -> None:
    book = (await loaded(ann, SCHWAB))["portfolio"]["portfolio_id"]
    path = f"portfolios/{book}"

    changed = (await ann.request("PATCH", path, json={"equity_balance": 40_000})).json()
    gone = (await ann.request("PATCH", path, json={"equity_balance": None})).json()
    again = (await ann.request("PATCH", path, json={"equity_balance": 5})).json()

    assert (changed["equity_balance"], changed["equity_date"]) == (40_000, "2022-12-23")
    assert (gone["equity_balance"], gone["equity_date"]) == (None, None)
    assert (again["equity_balance"], again["equity_date"]) == (5, "2022-12-28")
    equity = [line for line in await lines(admin, book) if line[0] == "equity"]
    assert equity == [("equity", "2022-12-28", 5, None)]


async def test_nav_starts_on_the_session_of_the_first_entry(ann: Person, admin: Database) -> None:
    saturday = HEADER + "AAPL,10,130,2022-12-24,\n"
    report = await loaded(ann, saturday, as_of="2022-12-24")
    book = report["portfolio"]["portfolio_id"]
    started = await valued_from(admin, book)

    await loaded(ann, HEADER + "MSFT,1,1,2022-01-03,\n", portfolio_id=book)

    assert started == date(2022, 12, 27)  # Monday is a holiday
    assert await valued_from(admin, book) == started


async def test_older_portfolios_start_with_their_first_snapshot(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = (await a_stored_book(ann, admin)).portfolio_id
    forget = "update gateway.portfolios set valued_from = null, equity_balance = 7"
    async with admin.transaction() as session:
        await session.execute(text(forget))

    for _ in range(2):
        async with gateway.database.transaction() as session:
            await anchor_portfolios(session)

    assert await valued_from(admin, book) == date(2022, 12, 27)
    first = [line for line in await lines(admin, book) if line[1] == "2022-12-27"]
    assert first == [("equity", "2022-12-27", 7, None)]


async def test_flows_are_lines_and_their_deletion_a_reversal(ann: Person, admin: Database) -> None:
    book = await an_empty_book(ann)
    path = f"portfolios/{book}/cash-flows"
    added = (await ann.post(path, {"flow_date": "2022-12-01", "amount": 100})).json()
    taken = (await ann.post(path, {"flow_date": "2022-12-02", "amount": -30})).json()

    both = await lines(admin, book)
    await ann.request("DELETE", f"{path}/{added['cash_flow_id']}")

    assert both == [
        ("deposit", "2022-12-01", 100, None),
        ("withdrawal", "2022-12-02", Decimal(-30), None),
    ]
    listed = (await ann.get(path)).json()
    assert [item["cash_flow_id"] for item in listed["items"]] == [taken["cash_flow_id"]]
    assert await every_line(admin, book) == 3


@pytest.mark.parametrize(
    "line",
    [
        {"kind": "deposit", "amount": 6_000_000_000_000},
        {"kind": "buy", "symbol": "AAPL", "quantity": 1, "price": 1, "fees": 6_000_000_000_000},
    ],
)
async def test_a_portfolio_too_large_as_a_whole_is_refused(
    ann: Person, line: dict[str, Any]
) -> None:
    book = (await ann.post("portfolios", {"name": "Large"})).json()["portfolio_id"]
    lines = {"transactions": [{**line, "trade_date": "2022-12-20"}]}

    first = await ann.post(f"portfolios/{book}/transactions", lines)
    second = await ann.post(f"portfolios/{book}/transactions", lines)

    assert (first.status_code, second.status_code) == (201, 422)
    assert second.json()["code"] == "portfolio_too_large"


async def test_a_position_sold_in_part_is_not_deleted(ann: Person) -> None:
    sold = {"kind": "sell", "trade_date": "2022-12-21", "symbol": "MSFT", "quantity": 20}
    terms = {"symbol": "MSFT", "quantity": 50, "entry_price": 240, "entry_date": "2022-12-05"}
    book = (await ann.post("portfolios", {"name": "Sold"})).json()["portfolio_id"]
    held = (await ann.post("positions", {**terms, "portfolio_id": book})).json()["position_id"]
    await ann.post(f"portfolios/{book}/transactions", {"transactions": [{**sold, "price": 241}]})

    deleted = await ann.request("DELETE", f"positions/{held}")

    assert (deleted.status_code, deleted.json()["code"]) == (409, "lot_closed_by_trades")
