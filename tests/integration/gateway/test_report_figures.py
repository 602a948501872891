"""What reports hold, in every format: the figures of the API, to the cent."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any, get_args

from arro3.io import read_parquet
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from shared.contracts.reports import FormWord
from shared.database import Database
from tests.builders import AS_OF
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.reporting import generated
from tests.pipeline import Pipeline, nothing_runs

BOOK = HEADER + (
    'AAPL,100,140,2022-06-01,"tech,strategy:growth"\n'
    "XOM,-100,90,2022-06-01,energy\n"
    "AAPL230616C00150000,2,8.45,2022-11-01,income\n"
    "MSFT,50,250,2022-06-01,tech\n"
)
BEFORE = AS_OF.replace(day=27)


def cents(answer: Any) -> Iterator[float]:
    """Every amount in USD of the answers that a full report shows."""
    snapshot = answer["snapshot"]
    for name in ("nav", "daily_pnl", "market_value", "cash", "cumulative_pnl"):
        yield snapshot[name]
    for sides in snapshot["exposures"].values():
        yield from sides.values()
    for factor in answer["factors"]["factors"]:
        if factor["dollar_exposure"] is not None:
            yield factor["dollar_exposure"]
    for scenario in answer["stress"]["scenarios"]:
        yield scenario["direct"]["total_pnl"]
        yield scenario["correlated"]["total_pnl"]
    for position in answer["positions"]:
        yield from (position[name] for name in ("market_value", "cost", "unrealised_pnl"))
    for group in answer["metrics"]["groups"]:
        if group["kind"] in ("value_at_risk", "expected_shortfall"):
            yield from (each["value"] for each in group["metrics"])


def read_amounts(printed: str) -> set[float]:
    """The numbers of a text, with either minus and separators."""
    found = re.findall(r"[-−]?[0-9][0-9,]*\.[0-9]+", printed.replace("\\", ""))
    return {float(each.replace("−", "-").replace(",", "")) for each in found}


def workbook_numbers(content: bytes) -> set[float]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    rows = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
    return {round(cell, 2) for row in rows for cell in row if isinstance(cell, float)}


async def test_every_format_has_the_figures_of_the_api(
    ann: Person, pipeline: Pipeline, admin: Database
) -> None:
    uploaded = await ann.upload(BOOK.encode(), equity_balance="50000", as_of=str(BEFORE))
    portfolio_id = uploaded.json()["portfolio"]["portfolio_id"]
    await nothing_runs(admin)
    await pipeline.run([BEFORE, AS_OF])
    answer = (await ann.get(f"portfolios/{portfolio_id}/report")).json()
    wanted = {round(amount, 2) for amount in cents(answer)}

    found = {}
    for form in get_args(FormWord):
        found[form] = await generated(ann, portfolio_ids=[portfolio_id], format=form)

    documents = {form: content for form, (_, content) in found.items()}
    assert len(wanted) > 70
    pages = PdfReader(io.BytesIO(documents["pdf"])).pages
    assert wanted <= read_amounts(" ".join(page.extract_text() for page in pages))
    assert wanted <= read_amounts(documents["html"].decode())
    assert wanted <= read_amounts(documents["md"].decode())
    assert wanted <= workbook_numbers(documents["xlsx"])
    report = json.loads(documents["json"])["portfolios"][0]["report"]
    assert {key: answer[key] for key in report} == report
    check_positions(documents, answer)
    names = {report["file_name"] for report, _ in found.values()}
    assert len(names) == 7
    assert "book-full-2022-12-28.pdf" in names
    # the same question about the same revision
    again, content = await generated(ann, portfolio_ids=[portfolio_id], format="pdf")
    assert (again["basis"], content) == (found["pdf"][0]["basis"], documents["pdf"])
    _, daily = await generated(ann, template="daily", format="pdf")
    assert len(PdfReader(io.BytesIO(daily)).pages) == 1
    await check_draft(ann, portfolio_id, admin)


def check_positions(documents: dict[str, bytes], answer: Any) -> None:
    """The rows of positions are those of the report."""
    rows = {row["Symbol"]: row for row in csv.DictReader(io.StringIO(documents["csv"].decode()))}
    with zipfile.ZipFile(io.BytesIO(documents["parquet"])) as archive:
        stored = read_parquet(io.BytesIO(archive.read("positions.parquet"))).read_all()
        vectors = read_parquet(io.BytesIO(archive.read("pnl_vectors.parquet"))).read_all()
    columns = ("Symbol", "Market_Value", "Delta_Dollars")
    table = {
        symbol: numbers
        for symbol, *numbers in zip(
            *(stored.column(each).to_pylist() for each in columns), strict=True
        )
    }
    assert len(rows) == len(table) == len(answer["positions"]) == 4
    for position in answer["positions"]:
        row = rows[position["symbol"]]
        assert float(row["Market_Value"]) == position["market_value"]
        assert float(row["Delta_Dollars"]) == position["delta_adjusted_exposure"]
        assert table[position["symbol"]] == [
            position["market_value"],
            position["delta_adjusted_exposure"],
        ]
    option = rows["AAPL230616C00150000"]
    assert (option["Position_Type"], option["Underlying_Symbol"]) == ("LC", "AAPL")
    assert (option["Expiry_Date"], option["Days_To_Expiry"]) == ("2023-06-16", "170")
    assert vectors.num_rows == 4 * 252


async def check_draft(ann: Person, portfolio_id: str, admin: Database) -> None:
    """A draft's report has each measure before and after its trades."""
    draft = await ann.post("modelling/sessions", {"portfolio_id": portfolio_id})
    path = f"modelling/sessions/{draft.json()['draft_id']}"
    trade = {"action": "open", "symbol": "XOM", "quantity": 60}
    await ann.post(f"{path}/trades", {"trades": [trade]})
    await ann.post(f"{path}/calculate", None)
    await nothing_runs(admin)
    net = (await ann.get(f"{path}/impacts")).json()["impacts"]["exposures"]["dollar"]["net"]

    wanted = {"session_id": draft.json()["draft_id"], "template": "draft", "format": "md"}
    report, content = await generated(ann, **wanted)

    assert report["portfolio_ids"] == [draft.json()["draft_id"]]
    assert net["difference"] > 0
    assert {round(net[name], 2) for name in net} <= read_amounts(content.decode())
