"""Personal tokens: what each may do, how long, and who is refused."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from services.gateway.accounts.endpoints.tokens import MOST_TOKENS
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.personal import PREFIX
from services.gateway.edge.scopes import NEEDED, Scope
from services.gateway.operators.sweeper import Sweeper
from services.gateway.tables import AuditEntry, PersonalToken
from services.reports.handlers.render_report import render_report
from shared.contracts.gateway import ReportsRequested
from shared.database import Database, sql_table
from tests.builders import AS_OF
from tests.integration.gateway.people import PASSWORD, Person
from tests.integration.gateway.reporting import requested
from tests.integration.gateway.seeds import a_stored_book
from tests.integration.gateway.test_matrix import (
    PUBLIC,
    Operation,
    anns_things,
    asked,
    listed,
    operations,
)
from tests.servers import Role

__all__ = ["anns_things"]  # a fixture
EVERY_SCOPE = tuple(Scope)
# A person does these, and everything below `admin/`: no personal token ever will.
REFUSED = """
PUT auth/password
POST auth/session/link
DELETE auth/session
POST auth/oidc/link
GET auth/oidc/links
DELETE auth/oidc/links/{link_id}
POST auth/oidc/logout
POST events/ticket
GET me/second-factor
POST me/second-factor
DELETE me/second-factor
POST me/second-factor/confirm
POST me/second-factor/recovery-codes
GET me/tokens
POST me/tokens
DELETE me/tokens/{token_id}
GET me/preferences
PUT me/preferences
DELETE portfolios/{portfolio_id}
POST modelling/sessions/{draft_id}/book
POST risk/stress-testing/scenarios
DELETE risk/stress-testing/scenarios/{scenario_id}
POST limits
POST reports/schedules
PUT reports/schedules/{schedule_id}
DELETE reports/schedules/{schedule_id}
DELETE reports/{report_id}
PUT limits/{limit_id}
DELETE limits/{limit_id}
POST limits/{limit_id}/acknowledge
POST limits/{limit_id}/waive
GET notifications/channels
POST notifications/channels
PATCH notifications/channels/{channel_id}
DELETE notifications/channels/{channel_id}
POST notifications/channels/{channel_id}/confirm
POST notifications/channels/{channel_id}/secret
POST notifications/channels/{channel_id}/code
POST notifications/channels/{channel_id}/test
GET notifications/channels/{channel_id}/deliveries
POST notifications/channels/{channel_id}/deliveries/{notification_id}/repeat
"""
REFUSED_BELOW = "admin/"
# What shows the risk of a portfolio through a draft: figures, or trades whose size follows from it.
RISKS = """
GET modelling/sessions/{draft_id}/impacts
POST modelling/sessions/{draft_id}/curve
POST modelling/sessions/{draft_id}/suggestions
POST modelling/sessions/{draft_id}/rebase
POST modelling/sessions/{draft_id}/trades
PUT modelling/sessions/{draft_id}/trades/{trade_id}
DELETE modelling/sessions/{draft_id}/trades/{trade_id}
POST export/trades
"""
WRITE_NO_DRAFT = """
POST modelling/sessions/{draft_id}/curve
POST export/trades
"""
STREAMS = {"GET events/ws"}  # a WebSocket, which the document does not describe


async def made(person: Person, scopes: Sequence[str] = EVERY_SCOPE, **more: Any) -> dict[str, Any]:
    answer = await person.post("me/tokens", {"name": "Script", "scopes": list(scopes), **more})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def read_by(
    http: httpx2.AsyncClient, token: str, path: str = "portfolios"
) -> httpx2.Response:
    return await http.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {token}"})


async def entries(gateway: Gateway, action: str) -> list[AuditEntry]:
    wanted = select(AuditEntry).where(sql_table(AuditEntry).c.action == action)
    async with gateway.database.transaction() as session:
        return list((await session.scalars(wanted)).all())


# --- the table ---


def test_every_route_says_which_scope_it_needs_or_why_none_will_do(app: FastAPI) -> None:
    found = {each.name for each in operations(app)} - listed(PUBLIC)
    found = {name for name in found if not name.partition(" ")[2].startswith(REFUSED_BELOW)}
    accepted = NEEDED.keys() - listed(PUBLIC) - STREAMS
    refused = listed(REFUSED)

    assert found - accepted - refused == set(), "add these to edge/scopes.py, or above"
    assert accepted | refused == found
    assert accepted & refused == set()


def test_no_route_below_admin_is_in_the_table() -> None:
    below = [each for each in NEEDED if each.partition(" ")[2].startswith(REFUSED_BELOW)]

    assert below == []


async def test_a_token_opens_what_its_scopes_name_and_nothing_else(
    app: FastAPI, http: httpx2.AsyncClient, ann: Person, anns_things: dict[str, str]
) -> None:
    # reads alone: writes of one scope would take away what another is tried on
    reads = [each for each in operations(app) if each.method == "GET"]

    await opened_by_all_of_its_scopes(http, ann, reads, anns_things)


async def test_a_draft_is_opened_by_the_scopes_of_what_it_shows(
    app: FastAPI, http: httpx2.AsyncClient, ann: Person, anns_things: dict[str, str]
) -> None:
    drafts = [each for each in operations(app) if is_of_drafts(each.name) and each.name in NEEDED]

    await opened_by_all_of_its_scopes(http, ann, drafts, anns_things)


def is_of_drafts(route: str) -> bool:
    """Whether it shows a draft, or trades as a draft has them."""
    return route.partition(" ")[2].startswith(("modelling/sessions", "export/trades"))


def test_no_draft_shows_holdings_or_figures_to_a_token_that_may_not_read_them() -> None:
    drafts = {route: scopes for route, scopes in NEEDED.items() if is_of_drafts(route)}

    assert {
        route for route, scopes in drafts.items() if Scope.PORTFOLIO_READ not in scopes
    } == set()
    assert {route for route, scopes in drafts.items() if Scope.RISK_READ in scopes} == listed(RISKS)
    writing = {route for route, scopes in drafts.items() if Scope.DRAFT_WRITE in scopes}
    reading = {route for route in drafts if route.startswith("GET ")} | listed(WRITE_NO_DRAFT)
    assert writing == drafts.keys() - reading


async def opened_by_all_of_its_scopes(
    http: httpx2.AsyncClient,
    person: Person,
    asked_for: Sequence[Operation],
    things: dict[str, str],
) -> None:
    """A token of an operation's scopes opens it; without any of them no other token does."""
    tokens: dict[frozenset[Scope], str] = {}

    async def answer_to(operation: Operation, scopes: frozenset[Scope]) -> httpx2.Response:
        if scopes not in tokens:
            tokens[scopes] = (await made(person, sorted(scopes)))["token"]
        return await asked(http, operation.request(things), tokens[scopes])

    for operation in asked_for:
        needed = NEEDED.get(operation.name, frozenset())
        for scope in needed:
            refused = await answer_to(operation, frozenset(Scope) - {scope})
            name = f"{operation.name} without {scope}: {refused.text[:200]}"
            assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing"), name
            assert f"no scope {scope}:" in refused.json()["detail"], name
        if needed:
            opened = await answer_to(operation, needed)
            assert opened.status_code not in (401, 403), f"{operation.name}: {opened.text[:200]}"


