"""All positions by column, and the sums over any of them, as the other answers have them."""

from typing import Any
from uuid import uuid4

import pytest

from shared.database import Database
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import CALL, StoredBook, a_stored_book
from tests.integration.gateway.test_positions import a_position

SHARED = (
    *("symbol", "name", "sector", "position_type", "underlying", "quantity", "entry_price"),
    *("tags", "price", "price_source", "cost", "market_value", "weight", "daily_pnl"),
    *("unrealised_pnl", "unrealised_return", "realised_pnl", "delta", "reason"),
    "delta_adjusted_exposure",
)


@pytest.fixture
async def book(ann: Person, admin: Database, market: None) -> StoredBook:
    """The stored book, whose call carries a tag."""
    stored = await a_stored_book(ann, admin)
    await ann.request("PUT", f"positions/{stored.positions[CALL]}/tags", json={"tags": ["income"]})
    return stored


def by_position(table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The table's columns as a row for each position."""
    columns = table["columns"]
    return {
        position_id: {name: values[place] for name, values in columns.items()}
        for place, position_id in enumerate(columns["position_id"])
    }


@pytest.mark.usefixtures("book")
async def test_the_table_has_what_the_list_has(ann: Person) -> None:
    listed = (await ann.get("positions", status="open")).json()["items"]

    table = (await ann.get("positions/table")).json()

    rows = by_position(table)
    assert (table["positions"], table["valued_on"]) == (4, "2022-12-28")
    assert [each["position_id"] for each in listed] == table["columns"]["position_id"]
    for each in listed:
        row = rows[each["position_id"]]
        assert {name: row[name] for name in SHARED} == {name: each[name] for name in SHARED}
        greeks = ("gamma", "theta", "vega", "rho")
        assert [row[name] for name in greeks] == [each["greeks"][name] for name in greeks]


async def test_the_table_has_volatility_and_parts_of_var_as_the_report_has(
    ann: Person, book: StoredBook
) -> None:
    report = (await ann.get(f"portfolios/{book.portfolio_id}/report")).json()

    rows = by_position((await ann.get("positions/table")).json())

    (parts,) = [each for each in report["metrics"]["component_var"] if each["confidence"] == 95]
    assert parts["positions"]
    for part in parts["positions"]:
        assert rows[part["position_id"]]["component_var"] == part["component_var"]
    (option,) = report["greeks"]["positions"]
    call = rows[str(book.positions[CALL])]
    assert (call["volatility"], call["iv_source"]) == (option["volatility"], option["iv_source"])
    assert call["dollar_gamma_1pct"] == pytest.approx(
        option["gamma"] * option["underlying_price"] ** 2 / 100
    )
    assert (call["price_age"], call["days_to_expiry"]) == (0, 170)
    assert rows[str(book.positions["AAPL"])]["dollar_gamma_1pct"] == 0.0


@pytest.mark.usefixtures("book")
async def test_the_table_names_the_tags_it_uses_with_their_colours(ann: Person) -> None:
    await ann.post("tags", {"name": "unused", "colour": "#112233"})
    tag = next(each for each in (await ann.get("tags")).json()["items"] if each["name"] == "income")
    await ann.request("PUT", f"tags/{tag['tag_id']}", json={"colour": "#aabbcc"})

    table = (await ann.get("positions/table")).json()

    assert table["tags"] == [{"name": "income", "colour": "#aabbcc"}]


async def test_closed_positions_have_another_table(ann: Person, book: StoredBook) -> None:
    terms = {"exit_date": "2022-08-01", "exit_price": 80}
    await a_position(ann, symbol="XOM", entry_date="2022-07-01", **terms)

    tables = {
        status: (await ann.get("positions/table", status=status)).json()
        for status in ("open", "closed", "all")
    }

    assert {status: table["positions"] for status, table in tables.items()} == {
        "open": 4,
        "closed": 1,
        "all": 5,
    }
    (gain,) = tables["closed"]["columns"]["realised_pnl"]
    assert gain == tables["closed"]["everything"]["realised_pnl"] == (80 - 150.25) * 10
    assert str(book.positions["XOM"]) not in tables["closed"]["columns"]["position_id"]


@pytest.mark.usefixtures("book")
async def test_sums_of_all_are_those_of_the_groups(ann: Person) -> None:
    table = (await ann.get("positions/table")).json()
    for by in ("type", "underlying", "sector", "tag", "strategy", "expiry"):
        groups = (await ann.get("positions/grouped", by=by)).json()

        sums = (await ann.post("positions/sums", {"by": by})).json()

        names = [name for name in groups["items"][0] if name != "position_ids"]
        assert [{name: each[name] for name in names} for each in sums["groups"]] == [
            {name: each[name] for name in names} for each in groups["items"]
        ], by
        assert sums["everything"] == table["everything"], by


async def test_sums_of_some_are_of_those_alone(ann: Person, book: StoredBook) -> None:
    rows = by_position((await ann.get("positions/table")).json())
    chosen = [str(book.positions[symbol]) for symbol in ("AAPL", CALL)]
    wanted = {"by": "underlying", "position_ids": [*chosen, str(uuid4())]}

    sums = (await ann.post("positions/sums", wanted)).json()

    together = sums["everything"]
    assert (together["positions"], together["market_value"]) == (2, 15_000.0)
    assert together["component_var"] == pytest.approx(
        sum(rows[each]["component_var"] for each in chosen), abs=0.005
    )
    assert [(each["key"], set(each["position_ids"])) for each in sums["groups"]] == [
        ("AAPL", set(chosen))
    ]


async def test_of_another_users_positions_nothing_is_added_up(
    ann: Person, bob: Person, book: StoredBook
) -> None:
    await bob.uploaded()
    wanted = {"position_ids": [str(book.positions["AAPL"])]}

    sums = (await bob.post("positions/sums", wanted)).json()

    assert (sums["everything"]["positions"], sums["everything"]["market_value"]) == (0, None)


async def test_before_the_first_run_the_table_has_terms_alone(ann: Person, market: None) -> None:
    await ann.uploaded()

    table = (await ann.get("positions/table")).json()

    assert table["reason"]
    assert set(table["columns"]["market_value"]) == {None}
    assert set(table["columns"]["price_age"]) == {None}
    assert all(table["columns"]["quantity"])
