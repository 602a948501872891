"""Positions one by one: entered, read with what was measured of them, edited, closed, deleted."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from services.gateway.runs import starting
from services.gateway.tables import AuditEntry, BatchRun, OutboxRow, PortfolioRevision
from shared.database import Database, sql_table
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import CALL, a_stored_book

TERMS: dict[str, Any] = {
    "symbol": "AAPL",
    "quantity": 10,
    "entry_price": 150.25,
    "entry_date": "2022-06-01",
}


async def a_portfolio(person: Person) -> str:
    """The id of the person's new, empty portfolio."""
    return str((await person.post("portfolios", {"name": "Book"})).json()["portfolio_id"])


async def a_position(person: Person, **terms: Any) -> dict[str, Any]:
    """A position just entered."""
    answer = await person.post("positions", {**TERMS, **terms})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def count(admin: Database, table: type[Any]) -> int:
    """How many rows a table has."""
    async with admin.transaction() as session:
        return int(await session.scalar(select(func.count()).select_from(sql_table(table))) or 0)


async def revision(admin: Database, portfolio_id: str) -> int:
    """The portfolio's revision, 0 before the first."""
    row = sql_table(PortfolioRevision).c
    async with admin.transaction() as session:
        found = await session.scalar(
            select(row.revision).where(row.portfolio_id == UUID(portfolio_id))
        )
    return int(found or 0)


# --- entering ---


@pytest.mark.usefixtures("market")
async def test_a_position_is_entered_and_its_run_started(ann: Person, admin: Database) -> None:
    portfolio_id = await a_portfolio(ann)

    saved = await a_position(ann, portfolio_id=portfolio_id, tags=["Tech", "core"])
    listed = (await ann.get("positions", portfolio_id=portfolio_id)).json()["items"]

    assert (saved["position_type"], saved["cost"], saved["tags"]) == (
        "LONG",
        1502.5,
        ["core", "Tech"],
    )
    assert saved["changed"]
    assert {name: saved[name] for name in listed[0]} == listed[0]
    async with admin.transaction() as session:
        run = (await session.execute(select(sql_table(BatchRun)))).mappings().one()
        emitted = (await session.execute(select(sql_table(OutboxRow)))).mappings().one()
    assert (str(run["run_id"]), str(run["as_of"])) == (saved["run_id"], "2022-12-28")
    assert emitted["payload"]["portfolio_ids"] == [portfolio_id]
    assert await revision(admin, portfolio_id) > 0


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize(
    "option",
    [
        {"symbol": "AAPL  230616C00150000"},
        {
            "symbol": None,
            "underlying": "AAPL",
            "strike": 150,
            "expiry": "2023-06-16",
            "option_type": "CALL",
        },
        {
            "symbol": None,
            "underlying": "aapl",
            "strike": "150",
            "expiry": "2023-06-16",
            "option_type": "c",
        },
    ],
)
async def test_an_option_is_named_by_symbol_or_by_terms(
    ann: Person, option: dict[str, Any]
) -> None:
    await a_portfolio(ann)

    saved = await a_position(ann, **option, quantity=-2)

    named = [
        saved[name]
        for name in ("symbol", "underlying", "option_type", "strike", "expiry", "multiplier")
    ]
    assert named == [CALL, "AAPL", "C", 150.0, "2023-06-16", 100]
    assert (saved["position_type"], saved["investment_class"], saved["cost"]) == (
        "SC",
        "OPTIONS",
        -30050.0,
    )


