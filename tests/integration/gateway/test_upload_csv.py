"""Upload of the other formats: what is previewed is what is loaded, and all of it is said."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import RowMapping, text

from shared.database import Database
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.seeds import a_stored_book

pytestmark = pytest.mark.usefixtures("market")

TWELVE = (
    "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,"
    "Underlying Symbol,Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share\n"
)
SCHWAB = """\
"Positions for account Individual ...123 as of 04:05 PM ET, 12/21/2022"

"Symbol","Description","Quantity","Price","Market Value","Cost Basis","Gain/Loss %","Security Type"
"AAPL","APPLE INC","100","$135.45","$13,545.00","$14,871.00","-8.92%","Equity"
"XOM","EXXON MOBIL CORP","-20","$108.38","-$2,167.60","-$1,930.20","-12.3%","Equity"
"AAPL 06/16/2023 150.00 C","CALL APPLE $150","2","$6.15","$1,230.00","$1,690.00","-27.2%","Option"
"MSFT","MICROSOFT CORP","5","$244.43","$1,222.15","--","--","Equity"
"91282CPU9","US TREASURY NOTE","1,000","$99.10","$991.00","$980.00","1.1%","Fixed Income"
"Cash & Cash Investments","--","--","--","$3,096.90","--","--","Cash and Money Market"
"Account Total","--","--","--","$17,917.45","$15,610.80","--","--"
"""


async def preview_of(person: Person, data: str, **form: str) -> dict[str, Any]:
    answer = await person.upload(data.encode(), dry_run="true", **form)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


async def loaded(person: Person, data: str, status: int = 201, **form: str) -> dict[str, Any]:
    answer = await person.upload(data.encode(), **form)
    assert answer.status_code == status, answer.text
    report: dict[str, Any] = answer.json()
    return report


async def rows_of(admin: Database) -> dict[str, RowMapping]:
    async with admin.transaction() as session:
        found = await session.execute(text("select * from gateway.positions"))
        return {row["symbol"]: row for row in found.mappings()}


async def test_the_twelve_columns_are_stored_in_full(ann: Person, admin: Database) -> None:
    await loaded(
        ann,
        TWELVE
        + "AAPL,100,148.71,2022-06-01,PUBLIC,Growth,,,,,2022-11-15,151.29\n"
        + ",-2,8.45,2022-11-01,,,AAPL,150,2023-06-16,CALL,,\n"
        + "ACME,1000,12.5,2021-03-31,PRIVATE,Venture,,,,,,\n",
    )

    rows = await rows_of(admin)
    stock = rows["AAPL"]
    option = rows["AAPL230616C00150000"]
    private = rows["ACME"]
    assert (stock["exit_date"], stock["exit_price"]) == (date(2022, 11, 15), Decimal("151.29"))
    assert (stock["investment_class"], stock["investment_subtype"]) == ("PUBLIC", "Growth")
    assert (option["instrument"], option["multiplier"], option["investment_class"]) == (
        "option",
        100,
        "OPTIONS",
    )
    assert (private["instrument"], private["investment_class"], private["underlying"]) == (
        "stock",
        "PRIVATE",
        "ACME",
    )


async def test_a_schwab_export_is_previewed_with_all_that_becomes_of_it(
    ann: Person, admin: Database
) -> None:
    preview = await preview_of(ann, SCHWAB)

    source = preview["source"]
    assert (source["format"], source["accounts"]) == ("schwab_positions", ["Individual ...123"])
    assert (source["exported_on"], source["entry_date"]) == ("2022-12-21", "2022-12-21")
    assert preview["stated_on"] == "2022-12-21"
    assert (source["cash"], source["equity_balance"]) == (3096.9, 16926.45)
    assert [(line["line"], line["code"]) for line in source["skipped"]] == [
        (9, "cash"),
        (10, "total"),
    ]
    assert [
        (one["symbol"], one["position_type"], one["entry_price"]) for one in preview["changes"]
    ] == [
        ("AAPL", "LONG", 148.71),
        ("XOM", "SHORT", 96.51),
        ("AAPL230616C00150000", "LC", 8.45),
        ("MSFT", "LONG", 244.43),
    ]
    assert [(problem["line"], problem["code"]) for problem in preview["problems"]] == [
        (8, "invalid_symbol")
    ]
    assert [(warning["line"], warning["code"]) for warning in preview["warnings"]] == [
        (1, "entry_date_assumed"),
        (1, "entry_price_derived"),
        (7, "entry_price_from_market"),
    ]
    assert await rows_of(admin) == {}


async def test_what_was_previewed_is_what_is_loaded(ann: Person) -> None:
    preview = await preview_of(ann, SCHWAB)
    report = await loaded(ann, SCHWAB)

    same = ("source", "changes", "problems", "warnings", "new", "rejected", "as_of")
    assert {name: preview[name] for name in same} == {name: report[name] for name in same}
    assert report["portfolio"]["equity_balance"] == 16926.45
    assert report["run_id"] is not None


async def test_a_given_balance_and_entry_date_override_the_exports(ann: Person) -> None:
    report = await loaded(ann, SCHWAB, equity_balance="20000", entry_date="2022-06-01")

    assert report["portfolio"]["equity_balance"] == 20000.0
    assert {change["entry_date"] for change in report["changes"]} == {"2022-06-01"}


async def test_an_export_into_a_portfolio_leaves_its_balance_alone(ann: Person) -> None:
    portfolio_id = await ann.uploaded(equity_balance="500")

    report = await loaded(ann, SCHWAB, 200, portfolio_id=portfolio_id)

    assert report["portfolio"]["equity_balance"] == 500.0


async def test_the_entry_date_is_for_exports_and_not_in_the_future(ann: Person) -> None:
    unused = await preview_of(ann, HEADER + "AAPL,1,1,2022-06-01,\n", entry_date="2022-06-02")
    future = await ann.upload(SCHWAB.encode(), entry_date="2022-12-29")

    assert [warning["code"] for warning in unused["warnings"]] == ["entry_date_unused"]
    assert unused["changes"][0]["entry_date"] == "2022-06-01"
    assert (future.status_code, future.json()["code"]) == (422, "date_in_future")


async def test_an_exit_closes_what_is_held_and_silence_leaves_it_closed(
    ann: Person, admin: Database
) -> None:
    portfolio_id = await ann.uploaded()

    closing = TWELVE + "AAPL,100,100,2022-06-01,,,,,,,2022-11-15,151.29\n"
    closed = await loaded(ann, closing, 200, portfolio_id=portfolio_id)
    silent = await loaded(
        ann, HEADER + "AAPL,100,100,2022-06-01,\n", 200, portfolio_id=portfolio_id
    )

    assert (closed["updated"], closed["changes"][0]["was"]["exit_date"]) == (1, None)
    assert (silent["unchanged"], silent["run_id"]) == (1, None)
    assert (await rows_of(admin))["AAPL"]["exit_date"] == date(2022, 11, 15)


async def test_a_subtype_changes_no_number_so_nothing_runs(ann: Person, admin: Database) -> None:
    portfolio_id = await ann.uploaded()

    data = TWELVE + "AAPL,100,100,2022-06-01,,Growth,,,,,,\n"
    report = await loaded(ann, data, 200, portfolio_id=portfolio_id)

    assert (report["updated"], report["run_id"]) == (1, None)
    assert (await rows_of(admin))["AAPL"]["investment_subtype"] == "Growth"


@pytest.mark.parametrize(
    ("exited", "restated"), [("2022-12-27", ["2022-12-27"]), ("2022-12-28", [])]
)
async def test_every_snapshot_the_change_concerns_is_taken_again(
    ann: Person, admin: Database, exited: str, restated: list[str]
) -> None:
    book = await a_stored_book(ann, admin)

    closing = TWELVE + f"AAPL,100,120,2022-06-01,,,,,,,{exited},131\n"
    report = await loaded(ann, closing, 200, portfolio_id=book.portfolio_id)

    expected = {"first": restated[0], "last": restated[-1], "count": 1} if restated else None
    assert report["restated"] == expected
    async with admin.transaction() as session:
        runs = list(
            await session.scalars(text("select as_of from gateway.batch_runs order by as_of"))
        )
    assert [str(day) for day in runs] == [
        *restated,
        "2022-12-28",
        "2022-12-28",
    ]  # the book's own run as well


async def test_another_equity_balance_is_felt_in_every_snapshot(
    ann: Person, admin: Database
) -> None:
    book = await a_stored_book(ann, admin)
    same = HEADER + "AAPL,100,120,2022-06-01,\n"

    untouched = await loaded(ann, same, 200, portfolio_id=book.portfolio_id, equity_balance="50000")
    restated = await loaded(ann, same, 200, portfolio_id=book.portfolio_id, equity_balance="60000")

    assert (untouched["run_id"], untouched["restated"]) == (None, None)
    assert restated["restated"] == {"first": "2022-12-27", "last": "2022-12-27", "count": 1}
    assert restated["portfolio"]["equity_balance"] == 60000.0


async def test_tags_beyond_the_twenty_of_a_position_are_a_problem_of_the_row(ann: Person) -> None:
    names = ",".join(f"t{number}" for number in range(20))
    portfolio_id = await ann.uploaded(data=f'{HEADER}AAPL,1,1,2022-06-01,"{names}"\n'.encode())

    data = HEADER + "AAPL,1,1,2022-06-01,one more\nXOM,1,1,2022-06-01,one more\n"
    report = await loaded(ann, data, 200, portfolio_id=portfolio_id)

    assert [(problem["line"], problem["code"]) for problem in report["problems"]] == [
        (2, "too_many_tags")
    ]
    assert (report["new"], report["rejected"], report["rows"]) == (1, 1, 2)


async def test_an_upload_is_written_in_the_audit_log(ann: Person, admin: Database) -> None:
    report = await loaded(ann, SCHWAB)

    async with admin.transaction() as session:
        found = await session.execute(
            text(
                "select target, details from gateway.audit_log where action = 'positions.uploaded'"
            )
        )
        [(target, details)] = found.all()
    assert target == report["portfolio"]["portfolio_id"]
    assert (details["format"], details["new"], details["rejected"]) == ("schwab_positions", 4, 1)


async def test_the_revision_rises_with_an_upload(ann: Person, admin: Database) -> None:
    async def revision() -> int:
        async with admin.transaction() as session:
            return int(
                await session.scalar(text("select max(revision) from gateway.portfolio_revisions"))
                or 0
            )

    portfolio_id = await ann.uploaded()
    before = await revision()
    await loaded(ann, HEADER + "XOM,1,90,2022-06-01,\n", 200, portfolio_id=portfolio_id)

    assert await revision() > before