async def test_what_no_token_may_do_is_refused_to_a_token_of_every_scope(
    app: FastAPI,
    http: httpx2.AsyncClient,
    ann: Person,
    operator: Person,
    anns_things: dict[str, str],
) -> None:
    hers, operators = [(await made(person))["token"] for person in (ann, operator)]

    for operation in operations(app):
        path = operation.name.partition(" ")[2]
        if operation.name in listed(REFUSED) or path.startswith(REFUSED_BELOW):
            token = operators if path.startswith(REFUSED_BELOW) else hers
            answer = await asked(http, operation.request(anns_things), token)

            refusal = (answer.status_code, answer.json()["code"])
            assert refusal == (403, "token_not_accepted"), operation.name


async def test_a_token_writes_with_its_scope_and_the_log_names_it(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person
) -> None:
    reading, writing = [
        await made(ann, [scope]) for scope in (Scope.PORTFOLIO_READ, Scope.PORTFOLIO_WRITE)
    ]
    answers = [
        await http.post(
            "/api/v1/portfolios",
            json={"name": "By token"},
            headers={"Authorization": f"Bearer {each['token']}"},
        )
        for each in (reading, writing)
    ]

    assert [answer.status_code for answer in answers] == [403, 201]
    assert answers[0].json()["code"] == "scope_missing"
    assert 'scope="portfolio:write"' in answers[0].headers["www-authenticate"]
    (entry,) = await entries(gateway, "portfolio.created")
    assert entry.details["token_id"] == writing["token_id"]


