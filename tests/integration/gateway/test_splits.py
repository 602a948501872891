"""Books through a 4:1 split: files and edits are in the shares of their day."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from services.ingest.tables import CorporateAction
from shared.database import Database
from tests.builders import AS_OF, a_price, save, save_prices
from tests.integration.gateway.people import HEADER, Person

BEFORE = date(2022, 12, 20)
EX_DATE = date(2022, 12, 23)
OLD = (
    HEADER + "AAPL,100,520.40,2022-06-01,tech\nXOM,-50,100,2022-06-01,\n"
    "AAPL230616C00600000,2,34,2022-11-01,\n"
)
NEW = (
    HEADER + "AAPL,400,130.10,2022-06-01,tech\nXOM,-50,100,2022-06-01,\n"
    "AAPL230616C00150000,8,8.5,2022-11-01,\n"
)


@pytest.fixture(autouse=True)
async def split(market: None, admin: Database) -> None:
    """AAPL's closes are as traded, and it splits 4:1."""
    await save_prices(admin, a_price("AAPL", BEFORE, 520), a_price("AAPL", AS_OF, 130))
    known = {
        "symbol": "AAPL",
        "ex_date": EX_DATE,
        "kind": "split",
        "value": Decimal(4),
        "source": "test",
    }
    await save(admin, CorporateAction, [known])


async def stored(admin: Database) -> dict[str, tuple[Any, ...]]:
    query = "select symbol, quantity, entry_price, stated_on from gateway.positions"
    async with admin.transaction() as session:
        return {row.symbol: tuple(row)[1:] for row in await session.execute(text(query))}


def counts(report: dict[str, Any]) -> tuple[int, ...]:
    return tuple(report[kind] for kind in ("new", "updated", "unchanged", "rejected"))


async def test_a_file_of_after_the_split_is_the_book_of_before_it(
    ann: Person, admin: Database
) -> None:
    book = await ann.uploaded(data=OLD.encode(), as_of=str(BEFORE))
    before = await stored(admin)

    again = (await ann.upload(NEW.encode(), portfolio_id=book)).json()
    stale = (
        await ann.upload(OLD.encode(), portfolio_id=book, stated_on=str(BEFORE), dry_run="true")
    ).json()

    assert counts(again) == counts(stale) == (0, 0, 3, 0)
    assert await stored(admin) == before
    assert before["AAPL"] == (100, Decimal("520.4"), BEFORE)


async def test_a_changed_row_is_in_new_shares_and_the_others_stay(
    ann: Person, admin: Database
) -> None:
    book = await ann.uploaded(data=OLD.encode(), as_of=str(BEFORE))

    report = (
        await ann.upload(
            NEW.replace("150000,8", "150000,6").encode(), portfolio_id=book, as_of=str(AS_OF)
        )
    ).json()

    assert counts(report) == (0, 1, 2, 0)
    change = next(change for change in report["changes"] if change["kind"] == "updated")
    assert (change["symbol"], change["quantity"], change["was"]["quantity"]) == (
        "AAPL230616C00150000",
        6,
        8,
    )
    assert report["stated_on"] == str(AS_OF)
    assert await stored(admin) == {
        "AAPL": (100, Decimal("520.4"), BEFORE),
        "XOM": (-50, 100, BEFORE),
        "AAPL230616C00150000": (6, Decimal("8.5"), AS_OF),
    }


async def test_an_edit_is_in_the_shares_of_its_day_and_an_exit_restates_nothing(
    ann: Person, admin: Database
) -> None:
    book = await ann.uploaded(data=OLD.encode(), as_of=str(BEFORE))
    items = (await ann.get("positions", portfolio_id=book)).json()["items"]
    ids = {item["symbol"]: item["position_id"] for item in items}

    same = await ann.request(
        "PUT", f"positions/{ids['AAPL']}", json={"quantity": 400, "entry_price": 130.1}
    )
    closed = await ann.request(
        "PUT", f"positions/{ids['AAPL']}", json={"exit_date": "2022-12-28", "exit_price": 131}
    )
    rolled = await ann.request(
        "PUT", f"positions/{ids['AAPL230616C00600000']}", json={"strike": 155}
    )

    assert same.json()["changed"] is False
    assert closed.status_code == rolled.status_code == 200, rolled.text
    assert (closed.json()["exit_price"], closed.json()["realised_pnl"]) == (4 * 131, 360)
    assert await stored(admin) == {
        "AAPL": (100, Decimal("520.4"), BEFORE),  # an exit leaves the opening as it was entered
        "XOM": (-50, 100, BEFORE),
        "AAPL230616C00155000": (8, Decimal("8.5"), AS_OF),
    }


async def test_a_lot_is_known_by_what_its_symbol_means_now(ann: Person) -> None:
    book = await ann.uploaded(data=OLD.encode(), as_of=str(BEFORE))
    position = {"quantity": 1, "entry_price": 9, "entry_date": "2022-11-01", "portfolio_id": book}

    twin = await ann.post("positions", {**position, "symbol": "AAPL230616C00150000"})
    other = await ann.post("positions", {**position, "symbol": "AAPL230616C00600000"})
    export = (await ann.get("positions/export", portfolio_id=book)).content

    assert (twin.status_code, other.status_code) == (201, 201)  # the other at 600 a new share
    assert counts((await ann.upload(export, portfolio_id=book)).json()) == (0, 0, 5, 0)


@pytest.mark.parametrize(
    ("day", "lots"),
    [
        (str(BEFORE), [("AAPL", 100, 520.4), ("AAPL230616C00600000", 2, 34)]),
        (str(EX_DATE), [("AAPL", 400, 130.1), ("AAPL230616C00150000", 8, 8.5)]),
    ],
)
async def test_a_list_of_a_day_before_any_valuation_is_in_that_days_shares(
    ann: Person, day: str, lots: list[tuple[str, float, float]]
) -> None:
    book = await ann.uploaded(data=OLD.encode(), as_of=str(BEFORE))
    items = (await ann.get("positions", portfolio_id=book, as_of=day)).json()["items"]
    first = items[0]["position_id"]
    alone = (await ann.get(f"positions/{first}", as_of=day)).json()

    assert [(each["symbol"], each["quantity"], each["entry_price"]) for each in items[:2]] == lots
    assert (alone["quantity"], alone["valued_on"]) == (lots[0][1], None)


async def test_the_change_of_a_price_is_none_of_a_split(ann: Person) -> None:
    (now,) = (await ann.get("market-data/current", symbol="AAPL")).json()["items"]

    assert (now["price"], now["previous_close"], now["change"]) == (130, 130, 0)


async def test_an_export_is_in_the_shares_asked_for(ann: Person) -> None:
    book = await ann.uploaded(data=OLD.encode(), as_of=str(BEFORE))

    now = (await ann.get("positions/export", portfolio_id=book)).content
    then = (
        await ann.get("positions/export", portfolio_id=book, format="json", as_of=str(BEFORE))
    ).json()

    assert b"AAPL,400,130.1" in now
    assert counts((await ann.upload(now, portfolio_id=book)).json()) == (0, 0, 3, 0)
    assert [(row["symbol"], row["quantity"]) for row in then["positions"]][:2] == [
        ("AAPL", 100),
        ("AAPL230616C00600000", 2),
    ]
