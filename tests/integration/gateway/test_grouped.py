"""Positions in groups: sums in the three exposure measures, over the stored book."""

from typing import Any

import pytest

from shared.database import Database
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import CALL, StoredBook, a_stored_book
from tests.integration.gateway.test_positions import a_position


@pytest.fixture
async def book(ann: Person, admin: Database, market: None) -> StoredBook:
    """The stored book, of which AAPL, its call and MSFT carry tags."""
    stored = await a_stored_book(ann, admin)
    tags = {"AAPL": ["tech", "core"], "MSFT": ["tech"], CALL: ["strategy:calls"]}
    for symbol, names in tags.items():
        await ann.request("PUT", f"positions/{stored.positions[symbol]}/tags", json={"tags": names})
    return stored


async def groups_of(person: Person, **query: Any) -> tuple[dict[str, Any], dict[str | None, Any]]:
    """The answer, and its groups by key."""
    answer = (await person.get("positions/grouped", **query)).json()
    return answer, {group["key"]: group for group in answer["items"]}


@pytest.mark.usefixtures("book")
async def test_positions_are_added_up_by_what_they_share(ann: Person) -> None:
    wanted: dict[str, dict[str | None, float]] = {
        "type": {"LONG": 14000.0, "SHORT": -12000.0, "LC": 2000.0},
        "instrument": {"stock": 2000.0, "option": 2000.0},
        "class": {"PUBLIC": 2000.0, "OPTIONS": 2000.0},
        "underlying": {"AAPL": 15000.0, "MSFT": -12000.0, "XOM": 1000.0},
        "tag": {"tech": 1000.0, "core": 13000.0, "strategy:calls": 2000.0, None: 1000.0},
        "strategy": {"calls": 2000.0, None: 2000.0},
        "expiry": {"2023-06-16": 2000.0, None: 2000.0},
    }

    found = {by: await groups_of(ann, by=by) for by in wanted}

    for by, (answer, groups) in found.items():
        assert {key: group["market_value"] for key, group in groups.items()} == wanted[by]
        assert (answer["by"], answer["valued_on"]) == (by, "2022-12-28")
        assert answer["total"] == len(wanted[by])
        assert answer["everything"]["market_value"] == 4000.0


@pytest.mark.usefixtures("book")
async def test_sectors_are_those_of_the_underlyings(ann: Person) -> None:
    _, groups = await groups_of(ann, by="sector")

    assert sum(group["positions"] for group in groups.values()) == 4
    assert sum(group["market_value"] for group in groups.values()) == 4000.0


@pytest.mark.usefixtures("book")
async def test_a_group_has_the_three_measures_greeks_and_what_is_left_out(ann: Person) -> None:
    answer, groups = await groups_of(ann, by="underlying")

    apple = groups["AAPL"]
    assert apple["exposures"]["dollar"] == {
        "long": 15000.0,
        "short": 0.0,
        "gross": 15000.0,
        "net": 15000.0,
    }
    assert apple["exposures"]["notional"]["gross"] == 39000.0
    assert apple["exposures"]["delta_adjusted"]["net"] == 26000.0
    assert apple["greeks"]["delta"] == 200.0
    assert (apple["cost"], apple["unrealised_pnl"], apple["coverage"]) == (
        13600.0,
        1400.0,
        {"prices": 1.0, "greeks": 1.0},
    )
    assert groups["XOM"]["exposures"]["delta_adjusted"] is None
    assert [row["symbol"] for row in answer["everything"]["left_out"]] == ["XOM"]


@pytest.mark.usefixtures("book")
async def test_the_whole_agrees_with_the_snapshot(ann: Person) -> None:
    everything = (await groups_of(ann))[0]["everything"]
    snapshot = (await ann.get("portfolio")).json()["snapshot"]

    assert everything["exposures"]["dollar"] == snapshot["exposures"]["dollar"]
    assert everything["weight"] == pytest.approx(1.0)


@pytest.mark.usefixtures("book")
async def test_a_position_counts_once_in_the_whole_and_fully_in_each_of_its_tags(
    ann: Person,
) -> None:
    anything, _ = await groups_of(ann, by="tag", tag=["tech", "core"])
    both, _ = await groups_of(ann, by="tag", tag=["tech", "core"], match="all")

    assert (anything["everything"]["positions"], both["everything"]["positions"]) == (2, 1)
    assert anything["everything"]["exposures"]["dollar"]["gross"] == 25000.0


@pytest.mark.usefixtures("book")
async def test_one_side_alone(ann: Person) -> None:
    longs, _ = await groups_of(ann, view="longs")
    shorts, _ = await groups_of(ann, view="shorts")

    assert (longs["everything"]["market_value"], shorts["everything"]["market_value"]) == (
        16000.0,
        -12000.0,
    )


@pytest.mark.usefixtures("book")
async def test_groups_come_by_the_page_the_largest_first(ann: Person) -> None:
    pages = [(await groups_of(ann, by="underlying", limit=2, offset=start))[0] for start in (0, 2)]

    assert [[group["key"] for group in page["items"]] for page in pages] == [
        ["AAPL", "MSFT"],
        ["XOM"],
    ]
    assert [page["everything"]["positions"] for page in pages] == [4, 4]


@pytest.mark.usefixtures("book")
async def test_closed_and_unvalued_positions_are_distinguished(ann: Person) -> None:
    await a_position(
        ann, symbol="XOM", entry_date="2022-07-01", exit_date="2022-08-01", exit_price=80
    )
    await a_position(ann, symbol="MSFT", entry_date="2022-07-01")

    answer, groups = await groups_of(ann, by="underlying")

    assert answer["everything"]["positions"] == 5
    assert groups["XOM"]["positions"] == 1
    assert groups["MSFT"]["coverage"]["prices"] < 1.0
    assert [row["symbol"] for row in groups["MSFT"]["left_out"]] == ["MSFT"]


async def test_before_the_first_run_groups_have_cost_alone(ann: Person, market: None) -> None:
    await ann.uploaded()

    answer, groups = await groups_of(ann)

    assert answer["reason"]
    assert (groups["LONG"]["cost"], groups["LONG"]["market_value"], groups["LONG"]["weight"]) == (
        10000.0,
        None,
        None,
    )
    assert groups["LONG"]["coverage"]["prices"] == 0.0
