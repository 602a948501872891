"""Every route in the roles viewer and editor: what is shared is reached, and only as it is shared.

Who may do what is said here once more, apart from the code, which derives it from the scopes.
"""

from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest
from fastapi import FastAPI

from services.gateway.edge.dependencies import Gateway
from tests.integration.gateway.people import Person, a_stored_person
from tests.integration.gateway.test_matrix import (
    OWNER,
    USERS,
    Operation,
    anns_things,
    asked,
    chosen,
    listed,
    nothing,
    token_of,
    without_ids,
)

__all__ = ["anns_things"]  # a fixture
# What writes a shared portfolio: an editor does it, a viewer is refused.
EDITORS = """
POST portfolio/upload
POST reconcile/apply
POST portfolios/{portfolio_id}/snapshots
POST portfolios/{portfolio_id}/cash-flows
DELETE portfolios/{portfolio_id}/cash-flows/{cash_flow_id}
POST portfolios/{portfolio_id}/transactions
POST portfolios/{portfolio_id}/transactions/{transaction_id}/reverse
POST positions
PUT positions/{position_id}
DELETE positions/{position_id}
PUT positions/{position_id}/tags
POST risk/correlations/positions/calculate
POST factors/calculate
POST market-data/refresh
"""
RENAMING = "PATCH portfolios/{portfolio_id}"  # in the example; an editor changes other terms
# Its owner alone.
OWNERS = f"""
{RENAMING}
DELETE portfolios/{{portfolio_id}}
GET portfolios/{{portfolio_id}}/shares
PUT portfolios/{{portfolio_id}}/shares
DELETE portfolios/{{portfolio_id}}/shares/{{user_id}}
POST limits
POST limits/test
"""
OF_PORTFOLIOS = {"portfolio_id", "portfolio_ids", "position_id", "cash_flow_id", "transaction_id"}


def about_portfolios(app: FastAPI) -> Iterator[Operation]:
    """The routes that name what is of a portfolio, and nothing that is a user's own.

    A file's profile is left out of the requests.
    """
    for each in chosen(app, OWNER):
        if each.names() - {"profile_id"} and each.names() <= OF_PORTFOLIOS | {"profile_id"}:
            shared = tuple(named for named in each.parameters if named[0] != "profile_id")
            yield replace(each, parameters=shared)


async def share(ann: Person, bob: Person, things: dict[str, str], role: str) -> None:
    path = f"portfolios/{things['portfolio_id']}/shares"
    answer = await ann.request("PUT", path, json={"email": bob.email, "role": role})
    assert answer.status_code == 200, answer.text


async def unshare(person: Person, bob: Person, things: dict[str, str]) -> None:
    user_id = (await bob.get("auth/me")).json()["user_id"]
    path = f"portfolios/{things['portfolio_id']}/shares/{user_id}"
    assert (await person.request("DELETE", path)).status_code == 204


def test_what_editors_and_owners_do_is_of_portfolios(app: FastAPI) -> None:
    found = {operation.name for operation in about_portfolios(app)}

    assert listed(EDITORS) | listed(OWNERS) <= found
    assert len(found - listed(EDITORS) - listed(OWNERS)) > 40


@pytest.mark.parametrize("role", ["viewer", "editor"])
async def test_who_it_is_shared_with_gets_at_what_the_role_says(
    app: FastAPI,
    http: httpx2.AsyncClient,
    ann: Person,
    bob: Person,
    anns_things: dict[str, str],
    role: str,
) -> None:
    await share(ann, bob, anns_things, role)
    refused = dict.fromkeys(listed(OWNERS), "owner_only")
    if role == "viewer":
        refused |= dict.fromkeys([*listed(EDITORS), RENAMING], "editor_only")

    for operation in about_portfolios(app):
        answer = await asked(http, operation.request(anns_things), token_of(bob))

        code = answer.json()["code"] if answer.status_code >= 400 else ""
        if operation.name in refused:
            assert (answer.status_code, code) == (403, refused[operation.name]), operation.name
            assert ann.email in answer.json()["detail"], operation.name
        else:
            reached = answer.status_code not in (401, 403, 404) or code == "not_calculated"
            assert reached, (operation.name, answer.text)
            assert answer.status_code != 500, operation.name


async def test_what_is_the_owners_own_stays_as_if_it_were_not_there(
    app: FastAPI,
    http: httpx2.AsyncClient,
    ann: Person,
    bob: Person,
    anns_things: dict[str, str],
) -> None:
    await share(ann, bob, anns_things, "editor")
    shared = {operation.name for operation in about_portfolios(app)}
    personal = [each for each in chosen(app, OWNER) if each.name not in shared]

    for operation in personal:
        unknown = nothing() | {"portfolio_id": anns_things["portfolio_id"]}
        theirs = await asked(http, operation.request(anns_things), token_of(bob))
        nobodys = await asked(http, operation.request(unknown), token_of(bob))

        assert theirs.status_code == 404, (operation.name, theirs.text)
        assert without_ids(theirs, anns_things) == without_ids(nobodys, unknown), operation.name
    assert len(personal) > 40


async def test_a_former_viewers_answers_are_a_strangers(
    app: FastAPI,
    http: httpx2.AsyncClient,
    gateway: Gateway,
    password_hash: str,
    ann: Person,
    bob: Person,
    anns_things: dict[str, str],
) -> None:
    stranger = await a_stored_person(http, gateway, password_hash)
    await share(ann, bob, anns_things, "viewer")
    portfolio_id = anns_things["portfolio_id"]
    draft = await bob.post("modelling/sessions", {"portfolio_id": portfolio_id})
    about = {"portfolio_ids": [portfolio_id], "template": "investor", "format": "csv"}
    report = await bob.post("reports/generate", about)
    assert (draft.status_code, report.status_code) == (201, 202)
    schedule = await bob.post("reports/schedules", about | {"name": "Daily"})
    preferred = await bob.request(
        "PUT",
        "me/preferences",
        json={"default_portfolio_id": portfolio_id},
        headers={"If-Match": '"0-"'},
    )
    assert (schedule.status_code, preferred.status_code) == (201, 200)
    for operation in about_portfolios(app):  # what is kept of the answers is kept now
        if operation.method == "GET":
            await asked(http, operation.request(anns_things), token_of(bob))

    await unshare(ann, bob, anns_things)
    own = {"draft_id": draft.json()["draft_id"], "report_id": report.json()["report_id"]}
    different = []
    for operation in chosen(app, OWNER):
        request = operation.request(anns_things | own)
        his = await asked(http, request, token_of(bob))
        theirs = await asked(http, request, token_of(stranger))
        if (his.status_code, his.text) != (theirs.status_code, theirs.text):
            different.append((operation.name, his.text, theirs.text))

    assert different == []
    name = (await ann.get(f"portfolios/{portfolio_id}")).json()["name"]
    own_doing = ("GET reports/schedules", "GET export/history")  # what he wrote himself
    for operation in chosen(app, USERS):
        if operation.method == "GET" and operation.name not in own_doing:
            text = (await asked(http, operation.request(anns_things), token_of(bob))).text
            found = [each for each in (portfolio_id, name, ann.email) if each in text]
            assert found == [], (operation.name, found)
