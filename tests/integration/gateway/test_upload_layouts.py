"""Files of brokers from upload to receipt and portfolio; the same file again changes nothing."""

from typing import Any

import pytest

from tests.integration.gateway.people import Person
from tests.layouts import BLOTTER, DONE, HELD, HOLDINGS, LIST, LOTS, VANGUARD, flex, ofx

pytestmark = pytest.mark.usefixtures("market")
SCHWAB = """\
"Positions for account Individual ...123 as of 04:05 PM ET, 12/21/2022"

"Symbol","Description","Quantity","Price","Market Value","Cost Basis","Security Type"
"AAPL","APPLE INC","100","$135.45","$13,545.00","$14,871.00","Equity"
"912796XX0","US TREASURY BILL","10,000","$99.51","$9,951.00","$9,900.10","Fixed Income"
"Cash & Cash Investments","--","--","--","$3,096.90","--","Cash and Money Market"
"Account Total","--","--","--","$26,592.90","$24,771.10","--"
"""
SEMICOLONS = "ticker;quantity;entry_price;entry_date;tags\nAAPL;100;148.71;2022-06-01;a, b\n"
STATEMENT = flex(*(line.replace("BRK B", "XOM") for line in (*HELD, *DONE)))
TABLES = VANGUARD.replace("VTI", "MSFT")
TRADES = BLOTTER.replace("SPY", "XOM")
LOTS_OF_AAPL = LOTS.replace("IAU", "AAPL")


async def uploaded(person: Person, text: str, **form: Any) -> dict[str, Any]:
    answer = await person.upload(text.encode(), **form)
    assert answer.status_code in (200, 201), answer.text
    report: dict[str, Any] = answer.json()
    receipt = report["receipt"]
    assert receipt["rows"] == sum(count for name, count in receipt.items() if name != "rows")
    return report


async def ledger(person: Person, report: dict[str, Any]) -> list[dict[str, Any]]:
    portfolio_id = report["portfolio"]["portfolio_id"]
    answer = await person.get(f"portfolios/{portfolio_id}/transactions", limit=1000)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.parametrize(
    ("text", "use", "new", "refused"),
    [
        (SEMICOLONS, None, 1, 0),
        (STATEMENT, None, 2, 2),
        (STATEMENT, "transactions", 5, 1),
        (ofx(LIST, HOLDINGS), None, 2, 2),
        (ofx(LIST, HOLDINGS), "transactions", 6, 1),
        (TABLES, None, 1, 0),
        (LOTS_OF_AAPL, None, 2, 0),
        (SCHWAB, None, 1, 1),
        (TRADES, None, 2, 0),
    ],
    ids=["semicolons", "flex", "flex-done", "ofx", "ofx-done", "tables", "lots", "schwab", "ids"],
)
async def test_a_file_has_a_receipt_and_again_changes_nothing(
    ann: Person, text: str, use: str | None, new: int, refused: int
) -> None:
    form = {"portfolio_name": "Imported"} | ({"use": use} if use else {})
    first = await uploaded(ann, text, **form)
    entered = await ledger(ann, first)

    again = await uploaded(ann, text, **form)

    assert (first["receipt"]["new"], first["receipt"]["refused"]) == (new, refused)
    assert (again["receipt"]["new"], again["receipt"]["updated"]) == (0, 0)
    assert again["receipt"]["refused"] == refused
    assert await ledger(ann, again) == entered


async def test_an_export_s_total_is_its_lines_refused_ones_and_cash(ann: Person) -> None:
    report = await uploaded(ann, SCHWAB)
    broken = await uploaded(ann, SCHWAB.replace("$26,592.90", "$26,692.90"), dry_run=True)

    assert report["totals"]["export"] == {
        **{"total": 26592.90, "positions": 13545.0, "refused": 9951.0, "cash": 3096.9},
        **{"difference": 0.0, "reason": None},
    }
    assert broken["totals"]["export"]["difference"] == 100.0
    assert (await uploaded(ann, SEMICOLONS, dry_run=True))["totals"]["export"] is None


async def test_what_no_reader_reads_is_a_problem_document(ann: Person) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><FlexQueryResponse>&a;</FlexQueryResponse>'
    wide = f"ticker,quantity,entry_price,entry_date\nAAPL,1,1,{'9' * 1_000_000}\n"
    answers = {
        ("invalid_xml", 422): bomb.encode(),
        ("not_text", 422): SEMICOLONS.encode("utf-16"),
        ("too_large", 413): wide.encode(),
        ("not_listed", 422): SEMICOLONS.encode(),
    }

    for (code, status), data in answers.items():
        answer = await ann.upload(data, use="transactions")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