# --- what is made ---


async def test_a_token_is_shown_once_and_stored_as_a_hash(ann: Person, admin: Database) -> None:
    created = await made(ann, [Scope.RISK_READ], expires_in_days=7)

    listing = await ann.get("me/tokens")
    async with admin.transaction() as session:
        stored = (await session.execute(select(sql_table(PersonalToken)))).mappings().one()
    token = created.pop("token")
    assert listing.json() == {"items": [created], "total": 1}
    assert token.startswith(PREFIX)
    assert token.startswith(created["hint"])
    assert token not in listing.text
    assert token not in str(dict(stored))
    lasts = datetime.fromisoformat(created["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6) < lasts <= timedelta(days=7)


async def test_a_tokens_last_use_is_noted_to_the_minute(
    http: httpx2.AsyncClient, ann: Person, admin: Database
) -> None:
    created = await made(ann)

    async def last_use() -> str | None:
        used: str | None = (await ann.get("me/tokens")).json()["items"][0]["last_used_at"]
        return used

    assert await last_use() is None
    await read_by(http, created["token"])
    first = await last_use()
    await read_by(http, created["token"])
    assert first is not None
    assert await last_use() == first
    async with admin.transaction() as session:
        earlier = datetime.now(UTC) - timedelta(minutes=2)
        await session.execute(update(sql_table(PersonalToken)).values(last_used_at=earlier))
    await read_by(http, created["token"])
    assert await last_use() != earlier.isoformat()


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["admin"]}, "scopes.0"),
        ({"scopes": ["risk:read"], "expires_in_days": 0}, "expires_in_days"),
        ({"scopes": ["risk:read"], "expires_in_days": 367}, "expires_in_days"),
        ({"scopes": ["risk:read"], "name": ""}, "name"),
    ],
)
async def test_what_is_no_token_is_named(ann: Person, wanted: dict[str, Any], field: str) -> None:
    answer = await ann.post("me/tokens", {"name": "Script", **wanted})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_a_user_has_so_many_tokens_and_not_one_more(ann: Person) -> None:
    first = await made(ann)
    for _ in range(MOST_TOKENS - 1):
        await made(ann)

    refused = await ann.post("me/tokens", {"name": "One more", "scopes": ["risk:read"]})
    await ann.request("DELETE", f"me/tokens/{first['token_id']}")
    made_room = await ann.post("me/tokens", {"name": "One more", "scopes": ["risk:read"]})

    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_tokens")
    assert made_room.status_code == 201


# --- who is refused ---


async def refused(
    http: httpx2.AsyncClient, gateway: Gateway, created: dict[str, Any], code: str
) -> None:
    """The token is refused with this code, and the log says so."""
    answer = await read_by(http, created["token"])

    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["www-authenticate"] == "Bearer"
    (entry,) = await entries(gateway, "token.refused")
    assert entry.target == created["token_id"]
    assert entry.details == {
        "reason": code,
        "route": "GET portfolios",
        "token_id": created["token_id"],
    }


