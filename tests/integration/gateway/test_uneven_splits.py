"""Options through a 3:1 split of an uneven strike, by the names that exchanges list them by.

400 becomes 133.33: the Options Clearing Corporation rounds to the cent.
"""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.gateway.edge.dependencies import Gateway
from services.ingest.tables import CorporateAction
from shared.database import Database
from tests.builders import AS_OF, a_price, save, save_prices
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.test_ledger import a_book_of, a_trade, enter, lines_of
from tests.integration.gateway.test_named_lots import lots_of
from tests.integration.gateway.test_reconcile import compared
from tests.integration.gateway.test_settling import arrive, lots, prices_of, settled

BEFORE = date(2022, 12, 12)
EX_DATE = date(2022, 12, 14)
EXPIRY = date(2022, 12, 16)
OLD, LISTED = "AAPL230616C00400000", "AAPL230616C00133330"
FORMER = "AAPL230616C00133333"  # as earlier versions named it
OPENED = f"{HEADER}AAPL,100,390,2022-06-01,\n{OLD},2,34,2022-11-01,\n"
BROKERS = f"{HEADER}AAPL,300,130,2022-06-01,\n{LISTED},6,11.333333,2022-11-01,\n"
SALE = {"symbol": LISTED, "quantity": 6, "price": 12, "trade_date": "2022-12-20"}


@pytest.fixture(autouse=True)
async def split(market: None, admin: Database) -> None:
    """AAPL's closes are as traded, and it splits 3:1."""
    await save_prices(admin, a_price("AAPL", BEFORE, 390), a_price("AAPL", AS_OF, 130))
    known = {"symbol": "AAPL", "ex_date": EX_DATE, "kind": "split", "value": 3, "source": "test"}
    await save(admin, CorporateAction, [known])


async def a_book(person: Person, data: str = OPENED) -> str:
    """A portfolio that was entered before the split."""
    return str(await person.uploaded(data=data.encode(), as_of=str(BEFORE)))


async def options(person: Person, book: str, day: date) -> list[tuple[str, float, float]]:
    """Symbol, strike and quantity of the options held, as they are listed."""
    listed = (await person.get("positions", portfolio_id=book, as_of=str(day))).json()["items"]
    held = [row for row in listed if row["strike"] and row["exit_date"] is None]
    return [(row["symbol"], row["strike"], row["quantity"]) for row in held]


async def test_a_contract_is_shown_by_the_name_of_the_day(ann: Person) -> None:
    book = await a_book(ann)

    assert await options(ann, book, BEFORE) == [(OLD, 400, 2)]
    assert await options(ann, book, AS_OF) == [(LISTED, 133.33, 6)]


async def test_a_contract_given_after_the_split_is_the_old_one_before_it(ann: Person) -> None:
    book = str(await ann.uploaded(data=BROKERS.encode(), as_of=str(AS_OF)))

    assert await options(ann, book, BEFORE) == [(OLD, 400, 2)]
    assert await options(ann, book, AS_OF) == [(LISTED, 133.33, 6)]


@pytest.mark.parametrize("name", [LISTED, FORMER])
async def test_a_file_of_after_the_split_agrees_and_changes_nothing(ann: Person, name: str) -> None:
    book = await a_book(ann)
    file = BROKERS.replace(LISTED, name)

    comparison = await compared(ann, book, file)
    again = (await ann.upload(file.encode(), portfolio_id=book)).json()

    assert comparison["differences"] == []
    assert [again[kind] for kind in ("new", "updated", "unchanged", "rejected")] == [0, 0, 2, 0]


async def test_a_row_of_an_old_export_that_changes_a_lot_names_the_listed_contract(
    ann: Person,
) -> None:
    book = await a_book(ann)

    changed = await ann.upload(
        BROKERS.replace(f"{LISTED},6", f"{FORMER},5").encode(), portfolio_id=book
    )

    assert changed.json()["updated"] == 1
    assert await options(ann, book, AS_OF) == [(LISTED, 133.33, 5)]


async def test_a_contract_held_in_thousandths_as_well_stays_another(ann: Person) -> None:
    book = await a_book(ann)
    both = f"{BROKERS}{FORMER},1,11,2022-11-02,\n"
    await ann.upload(both.encode(), portfolio_id=book)

    assert (await compared(ann, book, both))["differences"] == []
    (gone,) = (await compared(ann, book, BROKERS))["differences"]
    assert (gone["kind"], gone["symbol"]) == ("extra", FORMER)


async def test_a_sale_of_the_listed_contract_closes_what_was_held(ann: Person) -> None:
    book = await a_book(ann)

    sold = await enter(ann, book, {"kind": "sell", **SALE})

    assert "more_than_held" not in [each["code"] for each in sold["warnings"]]
    assert await options(ann, book, AS_OF) == []


async def test_a_sale_may_name_the_lot_of_before_the_split(ann: Person) -> None:
    book = await a_book(ann)
    lot = next(key for (symbol, _), key in (await lots_of(ann, book)).items() if symbol != "AAPL")

    sold = await enter(ann, book, {"kind": "sell", **SALE, "quantity": 3, "lot_id": lot})

    (line,) = sold["transactions"]
    assert (line["symbol"], line["cash"]) == (LISTED, 3 * 100 * 12)
    assert await options(ann, book, AS_OF) == [(LISTED, 133.33, 3)]


