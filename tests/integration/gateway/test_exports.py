"""Files out: templates that upload clean, and positions that come back as they went."""

import csv
import io
from typing import Any

import httpx2
import pytest

from shared.database import Database
from tests.builders import AS_OF
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.seeds import a_stored_book

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


LINES: list[dict[str, Any]] = [
    {"kind": "equity", "trade_date": "2022-12-01", "amount": 50_000},
    {"kind": "deposit", "trade_date": "2022-12-01", "amount": 1_000.5, "note": "=1+1"},
    {"kind": "withdrawal", "trade_date": "2022-12-02", "amount": -20},
    {"kind": "buy", "trade_date": "2022-12-02", "symbol": "AAPL", "quantity": 10, "price": 147.81}
    | {"fees": 1.25},
    {"kind": "sell", "trade_date": "2022-12-05", "symbol": "AAPL", "quantity": 4, "price": 146.5},
    {"kind": "sell_short", "trade_date": "2022-12-05", "symbol": "AAPL230616C00150000"}
    | {"quantity": 2, "price": 11.123456},
    {"kind": "buy_to_cover", "trade_date": "2022-12-06", "symbol": "MSFT", "quantity": 5}
    | {"price": 245.0, "external_id": "T-17"},
    {"kind": "dividend", "trade_date": "2022-12-08", "symbol": "AAPL", "amount": 23.5},
    {"kind": "fee", "trade_date": "2022-12-09", "amount": -7.5},
    {"kind": "interest", "trade_date": "2022-12-09", "amount": -3.25},
]
OF_LINES = ("kind", "trade_date", "symbol", "quantity", "price", "amount", "fees", "note")


async def lines_of(person: Person, portfolio_id: str) -> list[list[Any]]:
    answer = await person.get(f"portfolios/{portfolio_id}/transactions/export", format="json")
    lines = answer.json()["transactions"]
    return [[line[name] for name in OF_LINES] for line in lines]


async def test_an_exported_ledger_is_read_into_the_same_ledger(ann: Person) -> None:
    first = await ann.uploaded()
    path = f"portfolios/{first}/transactions"
    entered = await ann.post(path, {"transactions": LINES})
    assert entered.status_code == 201, entered.text
    undone = entered.json()["transactions"][-1]["transaction_id"]
    await ann.post(f"{path}/{undone}/reverse", {})

    answer = await ann.get(f"{path}/export")
    again = (await ann.upload(answer.content, portfolio_id=first)).json()
    copied = await ann.upload(answer.content, portfolio_name="Copy", mode="all_or_nothing")
    copy = copied.json()
    part = (await ann.get(f"{path}/export", **{"from": "2022-12-05", "to": "2022-12-06"})).text
    record = (await ann.get(f"{path}/export", everything=True)).text

    assert (again["new"], again["receipt"]["skipped"], again["rejected"]) == (0, 11, 0)
    assert copied.status_code == 201, copied.text
    assert (copy["new"], copy["rejected"]) == (11, 0)
    assert await lines_of(ann, copy["portfolio"]["portfolio_id"]) == await lines_of(ann, first)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {"'=1+1"} < {row["note"] for row in rows}
    assert {"opening lot", "equity statement", "sell short"} < {row["type"] for row in rows}
    assert len(part.splitlines()) == 1 + 3
    assert len(record.splitlines()) == 1 + 11 + 2  # the interest, and its reversal
    assert answer.headers["content-disposition"].endswith('transactions-book.csv"')


async def test_values_stand_beside_the_columns_that_are_read_again(
    ann: Person, admin: Database
) -> None:
    portfolio_id = (await a_stored_book(ann, admin)).portfolio_id
    query = {"portfolio_id": portfolio_id, "columns": "valued", "as_of": str(AS_OF)}

    file = await ann.get("positions/export", **query)
    exact = (await ann.get("positions/export", **query, format="json")).json()["positions"]
    table = (await ann.get("positions", portfolio_id=portfolio_id, status="open")).json()["items"]
    copy = await ann.upload(file.content, portfolio_name="Copy", mode="all_or_nothing")

    assert copy.status_code == 201, (copy.text, file.text)
    assert copy.json()["new"] == len(exact)
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert len(rows) == len(exact) == len(table) > 0
    shown = {row["position_id"]: row for row in table}
    for row, one in zip(rows, exact, strict=True):
        values = one["values"]
        known = shown[one["position_id"]]
        assert {name: known[name] for name in values} == values
        for column, name in (("Closing Value", "market_value"), ("Closing Price", "price")):
            assert (float(row[column]) if row[column] else None) == values[name]
        assert row["Price Source"] == {"close": "closing price"}[values["price_source"]]
    assert any(one["values"]["market_value"] for one in exact)
    named = file.headers["content-disposition"]
    assert named.endswith(f'-{AS_OF}.csv"')


async def test_only_values_are_limited_to_what_is_held_on_the_day(ann: Person) -> None:
    query = {"portfolio_id": await ann.uploaded(data=BOOK.encode()), "format": "json"}

    every = await ann.get("positions/export", **query, as_of=str(AS_OF))
    on_the_day = await ann.get("positions/export", **query, as_of=str(AS_OF), columns="valued")

    closed = [one["symbol"] for one in every.json()["positions"] if one["exit_date"]]
    held = {one["symbol"] for one in on_the_day.json()["positions"]}
    assert closed == ["XOM"]
    assert held == {one["symbol"] for one in every.json()["positions"]} - {"XOM"}


async def test_series_are_a_row_per_session(ann: Person, admin: Database) -> None:
    path = f"portfolios/{(await a_stored_book(ann, admin)).portfolio_id}/series"
    names = "nav,beta,exposure.dollar.net"
    report = (await ann.get(path, measures=names)).json()

    text = (await ann.get(f"{path}/export", measures=names)).text
    json = (await ann.get(f"{path}/export", measures=names, format="json")).json()

    assert json == report
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["session_date"] for row in rows] == report["session_dates"]
    for series in report["series"]:
        cells = [row[series["measure"]] for row in rows]
        assert [float(cell) if cell else None for cell in cells] == series["values"]
    assert any(value is not None for value in report["series"][0]["values"])
