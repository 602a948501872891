"""Files out: templates that upload clean, and positions that come back as they went."""

import csv
import io
from typing import Any

import httpx2
import pytest

from tests.integration.gateway.people import HEADER, Person

pytestmark = pytest.mark.usefixtures("market")

TWELVE = (
    "Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment "
    "Subtype,Underlying Symbol,"
    "Strike Price,Expiration Date,Option Type,Exit Date,Exit Price Per Share,Tags\n"
)
BOOK = TWELVE + (
    'AAPL,-10.5,148.710001,2022-06-01,PUBLIC,=HYPERLINK("x"),,,,,,,"-core, tech"\n'
    ",2,8.45,2022-11-01,OPTIONS,@covered,AAPL,150,2023-06-16,CALL,,,\n"
    "XOM,200,96.51,2022-06-01,PUBLIC,,,,,,2022-11-15,113.4,\n"
    "ACME-SERIES-A,1000,12.5,2021-03-31,PRIVATE,Venture,,,,,,,private\n"
)


async def exported(person: Person, portfolio_id: str, form: str = "csv") -> httpx2.Response:
    answer = await person.get("positions/export", portfolio_id=portfolio_id, format=form)
    assert answer.status_code == 200, answer.text
    return answer


async def positions_of(person: Person, portfolio_id: str) -> list[dict[str, Any]]:
    positions: list[dict[str, Any]] = (await exported(person, portfolio_id, "json")).json()[
        "positions"
    ]
    return positions


@pytest.mark.parametrize("columns", ["five-columns", "twelve-columns"])
async def test_a_template_is_a_download_that_uploads_clean(ann: Person, columns: str) -> None:
    template = await ann.get(f"portfolio/upload/templates/{columns}")

    assert template.headers["content-type"] == "text/csv; charset=utf-8"
    assert (
        template.headers["content-disposition"] == f'attachment; filename="positions-{columns}.csv"'
    )
    report = (await ann.upload(template.content, mode="all_or_nothing")).json()
    assert (report["rejected"], report["source"]["format"]) == (0, columns.replace("-", "_"))
    assert {warning["code"] for warning in report["warnings"]} <= {"no_market_price"}


async def test_the_template_of_transactions_uploads_clean(ann: Person) -> None:
    template = await ann.get("portfolio/upload/templates/transactions")

    disposition = template.headers["content-disposition"]
    assert disposition == 'attachment; filename="transactions.csv"'
    report = (await ann.upload(template.content, mode="all_or_nothing")).json()
    assert (report["rejected"], report["source"]["format"]) == (0, "transactions")
    assert (report["new"], report["warnings"]) == (9, [])
    kinds = [line["kind"] for line in report["transactions"]]
    assert len(set(kinds)) == 8  # it buys twice


async def test_templates_have_the_columns_of_the_contract(ann: Person) -> None:
    five, twelve = [
        (await ann.get(f"portfolio/upload/templates/{columns}-columns")).text.splitlines()[0]
        for columns in ("five", "twelve")
    ]

    assert five + "\n" == HEADER
    assert twelve + ",Tags\n" == TWELVE


OWN_IDS = {"position_id": None, "opened_by": None}  # of each portfolio


async def test_what_is_exported_uploads_clean_and_is_the_same(ann: Person) -> None:
    first = await ann.uploaded(data=BOOK.encode())
    file = (await exported(ann, first)).content

    again = (await ann.upload(file, portfolio_id=first)).json()
    copy = (await ann.upload(file, portfolio_name="Copy", mode="all_or_nothing")).json()

    assert (again["unchanged"], again["rejected"]) == (4, 0)
    assert (copy["new"], copy["rejected"]) == (4, 0)
    before = await positions_of(ann, first)
    after = await positions_of(ann, copy["portfolio"]["portfolio_id"])
    assert [{**one, **OWN_IDS} for one in before] == [{**one, **OWN_IDS} for one in after]


async def test_executable_cells_are_disarmed_and_numbers_stay_numbers(ann: Person) -> None:
    text = (await exported(ann, await ann.uploaded(data=BOOK.encode()))).text

    rows = {row["Symbol"]: row for row in csv.DictReader(io.StringIO(text))}

    assert rows["AAPL"]["Investment Subtype"] == '\'=HYPERLINK("x")'
    assert rows["AAPL230616C00150000"]["Investment Subtype"] == "'@covered"
    assert (rows["AAPL"]["Quantity"], rows["AAPL"]["Entry Price Per Share"]) == (
        "-10.5",
        "148.710001",
    )
    assert rows["AAPL"]["Tags"] == "'-core, tech"
    assert rows["XOM"]["Exit Price Per Share"] == "113.4"


async def test_json_holds_everything_its_owner_gave(ann: Person) -> None:
    by_symbol = {
        one["symbol"]: one
        for one in await positions_of(ann, await ann.uploaded(data=BOOK.encode()))
    }

    option, closed, private = (
        by_symbol[name] for name in ("AAPL230616C00150000", "XOM", "ACME-SERIES-A")
    )
    assert (option["position_type"], option["strike"], option["expiry"]) == (
        "LC",
        150.0,
        "2023-06-16",
    )
    assert (closed["exit_date"], closed["exit_price"]) == ("2022-11-15", 113.4)
    assert (private["investment_class"], private["investment_subtype"]) == ("PRIVATE", "Venture")
    assert by_symbol["AAPL"]["tags"] == ["-core", "tech"]


async def test_the_file_is_named_after_the_portfolio(ann: Person) -> None:
    named = await exported(ann, await ann.uploaded(portfolio_name='Ann\'s "big" Büch'))
    unnameable = await ann.uploaded(portfolio_name="日本")

    assert (
        named.headers["content-disposition"]
        == 'attachment; filename="positions-ann-s-big-b-ch.csv"'
    )
    disposition = (await exported(ann, unnameable)).headers["content-disposition"]
    assert disposition == f'attachment; filename="positions-{unnameable}.csv"'


async def test_another_users_positions_are_never_exported(ann: Person, bob: Person) -> None:
    portfolio_id = await ann.uploaded()

    answer = await bob.get("positions/export", portfolio_id=portfolio_id)

    assert (answer.status_code, answer.json()["code"]) == (404, "portfolio_not_found")
