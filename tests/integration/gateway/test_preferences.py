"""What a user prefers: one document, bounded, which two tabs do not overwrite for each other."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.gateway.accounts.schemas.preferences import MOST_BYTES, MOST_VIEWS
from tests.integration.gateway.people import Person

PATH = "me/preferences"
VIEW = {"screen": "positions", "name": "Short options", "address": {"group": "expiry"}}


async def saved(person: Person, if_match: str | None = "*", **wanted: Any) -> httpx2.Response:
    headers = {} if if_match is None else {"If-Match": if_match}
    return await person.request("PUT", PATH, json=wanted, headers=headers)


async def test_a_user_who_saved_nothing_prefers_the_defaults(ann: Person) -> None:
    answer = await ann.get(PATH)

    defaults: dict[str, Any] = {
        "theme": "system",
        "default_portfolio_id": None,
        "views": [],
        "version": 0,
    }
    assert (answer.status_code, answer.json()) == (200, defaults)
    assert answer.headers["etag"] == '"0-"'


async def test_what_is_saved_is_read_again_by_its_user_alone(ann: Person, bob: Person) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "Growth"})).json()["portfolio_id"]
    wanted = {"theme": "contrast-light", "default_portfolio_id": portfolio_id, "views": [VIEW]}

    answer = await saved(ann, '"0-"', **wanted)

    assert answer.json() == (await ann.get(PATH)).json() == {**wanted, "version": 1}
    assert (await bob.get(PATH)).json()["version"] == 0


async def test_the_whole_document_is_replaced(ann: Person) -> None:
    await saved(ann, theme="dark", views=[VIEW])

    await saved(ann, theme="light")

    assert (await ann.get(PATH)).json()["views"] == []


async def test_a_change_of_an_older_version_is_refused(ann: Person) -> None:
    first = (await ann.get(PATH)).headers["etag"]
    await saved(ann, first, theme="dark")

    late = await saved(ann, first, theme="light")

    assert (late.status_code, late.json()["code"]) == (412, "version_changed")
    assert (await ann.get(PATH)).json()["theme"] == "dark"


async def test_a_change_names_the_version_it_is_of(ann: Person) -> None:
    answer = await saved(ann, None, theme="dark")

    assert (answer.status_code, answer.json()["code"]) == (428, "if_match_required")


async def test_an_unchanged_document_is_not_sent_again(ann: Person) -> None:
    tag = (await ann.get(PATH)).headers["etag"]

    again = await ann.request("GET", PATH, headers={"If-None-Match": tag})

    assert again.status_code == 304


async def test_a_deleted_portfolio_is_no_default_any_longer(ann: Person) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "Growth"})).json()["portfolio_id"]
    before = await saved(ann, default_portfolio_id=portfolio_id)
    await ann.request("DELETE", f"portfolios/{portfolio_id}")

    after = await ann.get(PATH)

    assert after.json()["default_portfolio_id"] is None
    assert after.headers["etag"] != before.headers["etag"]


async def test_anothers_portfolio_is_no_default(ann: Person, bob: Person) -> None:
    hers = (await ann.post("portfolios", {"name": "Growth"})).json()["portfolio_id"]

    theirs = await saved(bob, default_portfolio_id=hers)
    unknown = await saved(bob, default_portfolio_id=str(uuid4()))

    assert [theirs.status_code, unknown.status_code] == [404, 404]
    assert theirs.json()["code"] == unknown.json()["code"] == "portfolio_not_found"


def views_of(bytes_each: int, number: int) -> list[dict[str, object]]:
    part = "x" * min(bytes_each, 500)
    address = {f"p{place}": part for place in range(max(1, bytes_each // 500))}
    return [{**VIEW, "name": f"View {place}", "address": address} for place in range(number)]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"theme": "pink"}, "theme"),
        ({"colour": "red"}, "colour"),
        ({"views": views_of(1, MOST_VIEWS + 1)}, "views"),
        ({"views": views_of(MOST_BYTES // 4, 5)}, None),
        ({"views": [VIEW, {**VIEW, "name": "SHORT options"}]}, None),
        ({"views": [{**VIEW, "screen": "../admin"}]}, "views.0.screen"),
        ({"views": [{**VIEW, "name": "a\nb"}]}, "views.0.name"),
        ({"views": [{**VIEW, "address": {"filter": "x" * 501}}]}, "views.0.address.filter"),
    ],
)
async def test_what_is_no_preference_is_named(
    ann: Person, wanted: dict[str, Any], field: str | None
) -> None:
    answer = await saved(ann, **wanted)

    assert answer.status_code == 422, answer.text
    error = answer.json()["errors"][0]
    assert error["field"] == field
    assert field or "views:" in error["message"]