@pytest.mark.usefixtures("market")
async def test_a_private_holding_is_kept_under_its_own_name(ann: Person) -> None:
    await a_portfolio(ann)
    terms = {"investment_class": "PRIVATE", "investment_subtype": "Real estate"}

    saved = await a_position(ann, symbol="LAKE-HOUSE", **terms)
    edited = await ann.request("PUT", f"positions/{saved['position_id']}", json={"quantity": 2})

    assert [saved["symbol"], saved["investment_class"]] == ["LAKE-HOUSE", "PRIVATE"]
    assert "no_market_price" in {warning["code"] for warning in saved["warnings"]}
    assert [
        edited.json()[name] for name in ("quantity", "investment_class", "investment_subtype")
    ] == [
        2.0,
        "PRIVATE",
        "Real estate",
    ]


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize(
    ("terms", "field", "code"),
    [
        ({"quantity": 0}, "quantity", "zero_quantity"),
        ({"quantity": "1.1234567"}, "quantity", "too_many_decimals"),
        ({"quantity": None}, "quantity", "missing_value"),
        ({"entry_price": -1}, "entry_price", "price_not_positive"),
        ({"entry_price": 10**13}, "entry_price", "too_large"),
        ({"entry_date": "2022-12-29"}, "entry_date", "date_in_future"),
        ({"entry_date": "01/06/2022"}, "entry_date", "invalid_date"),
        ({"exit_date": "2022-05-01", "exit_price": 9}, "exit_date", "exit_before_entry"),
        ({"symbol": "NOSUCH"}, "symbol", "unknown_symbol"),
        ({"symbol": "AAPL231301C00150000"}, "symbol", "invalid_symbol"),
        ({"symbol": None}, "symbol", "missing_value"),
        (
            {"symbol": None, "underlying": "AAPL", "strike": 1, "expiry": "2023-06-16"},
            "option_type",
            "missing_value",
        ),
        ({"tags": ["a;b"]}, "tags", "invalid_tag"),
        ({"tags": ["a,b"]}, "tags", "invalid_tag"),
        ({"tags": [f"t{n}" for n in range(21)]}, "tags", "too_many_tags"),
        ({"investment_class": "WEIRD"}, "investment_class", "unknown_class"),
    ],
)
async def test_the_rules_are_those_of_position_files(
    ann: Person, terms: dict[str, Any], field: str, code: str
) -> None:
    await a_portfolio(ann)

    answer = await ann.post("positions", {**TERMS, **terms})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_position")
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert (await ann.get("positions")).json()["total"] == 0


@pytest.mark.usefixtures("market")
async def test_everything_wrong_is_said_at_once_in_the_words_of_the_api(ann: Person) -> None:
    await a_portfolio(ann)

    answer = await ann.post("positions", {**TERMS, "quantity": 0, "entry_price": 0, "tags": [""]})

    errors = answer.json()["errors"]
    assert {error["field"] for error in errors} == {"quantity", "entry_price", "tags"}
    assert "per_share" not in answer.text


@pytest.mark.usefixtures("market")
async def test_several_lots_of_one_instrument_and_day_are_several_positions(ann: Person) -> None:
    await a_portfolio(ann)
    first = await a_position(ann)

    again = await a_position(ann, quantity=5)
    other = await a_position(ann, entry_date="2022-06-02")
    moved = await ann.request(
        "PUT", f"positions/{other['position_id']}", json={"entry_date": "2022-06-01"}
    )
    page = (await ann.get("positions")).json()

    assert moved.status_code == 200
    assert {item["position_id"]: item["quantity"] for item in page["items"]} == {
        first["position_id"]: 10,
        again["position_id"]: 5,
        other["position_id"]: 10,
    }
    assert {item["entry_date"] for item in page["items"]} == {"2022-06-01"}


@pytest.mark.usefixtures("market")
async def test_one_key_enters_one_position(ann: Person) -> None:
    await a_portfolio(ann)
    once = {"headers": {"Idempotency-Key": "k"}, "json": TERMS}

    first, second = [await ann.request("POST", "positions", **once) for _ in range(2)]

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert (await ann.get("positions")).json()["total"] == 1


# --- reading ---


async def test_positions_show_what_was_measured_of_them(
    ann: Person, admin: Database, market: None
) -> None:
    book = await a_stored_book(ann, admin)

    page = (await ann.get("positions", portfolio_id=book.portfolio_id)).json()
    rows = {item["symbol"]: item for item in page["items"]}
    one = (await ann.get(f"positions/{book.positions[CALL]}")).json()

    assert (page["valued_on"], page["reason"], page["total"]) == ("2022-12-28", None, 4)
    assert (rows["AAPL"]["market_value"], rows["AAPL"]["price"]) == (13000.0, 130.0)
    assert rows["AAPL"]["weight"] == pytest.approx(13 / 28)
    assert rows["AAPL"]["greeks"] == {
        "delta": 100.0,
        "gamma": 0.0,
        "theta": 0.0,
        "vega": 0.0,
        "rho": 0.0,
    }
    assert one["greeks"] == {"delta": 100.0, "gamma": 3.0, "theta": -4.0, "vega": 50.0, "rho": 20.0}
    assert (one["notional_exposure"], one["delta_adjusted_exposure"]) == (26000.0, 13000.0)
    assert (rows["XOM"]["delta_adjusted_exposure"], rows["XOM"]["reason"]) == (
        None,
        "no delta on the session",
    )
    assert one == rows[CALL]


