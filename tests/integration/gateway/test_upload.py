"""Upload: what is loaded, what is refused, and that nothing is ever half-written."""

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from services.gateway.books.queries import ledger as ledger_queries
from shared.database import Database
from tests.integration.gateway.people import GOOD_FILE, HEADER, Person

pytestmark = pytest.mark.usefixtures("market")


async def counted(admin: Database) -> dict[str, int]:
    async with admin.transaction() as session:
        names = (
            "portfolios",
            "positions",
            "tags",
            "position_tags",
            "outbox",
            "batch_runs",
            "idempotency_keys",
        )
        return {
            name: int(await session.scalar(text(f"select count(*) from gateway.{name}")) or 0)
            for name in names
        }


async def positions_of(person: Person, portfolio_id: str, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (
        await person.get("positions", portfolio_id=portfolio_id, **query)
    ).json()["items"]
    return items


async def test_a_good_file_becomes_a_portfolio_and_a_run(ann: Person) -> None:
    answer = await ann.upload(portfolio_name="Growth", equity_balance="100000.50")

    report = answer.json()
    assert answer.status_code == 201
    assert (report["new"], report["rejected"], report["as_of"]) == (2, 0, "2022-12-28")
    assert (report["portfolio"]["name"], report["portfolio"]["equity_balance"]) == (
        "Growth",
        100000.5,
    )
    assert report["run_id"] is not None


async def test_name_and_portfolio_name_are_the_same_thing(ann: Person) -> None:
    first = await ann.upload(name="Growth")
    again = await ann.upload(portfolio_name="Growth")
    both = await ann.upload(portfolio_name="Growth", name="Value")

    assert first.json()["portfolio"]["name"] == "Growth"
    assert again.json()["portfolio"]["portfolio_id"] == first.json()["portfolio"]["portfolio_id"]
    assert (both.status_code, both.json()["code"]) == (422, "two_names")


async def test_positions_are_stored_exactly_with_their_tags(ann: Person) -> None:
    portfolio_id = await ann.uploaded()

    first, second = await positions_of(ann, portfolio_id)

    assert (first["symbol"], first["quantity"], first["position_type"]) == ("AAPL", 100.0, "LONG")
    assert (second["symbol"], second["quantity"], second["position_type"]) == (
        "MSFT",
        -50.0,
        "SHORT",
    )
    assert (sorted(first["tags"]), second["tags"]) == (["core", "tech"], ["tech"])


async def test_what_follows_a_large_import_is_planned_by_its_lots(
    ann: Person, admin: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_queries, "MANY_LOTS", 2)
    known = text("select reltuples from pg_class where oid = 'gateway.positions'::regclass")
    async with admin.transaction() as session:
        await session.execute(text("analyze gateway.positions"))
        before = await session.scalar(known)

    await ann.upload()

    async with admin.transaction() as session:
        assert (before, await session.scalar(known)) == (0, 2)


async def test_good_rows_load_and_bad_rows_are_reported(ann: Person) -> None:
    report = (await ann.upload(GOOD_FILE + b"XOM,0,1,2022-06-01,\nZZZZ,1,1,2022-06-01,\n")).json()

    assert (report["rows"], report["new"], report["rejected"]) == (4, 2, 2)
    assert [(p["line"], p["code"]) for p in report["problems"]] == [
        (4, "zero_quantity"),
        (5, "unknown_symbol"),
    ]


@pytest.mark.parametrize(
    ("data", "form", "status", "code"),
    [
        (b"a,b,c\n1,2,3\n", {}, 422, "missing_column"),
        (b"\x00\xff\xfe\x01", {}, 422, "not_text"),
        (HEADER.encode(), {}, 422, "empty"),
        (b"", {}, 422, "empty"),
        (HEADER.encode() + b"ZZZZ,1,1,2022-06-01,\n", {}, 422, "no_valid_rows"),
        (GOOD_FILE + b"XOM,0,1,2022-06-01,\n", {"mode": "all_or_nothing"}, 422, "rows_rejected"),
        (GOOD_FILE, {"as_of": "2013-12-31"}, 422, "date_outside_data"),
        (GOOD_FILE, {"mode": "sideways"}, 422, "invalid_request"),
        (
            GOOD_FILE,
            {"portfolio_id": "7f1c1f9e-8f4e-4c55-9d5a-2f1f3f0c6a11"},
            404,
            "portfolio_not_found",
        ),
        (b"x" * (10 * 1024 * 1024 + 1), {}, 413, "too_large"),
        (b"x" * (11 * 1024 * 1024), {}, 413, "too_large"),
    ],
)
async def test_what_cannot_be_loaded_is_a_problem_and_writes_nothing(
    ann: Person, admin: Database, data: bytes, form: dict[str, str], status: int, code: str
) -> None:
    answer = await ann.upload(data, **form)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert set((await counted(admin)).values()) == {0}


async def test_date_before_the_data_names_the_range(ann: Person) -> None:
    detail = (await ann.upload(as_of="2013-12-31")).json()["detail"]

    assert "2014-01-02" in detail
    assert "2022-12-28" in detail


async def test_entry_after_the_day_of_reading_is_a_problem(ann: Person) -> None:
    report = (await ann.upload(as_of="2022-05-31")).json()

    assert (report["code"], {error["code"] for error in report["errors"]}) == (
        "no_valid_rows",
        {"date_in_future"},
    )


async def test_dry_run_reports_and_writes_nothing(ann: Person, admin: Database) -> None:
    answer = await ann.upload(
        GOOD_FILE + b"XOM,0,1,2022-06-01,\n", dry_run="true", mode="all_or_nothing"
    )

    report = answer.json()
    assert (answer.status_code, report["new"], report["rejected"], report["portfolio"]) == (
        200,
        2,
        1,
        None,
    )
    assert set((await counted(admin)).values()) == {0}


async def test_options_may_stand_in_the_query(ann: Person) -> None:
    files = {"file": ("book.csv", GOOD_FILE, "text/csv")}
    answer = await ann.request(
        "POST", "portfolio/upload", files=files, params={"portfolio_name": "Q", "dry_run": "true"}
    )

    assert (answer.status_code, answer.json()["dry_run"]) == (200, True)


async def test_uploading_again_reports_unchanged_updated_and_new(ann: Person) -> None:
    portfolio_id = await ann.uploaded()
    before = {p["symbol"]: p["position_id"] for p in await positions_of(ann, portfolio_id)}

    data = (
        HEADER + "AAPL,100,100,2022-06-01,\nMSFT,-60,200,2022-06-01,\nXOM,1,90,2022-06-01,late\n"
    ).encode()
    answer = await ann.upload(data, portfolio_id=portfolio_id)

    report = answer.json()
    assert (answer.status_code, report["unchanged"], report["updated"], report["new"]) == (
        200,
        1,
        1,
        1,
    )
    was = report["changes"][1]["was"]
    assert (was["quantity"], was["entry_price"]) == (-50.0, 200.0)
    after = {p["symbol"]: p for p in await positions_of(ann, portfolio_id)}
    assert (after["MSFT"]["quantity"], after["MSFT"]["position_id"]) == (-60.0, before["MSFT"])
    assert len(after) == 3


async def test_nothing_is_deleted_and_nothing_runs_when_nothing_changes(ann: Person) -> None:
    portfolio_id = await ann.uploaded()

    data = (HEADER + "AAPL,100,100,2022-06-01,\n").encode()
    report = (await ann.upload(data, portfolio_id=portfolio_id)).json()

    assert (report["unchanged"], report["run_id"]) == (1, None)
    assert len(await positions_of(ann, portfolio_id)) == 2


async def test_same_name_is_the_same_portfolio(ann: Person) -> None:
    first = await ann.uploaded(portfolio_name="Growth")

    assert await ann.uploaded(portfolio_name="GROWTH") == first


async def test_same_key_gives_the_first_answer_and_writes_nothing(
    ann: Person, admin: Database
) -> None:
    key = {"Idempotency-Key": "upload-1"}
    first = await ann.upload(headers=key, portfolio_name="Once")
    before = await counted(admin)

    again = await ann.upload(headers=key, portfolio_name="Once")

    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert await counted(admin) == before


async def test_same_key_at_the_same_time_writes_once(ann: Person, admin: Database) -> None:
    key = {"Idempotency-Key": "upload-2"}

    answers = await asyncio.gather(
        *(ann.upload(headers=key, portfolio_name="Once") for _ in range(4))
    )

    assert len({answer.text for answer in answers}) == 1
    assert (await counted(admin))["outbox"] == 1


async def test_same_key_with_another_request_is_a_mistake(ann: Person) -> None:
    key = {"Idempotency-Key": "upload-3"}
    await ann.upload(headers=key, portfolio_name="One")

    answer = await ann.upload(headers=key, portfolio_name="Other")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_keys_belong_to_their_user(ann: Person, bob: Person) -> None:
    key = {"Idempotency-Key": "upload-4"}
    first = (await ann.upload(headers=key)).json()

    other = (await bob.upload(headers=key)).json()

    assert first["portfolio"]["portfolio_id"] != other["portfolio"]["portfolio_id"]


async def test_uploads_beside_each_other_into_one_portfolio_all_arrive(ann: Person) -> None:
    portfolio_id = await ann.uploaded()
    files = [(HEADER + f"XOM,{n},1,2022-06-{n:02d},t{n}\n").encode() for n in range(2, 8)]

    answers = await asyncio.gather(*(ann.upload(data, portfolio_id=portfolio_id) for data in files))

    assert {answer.status_code for answer in answers} == {200}
    assert len(await positions_of(ann, portfolio_id)) == 2 + len(files)


async def test_positions_are_filtered_sorted_and_paged(ann: Person) -> None:
    data = HEADER + (
        'AAPL,1,10,2022-01-03,"a,b"\nAAPL230616C00150000,-2,5,2022-02-01,b\n'
        "AAPL230616P00100000,3,5,2022-02-01,\n"
        "MSFT,-4,7,2022-03-01,a\n"
    )
    portfolio_id = await ann.uploaded(data=data.encode())

    async def symbols(**query: Any) -> list[str]:
        return [item["symbol"] for item in await positions_of(ann, portfolio_id, **query)]

    assert await symbols(type=["SC", "SHORT"]) == ["AAPL230616C00150000", "MSFT"]
    assert await symbols(type="LP") == ["AAPL230616P00100000"]
    assert await symbols(tag=["A", "b"]) == ["AAPL", "AAPL230616C00150000", "MSFT"]
    assert await symbols(tag=["A", "b"], match="all") == ["AAPL"]
    assert await symbols(underlying="aapl", sort="-entry_date") == [
        "AAPL230616C00150000",
        "AAPL230616P00100000",
        "AAPL",
    ]
    assert await symbols(search="p0010") == ["AAPL230616P00100000"]
    assert await symbols(search="%") == []
    page = (await ann.get("positions", portfolio_id=portfolio_id, limit=1, offset=2)).json()
    assert (len(page["items"]), page["total"], page["limit"], page["offset"]) == (1, 4, 1, 2)


async def test_a_body_without_length_is_cut_off(http: httpx2.AsyncClient, ann: Person) -> None:
    async def endless() -> Any:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n\r\n'
        for _ in range(12 * 16):
            yield b"x" * 65_536

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await ann.request("POST", "portfolio/upload", content=endless(), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_a_file_for_anothers_portfolio_is_not_read(ann: Person, bob: Person) -> None:
    hers = await ann.uploaded()

    answer = await bob.upload(b"\x00no table", portfolio_id=hers)

    assert (answer.status_code, answer.json()["code"]) == (404, "portfolio_not_found")