async def test_what_is_left_after_a_sale_of_a_part_is_whole(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    """4 of 6 are a third of the two contracts that were opened, which no six decimals say."""
    expiring = "AAPL221216C00400000,2,34,2022-11-01,\n"
    book = await a_book(ann, f"{OPENED}{expiring}")
    part = {**SALE, "quantity": 4}
    shares = {"symbol": "AAPL", "quantity": 100, "price": 131, "trade_date": "2022-12-15"}
    early = {**part, "symbol": "AAPL221216C00133330", "trade_date": "2022-12-15"}
    await enter(ann, book, *({"kind": "sell", **each} for each in (part, shares, early)))
    await save_prices(admin, a_price("AAPL", EXPIRY, 140))
    await arrive(gateway, prices_of(AS_OF, UUID(book)))
    left = BROKERS.replace(",6,", ",2,").replace(",300,130,", ",200,130,")
    file = f"{left}AAPL,200,133.33,2022-12-16,\n"

    comparison = await compared(ann, book, file)
    again = (await ann.upload(file.encode(), portfolio_id=book)).json()

    assert await options(ann, book, AS_OF) == [(LISTED, 133.33, 2)]
    assert comparison["differences"] == []
    assert [again[kind] for kind in ("new", "updated", "unchanged", "rejected")] == [0, 0, 3, 0]


async def test_a_brokers_transactions_close_what_was_held(ann: Person) -> None:
    book = await a_book(ann)
    file = f"date,type,symbol,quantity,price\n2022-12-20,sell,{LISTED},6,12\n"

    report = (await ann.upload(file.encode(), portfolio_id=book)).json()

    assert report["new"] == 1, report
    assert await options(ann, book, AS_OF) == []


async def delivered(ann: Person, admin: Database, gateway: Gateway) -> str:
    """A portfolio whose two calls, six since the split, expired in the money."""
    book = await a_book(ann, f"{HEADER}AAPL221216C00400000,2,34,2022-11-01,\n")
    await save_prices(admin, a_price("AAPL", EXPIRY, 140))
    await arrive(gateway, prices_of(AS_OF, UUID(book)))
    return book


async def test_an_expiry_delivers_at_the_listed_strike(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = await delivered(ann, admin, gateway)

    assert (await lots(admin, UUID(book)))[0] == ("AAPL", 600, Decimal("133.33"), EXPIRY, None)
    derived = await lines_of(ann, book, source="system", **{"from": str(EXPIRY)})
    assert shown(derived) == [
        ("AAPL", 600, None, -79_998),
        ("AAPL221216C00133330", -6, 133.33, 0),
    ]


async def test_what_was_delivered_at_an_exact_strike_is_derived_again(
    ann: Person, admin: Database, gateway: Gateway
) -> None:
    book = await delivered(ann, admin, gateway)
    stored = text("update gateway.positions set entry_price = 133.333333 where symbol = 'AAPL'")
    async with admin.transaction() as session:
        await session.execute(stored)

    await arrive(gateway, prices_of(AS_OF, UUID(book)))

    assert (await lots(admin, UUID(book)))[0] == ("AAPL", 600, Decimal("133.33"), EXPIRY, None)
    assert len(await settled(admin)) == 2


def shown(lines: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Of the lines of an expiry, by symbol."""
    ends = [line for line in lines if line["kind"] == "exercise"]
    found = [(line["symbol"], line["quantity"], line["strike"], line["cash"]) for line in ends]
    return sorted(found, key=lambda each: str(each[0]))


async def test_what_an_expiry_would_do_is_said_of_the_listed_contract(ann: Person) -> None:
    book = await a_book(ann)

    report = (await ann.get(f"portfolios/{book}/expiries")).json()

    (option,) = report["items"][0]["options"]
    assert (option["symbol"], option["strike"], option["quantity"]) == (LISTED, 133.33, 6)


async def test_a_short_call_is_covered_by_a_trade_of_another_day(ann: Person) -> None:
    """A line that is entered late names the contract as it was listed on its own day."""
    book = await a_book(ann, f"{HEADER}{OLD},-2,34,2022-11-01,\n")

    await enter(ann, book, a_trade("buy_to_cover", 3, 11, "2022-12-15", symbol=LISTED))
    await enter(ann, book, a_trade("buy_to_cover", 1, 33, "2022-12-13", symbol=OLD))

    assert await options(ann, book, AS_OF) == []


async def test_what_a_split_added_makes_whole_shares_of_what_was_held(ann: Person) -> None:
    """Given in the shares of today, 100 shares were 33.333333 before the split."""
    today = {"stated_on": str(AS_OF)}
    book = await a_book_of(ann, a_trade("opening", 100, 40, "2022-11-01", **today))

    (split,) = await lines_of(ann, book, kind="split")

    assert (split["quantity"], split["note"]) == (66.666667, "3:1, 33.333333 held before")
