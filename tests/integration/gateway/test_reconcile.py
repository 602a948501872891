"""A broker's file beside a portfolio: what differs, and the chosen differences entered once."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.snapshots.tables import PortfolioSnapshot
from shared.database import Database
from tests.builders import AS_OF, a_snapshot, save
from tests.integration.gateway.people import HEADER, Person

pytestmark = pytest.mark.usefixtures("market")
BOOK = f"{HEADER}AAPL,100,150,2022-06-01,\nMSFT,-50,200,2022-06-01,\nXOM,10,100,2022-06-01,\n"
EXPORT = """\
"Positions for account Individual ...001 as of 04:48 PM ET, 2022/12/28"

"Symbol","Description","Quantity","Price","Market Value","Cost Basis","Security Type"
"AAPL","APPLE INC","120","$125.00","$15,000.00","$17,900.00","Equity"
"MSFT","MICROSOFT","-30","$240.00","-$7,200.00","-$6,000.00","Equity"
"QQQQQ","UNKNOWN","5","$10.00","$50.00","$40.00","Equity"
"Cash & Cash Investments","--","--","--","$20,000.00","--","Cash and Money Market"
"Account Total","--","--","--","$27,950.00","$11,940.00","--"
"""


async def a_book(person: Person, admin: Database, cash: str | None = "21000") -> str:
    portfolio_id = (await person.upload(BOOK.encode())).json()["portfolio"]["portfolio_id"]
    if cash is not None:
        taken = a_snapshot(UUID(portfolio_id), AS_OF)
        await save(admin, PortfolioSnapshot, [taken])
    return str(portfolio_id)


async def compared(
    person: Person, portfolio_id: str, text: str = EXPORT, **query: Any
) -> dict[str, Any]:
    answer = await asked(person, "reconcile", portfolio_id, text, **query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def asked(
    person: Person, path: str, portfolio_id: str, text: str = EXPORT, **query: Any
) -> Any:
    files = {"file": ("schwab.csv", text.encode(), "text/csv")}
    params = {"portfolio_id": portfolio_id, **query}
    return await person.request("POST", path, files=files, params=params)


async def held(person: Person, portfolio_id: str) -> dict[str, tuple[float, float]]:
    """What is left of each instrument, and its cost."""
    lots = await person.get(f"portfolios/{portfolio_id}/lots", status="open")
    found: dict[str, tuple[float, float]] = {}
    for lot in lots.json()["items"]:
        quantity, cost = found.get(lot["symbol"], (0.0, 0.0))
        found[lot["symbol"]] = (quantity + lot["quantity"], cost + lot["cost"])
    return found


async def test_what_differs_is_shown_and_nothing_is_written(ann: Person, admin: Database) -> None:
    portfolio_id = await a_book(ann, admin)
    before = (await ann.get(f"portfolios/{portfolio_id}/transactions")).json()

    found = await compared(ann, portfolio_id)

    kinds = {each["id"]: (each["kind"], each["quantity"]) for each in found["differences"]}
    assert kinds["quantity:AAPL"] == ("quantity", 20.0)
    assert kinds["quantity:MSFT"] == ("quantity", 20.0)
    assert kinds["extra:XOM"] == ("extra", -10.0)
    assert (found["day"], found["agreeing"]) == ("2022-12-28", 0)
    assert [(each["line"], each["code"]) for each in found["problems"]] == [(6, "unknown_symbol")]
    assert found["totals"] == {
        **{"total": 27950.0, "positions": 7800.0, "refused": 50.0, "cash": 20000.0},
        "difference": 100.0,
        "reason": None,
    }
    assert (await ann.get(f"portfolios/{portfolio_id}/transactions")).json() == before


async def test_a_file_without_values_is_not_worth_zero(ann: Person, admin: Database) -> None:
    portfolio_id = await a_book(ann, admin)

    totals = (await compared(ann, portfolio_id, BOOK))["totals"]

    assert (totals["total"], totals["positions"], totals["difference"]) == (None, None, None)
    assert totals["refused"] == 0.0
    assert totals["reason"] == "the file has no total and no market values"


async def test_chosen_differences_are_entered_once_and_then_agree(
    ann: Person, admin: Database
) -> None:
    portfolio_id = await a_book(ann, admin)
    shown = await compared(ann, portfolio_id)
    chosen = ["quantity:AAPL", "quantity:MSFT"]
    query = {"comparison": shown["hash"], "difference": chosen}

    first = (await asked(ann, "reconcile/apply", portfolio_id, **query)).json()
    again = (await asked(ann, "reconcile/apply", portfolio_id, **query)).json()
    fewer = await asked(ann, "reconcile/apply", portfolio_id, **query | {"difference": chosen[:1]})
    after = await compared(ann, portfolio_id)
    now = await held(ann, portfolio_id)

    lines = [(each["kind"], each["quantity"], each["price"]) for each in first["transactions"]]
    assert lines == [("buy", 20.0, 145.0), ("buy_to_cover", 20.0, 240.0)]
    assert {each["trade_date"] for each in first["transactions"]} == {"2022-12-28"}
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert (fewer.status_code, fewer.json()["code"]) == (409, "reconciliation_changed")
    assert first["run_id"] is not None
    assert again["transactions"] == first["transactions"]
    assert now["AAPL"] == (120.0, 17900.0)
    assert now["MSFT"] == (-30.0, -6000.0)
    left = {each["id"] for each in after["differences"]}
    assert "extra:XOM" in left
    assert not left & {"quantity:AAPL", "cost:AAPL", "quantity:MSFT", "cost:MSFT"}


async def test_transfers_move_no_cash(ann: Person, admin: Database) -> None:
    portfolio_id = await a_book(ann, admin)

    found = await compared(ann, portfolio_id, lines="transfers")

    by_id = {each["id"]: each["transactions"] for each in found["differences"]}
    assert [line["kind"] for line in by_id["quantity:AAPL"]] == ["transfer_in"]
    assert [line["kind"] for line in by_id["quantity:MSFT"]] == ["transfer_out"]
    assert {line["cash"] for line in by_id["quantity:MSFT"]} == {0.0}


async def test_another_cost_of_one_lot_is_corrected_by_a_reversal(
    ann: Person, admin: Database
) -> None:
    portfolio_id = await a_book(ann, admin, None)
    text = EXPORT.replace('"120"', '"100"').replace("$17,900.00", "$14,000.00")

    shown = await compared(ann, portfolio_id, text)
    (difference,) = [each for each in shown["differences"] if each["kind"] == "cost"]
    query = {"comparison": shown["hash"], "difference": [difference["id"]]}
    entered = await asked(ann, "reconcile/apply", portfolio_id, text, **query)

    assert difference["transactions"][0]["reverses"] is not None
    assert entered.status_code == 200, entered.text
    assert (await held(ann, portfolio_id))["AAPL"] == (100.0, 14000.0)


async def test_a_comparison_that_is_over_is_refused(ann: Person, admin: Database) -> None:
    portfolio_id = await a_book(ann, admin)
    shown = await compared(ann, portfolio_id)
    other = EXPORT.replace('"120"', '"130"')
    query = {"comparison": shown["hash"], "difference": ["quantity:AAPL"]}

    changed = await asked(ann, "reconcile/apply", portfolio_id, other, **query)
    unknown = await asked(
        ann, "reconcile/apply", portfolio_id, comparison=shown["hash"], difference=["extra:NOPE"]
    )

    assert (changed.status_code, changed.json()["code"]) == (409, "reconciliation_changed")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "invalid_difference")


async def test_cash_is_entered_as_what_the_other_lines_leave(ann: Person, admin: Database) -> None:
    portfolio_id = await a_book(ann, admin)
    shown = await compared(ann, portfolio_id)
    own = Decimal(str(shown["cash"]["portfolio"]))
    query = {"comparison": shown["hash"], "difference": ["quantity:AAPL", "cash"]}

    entered = (await asked(ann, "reconcile/apply", portfolio_id, **query)).json()

    _, money = entered["transactions"]
    assert money["amount"] == float(20000 - own + 2900)
    assert shown["cash"]["difference"] == float(20000 - own)


async def test_transactions_are_not_compared(ann: Person, admin: Database) -> None:
    portfolio_id = await a_book(ann, admin, None)
    text = "date,type,symbol,quantity,price\n2022-11-01,buy,AAPL,1,150\n"

    answer = await asked(ann, "reconcile", portfolio_id, text)

    assert (answer.status_code, answer.json()["code"]) == (422, "not_positions")


async def test_anothers_portfolio_is_not_compared(
    ann: Person, bob: Person, admin: Database
) -> None:
    portfolio_id = await a_book(ann, admin, None)

    answer = await asked(bob, "reconcile", portfolio_id)

    assert (answer.status_code, answer.json()["code"]) == (404, "portfolio_not_found")