async def test_before_the_first_run_values_are_null_with_a_reason(
    ann: Person, market: None
) -> None:
    portfolio_id = await ann.uploaded()

    page = (await ann.get("positions", portfolio_id=portfolio_id)).json()

    assert page["valued_on"] is None
    assert "no snapshot" in page["reason"]
    assert all(
        item["market_value"] is None and "no snapshot" in item["reason"] for item in page["items"]
    )
    assert [item["cost"] for item in page["items"]] == [10000.0, -10000.0]


async def test_an_edited_position_has_no_value_until_it_is_measured_again(
    ann: Person, admin: Database, market: None
) -> None:
    book = await a_stored_book(ann, admin)

    saved = await ann.request("PUT", f"positions/{book.positions['AAPL']}", json={"quantity": 101})

    assert (saved.json()["market_value"], saved.json()["valued_on"]) == (None, None)
    assert "its run has not ended" in saved.json()["reason"]


async def test_positions_are_sorted_by_what_was_measured(
    ann: Person, admin: Database, market: None
) -> None:
    await a_stored_book(ann, admin)
    wanted = {
        "market_value": "MSFT",
        "-market_value": "AAPL",
        "weight": "XOM",
        "-notional_exposure": CALL,
    }

    pages = {sort: (await ann.get("positions", sort=sort)).json() for sort in wanted}

    assert {sort: page["items"][0]["symbol"] for sort, page in pages.items()} == wanted


async def test_what_has_no_number_comes_last_both_ways(
    ann: Person, admin: Database, market: None
) -> None:
    await a_stored_book(ann, admin)

    for sort in ("delta_adjusted_exposure", "-delta_adjusted_exposure"):
        items = (await ann.get("positions", sort=sort)).json()["items"]
        assert items[-1]["symbol"] == "XOM"


@pytest.mark.usefixtures("market")
async def test_positions_are_filtered(ann: Person) -> None:
    filters: list[tuple[dict[str, Any], list[str]]] = [
        ({"type": "LC"}, [CALL]),
        ({"type": ["LONG", "SHORT"]}, ["AAPL", "MSFT"]),
        ({"tag": "tech"}, ["AAPL", "MSFT"]),
        ({"tag": ["TECH", "core"], "match": "all"}, ["AAPL"]),
        ({"underlying": "aapl"}, ["AAPL", CALL]),
        ({"search": "230616"}, [CALL]),
        ({"view": "shorts"}, ["MSFT"]),
        ({"status": "closed"}, ["XOM"]),
        ({"status": "open", "view": "longs"}, ["AAPL", CALL]),
        ({"status": "open", "as_of": "2022-07-01", "view": "longs"}, ["AAPL", "XOM"]),
    ]
    await a_portfolio(ann)
    await a_position(ann, tags=["tech", "core"])
    await a_position(ann, symbol="MSFT", quantity=-5, tags=["tech"])
    await a_position(ann, symbol=CALL, entry_date="2022-11-01")
    await a_position(ann, symbol="XOM", exit_date="2022-12-01", exit_price=100)

    pages = [await ann.get("positions", **{"status": "open", **query}) for query, _ in filters]

    assert [
        (query, [item["symbol"] for item in page.json()["items"]])
        for (query, _), page in zip(filters, pages, strict=True)
    ] == filters
    assert [page.json()["total"] for page in pages] == [len(symbols) for _, symbols in filters]


@pytest.mark.usefixtures("market")
async def test_pages_add_up_to_the_list(ann: Person) -> None:
    await ann.uploaded()

    pages = [(await ann.get("positions", limit=1, offset=start)).json() for start in range(3)]

    assert [[item["symbol"] for item in page["items"]] for page in pages] == [
        ["AAPL"],
        ["MSFT"],
        [],
    ]
    assert {page["total"] for page in pages} == {2}


