"""Symbols to choose from, and the exchange's calendar."""

from typing import Any

import pytest

from services.ingest.tables import DataProvider, Security
from shared.database import Database
from tests.builders import AS_OF, a_security, save
from tests.integration.gateway.people import HEADER, Person

CONTRACT = "AAPL230616C00150000"


async def found(person: Person, search: str = "", **more: Any) -> list[str]:
    items = (await person.get("symbols", search=search, **more)).json()["items"]
    return [item["symbol"] for item in items]


@pytest.fixture(autouse=True)
async def listed(admin: Database, market: None) -> None:
    """The market's symbols are those of a file."""
    source = a_security("AAPL")["source"]
    provider = {"kind": "securities", "rank": 0, "name": source, "live": False}
    await save(admin, DataProvider, [provider])


@pytest.fixture
async def names(admin: Database, market: None) -> None:
    """Names beside the symbols that the market knows."""
    named = {"APP": "AppLovin Corporation", "BRK.B": "Berkshire Hathaway", "HAPP": "Apparel Maker"}
    rows = [a_security(symbol) | {"name": name} for symbol, name in named.items()]
    await save(admin, Security, rows)


@pytest.mark.usefixtures("names")
async def test_symbols_are_found_by_their_beginning_and_by_words_of_names(ann: Person) -> None:
    assert await found(ann, "app") == ["APP", "HAPP"]
    assert await found(ann, "hath berk") == ["BRK.B"]
    assert await found(ann, "brk-b") == ["BRK.B"]
    assert await found(ann, "erkshire") == []
    assert await found(ann, "%") == []


async def test_what_is_held_is_found_with_its_options_and_private_names(ann: Person) -> None:
    rows = f"AAPL,1,100,2022-06-01,\n{CONTRACT},2,8,2022-06-01,\n"
    portfolio = (await ann.upload((HEADER + rows).encode())).json()["portfolio"]["portfolio_id"]
    private = {"symbol": "AACME", "quantity": 5, "entry_price": 2, "entry_date": "2022-06-01"}
    await ann.post("positions", private | {"investment_class": "PRIVATE"})

    answer = (await ann.get("symbols", search="aa")).json()

    kinds = [(item["symbol"], item["kind"], item["held"]) for item in answer["items"]]
    assert kinds == [
        ("AAPL", "stock", True),
        ("AACME", "private", True),
        (CONTRACT, "option", True),
    ]
    assert answer["total"] == 3
    assert [item["portfolio_ids"] for item in answer["items"]] == [[portfolio]] * 3


async def test_nothing_that_only_others_hold_is_found(
    ann: Person, bob: Person, admin: Database
) -> None:
    live = {"kind": "prices", "rank": 0, "name": "live", "live": True}
    await save(admin, DataProvider, [live])
    hers = a_security("ZQXC") | {"source": "live", "name": "Canary Holdings"}
    await save(admin, Security, [hers])
    await ann.upload(
        f"{HEADER}ZQXC,1,100,2022-06-01,\nZQXC230616C00140000,2,8,2022-06-01,\n".encode()
    )
    private = {"symbol": "ZQSECRET", "quantity": 5, "entry_price": 2, "entry_date": "2022-06-01"}
    await ann.post("positions", private | {"investment_class": "PRIVATE"})

    assert await found(ann, "zq") == ["ZQXC", "ZQSECRET", "ZQXC230616C00140000"]
    assert await found(bob, "zq") == await found(bob, "canary") == []


async def test_at_most_as_many_are_answered_as_asked_for(ann: Person) -> None:
    answer = (await ann.get("symbols", limit=2)).json()

    assert (len(answer["items"]), answer["total"]) == (2, 3)
    assert (await ann.get("symbols", limit=51)).status_code == 422


async def test_the_calendar_has_half_days_and_no_holidays(ann: Person) -> None:
    query = {"from": "2022-11-23", "to": "2022-11-28"}
    answer = (await ann.get("calendar", **query)).json()

    assert [(each["session_date"], each["half_day"]) for each in answer["items"]] == [
        ("2022-11-23", False),
        ("2022-11-25", True),
        ("2022-11-28", False),
    ]
    assert answer["items"][1]["opens"] == "2022-11-25T14:30:00Z"
    assert answer["items"][1]["closes"] == "2022-11-25T18:00:00Z"


async def test_the_calendar_says_which_closes_were_announced(ann: Person, admin: Database) -> None:
    answer = (await ann.get("calendar")).json()
    later = (await ann.get("calendar", **{"from": "2023-01-02"})).json()

    assert answer["last"] == str(AS_OF)
    assert later["items"][0]["session_date"] == "2023-01-03"
    assert not later["items"][0]["announced"]


async def test_a_calendar_of_too_many_years_names_the_field(ann: Person) -> None:
    answer = await ann.get("calendar", **{"from": "1990-01-01", "to": "2022-01-01"})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["from"]