async def test_a_revoked_token_is_refused_at_once(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person
) -> None:
    created = await made(ann)
    before = await read_by(http, created["token"])

    answer = await ann.request("DELETE", f"me/tokens/{created['token_id']}")
    again = await ann.request("DELETE", f"me/tokens/{created['token_id']}")

    assert [before.status_code, answer.status_code, again.status_code] == [200, 204, 204]
    await refused(http, gateway, created, "token_revoked")
    assert (await ann.get("me/tokens")).json()["items"][0]["state"] == "revoked"


async def test_an_expired_token_is_refused(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person, admin: Database
) -> None:
    created = await made(ann)
    async with admin.transaction() as session:
        await session.execute(update(sql_table(PersonalToken)).values(expires_at=func.now()))

    await refused(http, gateway, created, "token_expired")


async def test_a_token_of_a_disabled_user_is_refused(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person, operator: Person
) -> None:
    created = await made(ann)
    user_id = (await ann.get("auth/me")).json()["user_id"]
    await operator.request("PATCH", f"admin/users/{user_id}", json={"disabled": True})

    await refused(http, gateway, created, "token_revoked")


async def test_a_password_that_an_administrator_sets_revokes_every_token(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person, operator: Person
) -> None:
    created = await made(ann)
    user_id = (await ann.get("auth/me")).json()["user_id"]
    new = {"new_password": "staple of another colour"}
    await operator.request("PUT", f"admin/users/{user_id}/password", json=new)

    await refused(http, gateway, created, "token_revoked")


async def test_a_password_that_its_user_changes_leaves_tokens_as_they_are(
    http: httpx2.AsyncClient, ann: Person
) -> None:
    created = await made(ann)
    change = {"current_password": PASSWORD, "new_password": "staple of another colour"}
    await ann.request("PUT", "auth/password", json=change)

    assert (await read_by(http, created["token"])).status_code == 200


async def test_a_token_without_the_scope_is_refused_and_recorded(
    http: httpx2.AsyncClient, gateway: Gateway, ann: Person
) -> None:
    created = await made(ann, [Scope.DRAFT_WRITE])

    answer = await read_by(http, created["token"])

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert "portfolio:read" in answer.json()["detail"]
    (entry,) = await entries(gateway, "token.refused")
    assert entry.details["reason"] == "scope_missing"


@pytest.mark.parametrize("token", [PREFIX, f"{PREFIX}guess", f"{PREFIX}{'x' * 43}", PREFIX + "ä"])
async def test_a_guess_is_no_token(http: httpx2.AsyncClient, empty: None, token: str) -> None:
    headers = {b"authorization": f"Bearer {token}".encode("latin-1")}

    answer = await http.get("/api/v1/portfolios", headers=list(headers.items()))

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


async def test_anothers_token_is_nobodys_to_revoke(ann: Person, bob: Person) -> None:
    created = await made(ann)

    answer = await bob.request("DELETE", f"me/tokens/{created['token_id']}")

    assert (answer.status_code, answer.json()["code"]) == (404, "token_not_found")
    assert (await bob.get("me/tokens")).json()["total"] == 0
    assert (await ann.get("me/tokens")).json()["items"][0]["state"] == "active"


async def test_a_token_sees_what_its_user_sees(
    http: httpx2.AsyncClient, ann: Person, bob: Person
) -> None:
    hers = (await ann.post("portfolios", {"name": "Growth"})).json()["portfolio_id"]
    his = (await made(bob))["token"]

    answer = await read_by(http, his, f"portfolios/{hers}")

    assert (answer.status_code, answer.json()["code"]) == (404, "portfolio_not_found")