# --- editing ---


@pytest.mark.usefixtures("market")
async def test_an_edit_changes_what_it_names_and_starts_a_run(ann: Person, admin: Database) -> None:
    portfolio_id = await a_portfolio(ann)
    before = await a_position(ann, tags=["core"])
    seen = await revision(admin, portfolio_id)

    answer = await ann.request("PUT", f"positions/{before['position_id']}", json={"quantity": -3})

    after = answer.json()
    assert (answer.status_code, after["quantity"], after["position_type"]) == (200, -3.0, "SHORT")
    assert [after[name] for name in ("symbol", "entry_price", "tags")] == ["AAPL", 150.25, ["core"]]
    assert after["run_id"] not in (None, before["run_id"])
    assert await revision(admin, portfolio_id) > seen


@pytest.mark.usefixtures("market")
async def test_an_edit_that_changes_nothing_starts_nothing(ann: Person, admin: Database) -> None:
    portfolio_id = await a_portfolio(ann)
    saved = await a_position(ann, tags=["core"])
    path = f"positions/{saved['position_id']}"
    seen = await revision(admin, portfolio_id)
    runs = await count(admin, BatchRun)
    entries = await count(admin, AuditEntry)

    same = await ann.request("PUT", path, json={**TERMS, "quantity": "10.00", "tags": ["CORE"]})
    tagged = await ann.request("PUT", f"{path}/tags", json={"tags": ["core"]})

    for answer in (same, tagged):
        assert (answer.status_code, answer.json()["changed"], answer.json()["run_id"]) == (
            200,
            False,
            None,
        )
    assert (await count(admin, BatchRun), await count(admin, AuditEntry)) == (runs, entries)
    assert await revision(admin, portfolio_id) == seen


@pytest.mark.usefixtures("market")
async def test_an_exit_closes_a_position_and_null_reopens_it(ann: Person) -> None:
    await a_portfolio(ann)
    path = f"positions/{(await a_position(ann))['position_id']}"

    closed = await ann.request(
        "PUT", path, json={"exit_date": "2022-12-01", "exit_price": "160.25"}
    )
    gone = (await ann.get("positions", status="open")).json()["total"]
    opened = await ann.request("PUT", path, json={"exit_date": None, "exit_price": None})

    assert (closed.json()["exit_date"], closed.json()["realised_pnl"], gone) == (
        "2022-12-01",
        100.0,
        0,
    )
    assert (opened.json()["exit_date"], opened.json()["realised_pnl"]) == (None, None)
    assert (await ann.get("positions", status="open")).json()["total"] == 1


@pytest.mark.usefixtures("market")
async def test_terms_of_an_option_are_changed_one_by_one(ann: Person) -> None:
    await a_portfolio(ann)
    saved = await a_position(ann, symbol=CALL)

    answer = await ann.request(
        "PUT", f"positions/{saved['position_id']}", json={"option_type": "PUT", "strike": 140}
    )

    assert (answer.json()["symbol"], answer.json()["position_type"]) == (
        "AAPL230616P00140000",
        "LP",
    )


@pytest.mark.usefixtures("market")
async def test_a_broken_edit_leaves_everything_as_it_was(ann: Person) -> None:
    await a_portfolio(ann)
    path = f"positions/{(await a_position(ann))['position_id']}"
    before = (await ann.get(path)).json()

    answer = await ann.request("PUT", path, json={"quantity": 0, "tags": ["new"]})

    assert answer.status_code == 422
    assert (await ann.get(path)).json() == before
    assert (await ann.get("tags")).json()["total"] == 0


async def test_earlier_snapshots_are_taken_again(
    ann: Person, admin: Database, market: None
) -> None:
    book = await a_stored_book(ann, admin)

    answer = await ann.request(
        "PUT", f"positions/{book.positions['XOM']}", json={"entry_price": 91}
    )

    restated = answer.json()["restated"]
    assert restated == {"first": "2022-12-27", "last": "2022-12-27", "count": 1}
    async with admin.transaction() as session:
        days = await session.scalars(
            select(sql_table(BatchRun).c.as_of)
            .order_by(sql_table(BatchRun).c.started_at.desc())
            .limit(2)
        )
    assert {str(day) for day in days} == {"2022-12-27", "2022-12-28"}


