"""Tags: words for positions, unique regardless of case, within limits; strategies by name."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from shared.database import Database
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.seeds import CALL, a_stored_book
from tests.integration.gateway.test_positions import a_portfolio, a_position, revision


async def a_tag(person: Person, name: str = "tech", **terms: Any) -> str:
    """The id of a new tag."""
    answer = await person.post("tags", {"name": name, **terms})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["tag_id"])


async def test_a_tag_is_created_renamed_and_deleted(ann: Person) -> None:
    created = await ann.post("tags", {"name": "  two   words ", "colour": "#AABBCC"})
    path = f"tags/{created.json()['tag_id']}"

    recoloured = await ann.request("PUT", path, json={"colour": "#000001"})
    renamed = await ann.request("PUT", path, json={"name": "Two Words"})
    deleted = await ann.request("DELETE", path)

    given = [created.json()[name] for name in ("name", "colour", "positions", "strategy")]
    assert (created.status_code, given) == (201, ["two words", "#aabbcc", 0, None])
    assert (recoloured.json()["name"], recoloured.json()["colour"]) == ("two words", "#000001")
    assert (renamed.json()["name"], renamed.json()["colour"]) == ("Two Words", "#000001")
    assert (deleted.status_code, (await ann.get(path)).status_code) == (204, 404)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"name": ""}, "invalid_tag"),
        ({"name": " "}, "invalid_tag"),
        ({"name": "a,b"}, "invalid_tag"),
        ({"name": "<b>"}, "invalid_tag"),
        ({"name": "a\nb;"}, "invalid_tag"),
        ({"name": "x" * 51}, "invalid_tag"),
        ({"name": "a", "colour": "red"}, "invalid_request"),
        ({"name": "a", "colour": "#12345"}, "invalid_request"),
        ({"name": "a", "colour": "#12345g"}, "invalid_request"),
        ({}, "invalid_request"),
    ],
)
async def test_unusable_tags_are_refused(ann: Person, terms: dict[str, str], code: str) -> None:
    answer = await ann.post("tags", terms)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("name", ["x" * 50, "a_b-c:d 1", "Été", "Ärzte", "ΑΣ"])
async def test_letters_are_letters_in_every_language(ann: Person, market: None, name: str) -> None:
    await a_portfolio(ann)
    await a_tag(ann, name)

    saved = await a_position(ann, tags=[name])

    assert saved["tags"] == [name]
    assert [tag["name"] for tag in (await ann.get("tags")).json()["items"]] == [name]


async def test_names_are_unique_in_any_case(ann: Person, bob: Person) -> None:
    await a_tag(ann, "Tech")
    other = await a_tag(ann, "core")

    again = await ann.post("tags", {"name": "TECH"})
    renamed = await ann.request("PUT", f"tags/{other}", json={"name": "tech"})
    respelled = await ann.request("PUT", f"tags/{other}", json={"name": "CORE"})

    assert [again.json()["code"], renamed.json()["code"]] == ["tag_exists", "tag_exists"]
    assert (again.status_code, renamed.status_code, respelled.status_code) == (409, 409, 200)
    assert (await bob.post("tags", {"name": "tech"})).status_code == 201


@pytest.mark.parametrize(
    ("name", "same"),
    [("Été", "ÉTÉ"), ("ΑΣ", "ασ"), ("ﬁ", "FI"), ("ÄRZTE", "Ärzte"), ("ＴＥＣＨ", "tech")],
)
async def test_names_in_every_language_are_unique_in_any_case(
    ann: Person, market: None, name: str, same: str
) -> None:
    await a_portfolio(ann)
    tag_id = await a_tag(ann, name)

    again = await ann.post("tags", {"name": same})
    carried = await a_position(ann, tags=[same])
    found = await ann.get("tags", search=same)
    held = await ann.get("positions", tag=same)

    assert (again.status_code, again.json()["code"]) == (409, "tag_exists")
    assert carried["tags"] == [name]
    assert [tag["tag_id"] for tag in found.json()["items"]] == [tag_id]
    assert held.json()["total"] == 1


async def test_a_user_has_at_most_a_hundred_tags(ann: Person, market: None) -> None:
    names = [f"t{number}" for number in range(100)]
    rows = [
        f'AAPL,1,1,2022-06-{1 + part:02},"{",".join(names[20 * part : 20 * part + 20])}"'
        for part in range(5)
    ]
    uploaded = await ann.upload((HEADER + "\n".join(rows)).encode())
    position = (await ann.get("positions")).json()["items"][0]

    created = await ann.post("tags", {"name": "one more"})
    carried = await ann.request(
        "PUT", f"positions/{position['position_id']}/tags", json={"tags": ["one more"]}
    )
    known = await ann.request(
        "PUT", f"positions/{position['position_id']}/tags", json={"tags": ["t99"]}
    )

    assert uploaded.json()["new"] == 5
    for answer in (created, carried):
        assert (answer.status_code, answer.json()["code"]) == (422, "too_many_tags")
    assert known.json()["tags"] == ["t99"]


async def test_concurrent_creations_keep_to_the_limit(ann: Person, market: None) -> None:
    await a_portfolio(ann)
    names = [f"t{number}" for number in range(98)]
    for part in range(5):
        await a_position(
            ann, entry_date=f"2022-06-{2 + part:02}", tags=names[20 * part : 20 * part + 20]
        )

    answers = await asyncio.gather(*(ann.post("tags", {"name": f"new {n}"}) for n in range(6)))

    assert sorted(answer.status_code for answer in answers) == [201, 201, 422, 422, 422, 422]


async def a_tagged_position(ann: Person, *tags: str) -> tuple[str, str]:
    """The ids of a new portfolio and of its position with these tags."""
    portfolio_id = await a_portfolio(ann)
    return portfolio_id, (await a_position(ann, tags=list(tags)))["position_id"]


@pytest.mark.usefixtures("market")
async def test_tags_of_a_position_are_replaced_and_created_on_the_fly(
    ann: Person, admin: Database
) -> None:
    portfolio_id, position_id = await a_tagged_position(ann, "old", "Kept")
    path = f"positions/{position_id}/tags"
    seen = await revision(admin, portfolio_id)

    answer = await ann.request("PUT", path, json={"tags": ["kept", "new", "NEW"]})
    emptied = await ann.request("PUT", path, json={"tags": []})

    assert (answer.json()["tags"], answer.json()["run_id"]) == (["Kept", "new"], None)
    assert emptied.json()["tags"] == []
    names = {tag["name"] for tag in (await ann.get("tags")).json()["items"]}
    assert names == {"old", "Kept", "new"}
    assert await revision(admin, portfolio_id) == seen + 2


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize("tags", [["a,b"], [""], [f"t{number}" for number in range(21)]])
async def test_unusable_tags_of_a_position_are_refused(ann: Person, tags: list[str]) -> None:
    await a_portfolio(ann)
    path = f"positions/{(await a_position(ann))['position_id']}/tags"

    answer = await ann.request("PUT", path, json={"tags": tags})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_tags")
    assert (await ann.get("tags")).json()["total"] == 0


@pytest.mark.usefixtures("market")
async def test_deleting_a_tag_takes_it_off_and_leaves_the_positions(
    ann: Person, admin: Database
) -> None:
    portfolio_id, position_id = await a_tagged_position(ann, "tech", "core")
    tag = next(tag for tag in (await ann.get("tags")).json()["items"] if tag["name"] == "tech")
    seen = await revision(admin, portfolio_id)

    deleted = await ann.request("DELETE", f"tags/{tag['tag_id']}")

    assert (tag["positions"], deleted.status_code) == (1, 204)
    assert (await ann.get(f"positions/{position_id}")).json()["tags"] == ["core"]
    assert await revision(admin, portfolio_id) == seen + 1


async def test_tags_are_listed_by_name_and_by_the_page(ann: Person) -> None:
    for name in ("b", "A", "ab"):
        await a_tag(ann, name)

    page = (await ann.get("tags", limit=2)).json()
    found = (await ann.get("tags", search="B")).json()

    assert ([tag["name"] for tag in page["items"]], page["total"]) == (["A", "ab"], 3)
    assert ([tag["name"] for tag in found["items"]], found["total"]) == (["ab", "b"], 2)


async def test_anothers_tag_is_not_found(ann: Person, bob: Person) -> None:
    theirs = await a_tag(ann)

    for method, more in (("GET", {}), ("PUT", {"json": {"name": "mine"}}), ("DELETE", {})):
        answers = [
            await bob.request(method, f"tags/{which}", **more) for which in (theirs, uuid4())
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
    assert (await bob.get("tags")).json()["total"] == 0
    assert (await ann.get(f"tags/{theirs}")).json()["name"] == "tech"


# --- strategies ---


async def test_a_strategy_adds_up_the_positions_of_its_tag(
    ann: Person, admin: Database, market: None
) -> None:
    book = await a_stored_book(ann, admin)
    await a_tag(ann, "strategy:empty")
    for symbol in ("AAPL", CALL):
        path = f"positions/{book.positions[symbol]}/tags"
        await ann.request("PUT", path, json={"tags": ["strategy:covered", "other"]})

    page = (await ann.get("strategies", portfolio_id=book.portfolio_id)).json()

    covered, empty = page["items"]
    assert (page["total"], page["valued_on"]) == (2, "2022-12-28")
    assert (covered["name"], covered["types"], covered["symbols"]) == (
        "covered",
        {"LC": 1, "LONG": 1},
        ["AAPL", CALL],
    )
    assert (covered["market_value"], covered["exposures"]["notional"]["net"]) == (15000.0, 39000.0)
    assert (empty["name"], empty["positions"], empty["market_value"]) == ("empty", 0, None)