async def test_a_token_without_risk_sees_no_var_scenario_or_limits(
    http: httpx2.AsyncClient, ann: Person, market: None, admin: Database
) -> None:
    await a_stored_book(ann, admin)
    plain = (await made(ann, [Scope.PORTFOLIO_READ]))["token"]
    both = (await made(ann, [Scope.PORTFOLIO_READ, Scope.RISK_READ]))["token"]

    (listed,), (shown,) = [(await read_by(http, each)).json()["items"] for each in (plain, both)]
    summed, known = [
        (await read_by(http, each, "portfolios/summary")).json() for each in (plain, both)
    ]

    assert shown["var_95_1d_historical"] == known["var_95_1d_sum"] == 500.0
    assert shown["worst_scenario"]
    assert known["scenarios"]
    assert (shown["risk_reason"], known["risk_reason"]) == (None, None)
    hidden: dict[str, object] = {"var_95_1d_historical": None, "worst_scenario": None, "limits": {}}
    assert listed == shown | hidden | {"risk_reason": listed["risk_reason"]}
    assert summed == known | {
        "var_95_1d_sum": None,
        "scenarios": [],
        "risk_reason": summed["risk_reason"],
    }
    assert "risk:read" in listed["risk_reason"] == summed["risk_reason"]


async def test_the_log_names_the_token_of_a_download(
    http: httpx2.AsyncClient,
    gateway: Gateway,
    ann: Person,
    market: None,
    admin: Database,
    role: Role,
) -> None:
    await a_stored_book(ann, admin)
    report_id = await requested(ann, template="investor", format="csv")
    event = ReportsRequested.new(UUID(report_id), AS_OF, report_id=UUID(report_id))
    await render_report(event, role("reports"))
    reading = await made(ann, [Scope.PORTFOLIO_READ, Scope.RISK_READ])

    await read_by(http, reading["token"], f"reports/{report_id}/download")

    (entry,) = await entries(gateway, "report.downloaded")
    assert entry.details == {"token_id": reading["token_id"]}


async def test_no_report_shows_positions_or_drafts_to_a_token_that_may_not_read_them(
    http: httpx2.AsyncClient, ann: Person, admin: Database, market: None
) -> None:
    book = await a_stored_book(ann, admin)
    draft = (await ann.post("modelling/sessions", {"portfolio_id": book.portfolio_id})).json()
    of_draft = {"template": "draft", "session_id": draft["draft_id"]}
    report_id = await requested(ann, template="investor", format="csv")

    for scope in (Scope.PORTFOLIO_READ, Scope.RISK_READ):
        token = {"Authorization": f"Bearer {(await made(ann, [scope]))['token']}"}
        generate = "/api/v1/reports/generate"
        answers = [await http.post(generate, json=body, headers=token) for body in (of_draft, {})]
        answers.append(await http.get(f"/api/v1/reports/{report_id}/download", headers=token))
        found = [(answer.status_code, answer.json()["code"]) for answer in answers]
        assert found == [(403, "scope_missing")] * 3, scope


async def test_events_are_followed_with_a_token(http: httpx2.AsyncClient, ann: Person) -> None:
    reading, other = [
        (await made(ann, [scope]))["token"] for scope in (Scope.PORTFOLIO_READ, Scope.RISK_READ)
    ]

    answers = [
        await read_by(http, each, "events?follow=false&after=0") for each in (reading, other)
    ]

    assert [answer.status_code for answer in answers] == [200, 403]


async def test_tokens_that_are_over_are_forgotten_after_a_while(
    gateway: Gateway, ann: Person, admin: Database
) -> None:
    old, young = await made(ann), await made(ann)
    tokens = sql_table(PersonalToken)
    long_ago = datetime.now(UTC) - timedelta(days=91)
    async with admin.transaction() as session:
        old_one = tokens.c.token_id == UUID(old["token_id"])
        await session.execute(update(tokens).where(old_one).values(revoked_at=long_ago))

    await Sweeper(3_600, 3_600, timedelta(days=1))._sweep(gateway.database)

    left = (await ann.get("me/tokens")).json()["items"]
    assert [each["token_id"] for each in left] == [young["token_id"]]