async def test_an_edit_waits_while_too_many_runs_go_on(
    ann: Person, admin: Database, market: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = await a_stored_book(ann, admin)
    monkeypatch.setattr(starting, "MOST_OPEN_RUNS", 2)
    path = f"positions/{book.positions['XOM']}"
    runs = await count(admin, BatchRun)

    answer = await ann.request("PUT", path, json={"quantity": 11})

    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_runs")
    assert ((await ann.get(path)).json()["quantity"], await count(admin, BatchRun)) == (10.0, runs)


@pytest.mark.usefixtures("market")
async def test_a_deleted_position_is_gone_and_its_book_measured_again(
    ann: Person, admin: Database
) -> None:
    portfolio_id = await a_portfolio(ann)
    path = f"positions/{(await a_position(ann, tags=['core']))['position_id']}"
    runs = await count(admin, BatchRun)
    seen = await revision(admin, portfolio_id)

    deleted = await ann.request("DELETE", path)

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert [(await ann.request(method, path)).status_code for method in ("GET", "DELETE")] == [
        404,
        404,
    ]
    assert await count(admin, BatchRun) == runs + 1
    assert await revision(admin, portfolio_id) > seen
    assert (await ann.get("tags")).json()["items"][0]["positions"] == 0


@pytest.mark.usefixtures("market")
async def test_concurrent_edits_end_as_one_after_the_other(ann: Person, admin: Database) -> None:
    await a_portfolio(ann)
    path = f"positions/{(await a_position(ann))['position_id']}"
    edits = [{"quantity": number, "tags": [f"tag {number}"]} for number in range(1, 9)]

    answers = await asyncio.gather(*(ann.request("PUT", path, json=edit) for edit in edits))
    after = (await ann.get(path)).json()

    assert {answer.status_code for answer in answers} == {200}
    assert after["tags"] == [f"tag {int(after['quantity'])}"]


@pytest.mark.usefixtures("market")
async def test_concurrent_entries_of_the_same_are_as_many_lots(ann: Person) -> None:
    await a_portfolio(ann)

    answers = await asyncio.gather(*(ann.post("positions", TERMS) for _ in range(5)))

    assert [answer.status_code for answer in answers] == [201] * 5
    assert len({answer.json()["position_id"] for answer in answers}) == 5
    assert (await ann.get("positions")).json()["total"] == 5


@pytest.mark.usefixtures("market")
async def test_edits_are_in_the_audit_log_with_what_stood_before(
    ann: Person, admin: Database
) -> None:
    await a_portfolio(ann)
    path = f"positions/{(await a_position(ann))['position_id']}"
    await ann.request("PUT", path, json={"quantity": 11})
    await ann.request("PUT", f"{path}/tags", json={"tags": ["core"]})
    await ann.request("DELETE", path)

    entry = sql_table(AuditEntry).c
    async with admin.transaction() as session:
        about = select(entry.action, entry.details).where(entry.target == path.split("/")[1])
        entries = (await session.execute(about.order_by(entry.audit_id))).all()

    assert [action for action, _ in entries] == [
        "position.created",
        "position.edited",
        "position.tagged",
        "position.deleted",
    ]
    assert [float(entries[1][1][when]["quantity"]) for when in ("was", "now")] == [10.0, 11.0]


@pytest.mark.usefixtures("market")
async def test_anothers_position_is_not_found(ann: Person, bob: Person) -> None:
    await a_portfolio(ann)
    await a_portfolio(bob)
    theirs = (await a_position(ann))["position_id"]
    asked: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", "", None),
        ("PUT", "", {"quantity": 1}),
        ("DELETE", "", None),
        ("PUT", "/tags", {"tags": []}),
    ]

    for method, more, body in asked:
        answers = [
            await bob.request(
                method, f"positions/{which}{more}", **({"json": body} if body else {})
            )
            for which in (theirs, uuid4())
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert {answer.json()["code"] for answer in answers} == {"position_not_found"}
    assert (await ann.get(f"positions/{theirs}")).json()["quantity"] == 10.0
