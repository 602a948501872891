"""Single sign-on: a provider's account logs in, is linked and unlinked, and logs out."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from fastapi import FastAPI

from services.gateway.edge.cookies import COOKIE
from services.gateway.edge.dependencies import Gateway
from services.gateway.identity.sign_on import provider as provider_module
from services.gateway.identity.sign_on.browser import ATTEMPT_COOKIE
from services.gateway.identity.sign_on.provider import Provider
from tests.integration.gateway.people import Person
from tests.integration.gateway.providing import (
    HOME,
    Browser,
    MadeUpProvider,
    a_key,
    code_of,
    logged_in_by,
    of_page,
    recorded,
    refused,
    terms,
)

# --- log in ---


async def test_an_account_that_is_let_in_logs_in_and_stays_one_user(
    browser: Browser, desk: MadeUpProvider, http: httpx2.AsyncClient, gateway: Gateway
) -> None:
    url = await browser.started()
    answer = await browser.come_back(desk.logged_in(url))
    first = await browser.me()
    again = Browser(http)
    await logged_in_by(again, desk)

    asked = parse_qs(urlsplit(url).query)
    assert asked["redirect_uri"] == [f"{HOME}/api/v1/auth/oidc/callback"]
    assert (asked["scope"], asked["code_challenge_method"]) == (["openid email"], ["S256"])
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HOME}/?screen=risk")
    assert ATTEMPT_COOKIE not in browser.cookies
    assert (first["email"], first["full_name"], first["role"]) == ("ada@example.org", "Ada", "user")
    assert await again.me() == first
    assert len(await recorded(gateway, "login.succeeded")) == 2
    assert desk.asked.count(".well-known/openid-configuration") == 1


async def test_logging_out_ends_it_here_and_says_where_it_ends_there(
    browser: Browser, desk: MadeUpProvider
) -> None:
    await logged_in_by(browser, desk)
    held = dict(browser.cookies)

    left = await browser.ask("POST", "auth/oidc/logout")

    there = urlsplit(left.json()["url"])
    assert there.path.endswith("/end_session")
    assert parse_qs(there.query)["post_logout_redirect_uri"] == [f"{HOME}/"]
    assert COOKIE not in browser.cookies
    browser.cookies = held
    assert (await browser.ask("GET", "auth/me")).status_code == 401


async def test_the_roles_claim_makes_administrators_of_its_users_alone(
    browser: Browser, desk: MadeUpProvider, ann: Person
) -> None:
    desk.account["realm_access"] = {"roles": ["risk-admin"]}
    await logged_in_by(browser, desk)
    raised = (await browser.me())["role"]
    desk.account["realm_access"] = {"roles": []}
    await logged_in_by(browser, desk)

    assert (raised, (await browser.me())["role"]) == ("admin", "user")

    desk.account |= {"sub": "43", "realm_access": {"roles": ["risk-admin"]}}
    linking = await of_page(browser.http, ann)
    await linking.come_back(desk.logged_in(await linking.started("auth/oidc/link")))
    await logged_in_by(browser, desk)
    assert ((await browser.me())["email"], (await browser.me())["role"]) == (ann.email, "user")


async def test_an_address_of_a_local_user_is_never_linked_by_itself(
    app: FastAPI, browser: Browser, desk: MadeUpProvider, ann: Person
) -> None:
    desk.account["email"] = ann.email
    allowed = frozenset({ann.email.partition("@")[2]})
    app.state.sign_on = Provider(terms(allowed_domains=allowed), desk)

    answer = await logged_in_by(browser, desk)

    assert (answer.status_code, code_of(answer)) == (409, "address_taken")
    assert "link this account in Settings" in answer.text
    assert COOKIE not in browser.cookies


# --- link ---


async def test_a_user_links_an_account_logs_in_by_it_and_unlinks_it(
    browser: Browser, desk: MadeUpProvider, ann: Person, gateway: Gateway
) -> None:
    linking = await of_page(browser.http, ann)
    back = await linking.come_back(desk.logged_in(await linking.started("auth/oidc/link")))
    await logged_in_by(browser, desk)
    [link] = (await linking.ask("GET", "auth/oidc/links")).json()["items"]

    assert back.status_code == 303
    assert (await browser.me())["email"] == ann.email
    assert (link["email"], link["made_user"]) == ("ada@example.org", False)

    gone = await linking.ask("DELETE", f"auth/oidc/links/{link['link_id']}")

    assert gone.status_code == 204
    assert (await browser.ask("GET", "auth/me")).status_code == 401  # it came by the link
    assert (await linking.me())["email"] == ann.email
    for action in ("sign_on.linked", "sign_on.unlinked"):
        assert len(await recorded(gateway, action)) == 1, action


async def test_an_account_is_linked_to_one_user(
    desk: MadeUpProvider, http: httpx2.AsyncClient, ann: Person, bob: Person
) -> None:
    codes = []
    for person in (ann, ann, bob):
        browser = await of_page(http, person)
        answer = await browser.come_back(desk.logged_in(await browser.started("auth/oidc/link")))
        codes.append(303 if answer.status_code == 303 else code_of(answer))

    assert codes == [303, 303, "linked_elsewhere"]


async def test_nothing_is_linked_after_the_log_in_that_asked_is_over(
    desk: MadeUpProvider, http: httpx2.AsyncClient, ann: Person
) -> None:
    browser = await of_page(http, ann)
    url = await browser.started("auth/oidc/link")
    await browser.ask("DELETE", "auth/session")

    answer = await browser.come_back(desk.logged_in(url))

    assert (answer.status_code, code_of(answer)) == (401, "log_in_over")


async def test_the_only_way_to_log_in_is_not_unlinked(
    browser: Browser, desk: MadeUpProvider
) -> None:
    await logged_in_by(browser, desk)
    [link] = (await browser.ask("GET", "auth/oidc/links")).json()["items"]

    answer = await browser.ask("DELETE", f"auth/oidc/links/{link['link_id']}")

    assert (answer.status_code, answer.json()["code"]) == (409, "only_log_in")


# --- the provider's ways ---


async def test_a_provider_that_is_away_stops_nothing_else(
    browser: Browser, desk: MadeUpProvider, ann: Person, http: httpx2.AsyncClient
) -> None:
    desk.is_away = True

    started = await browser.ask("POST", "auth/oidc/login", json={})
    by_password = await of_page(http, ann)
    ready = await http.get("/health/ready")

    assert (started.status_code, started.json()["code"]) == (503, "provider_unreachable")
    assert (await by_password.me())["email"] == ann.email
    assert ready.json()["database"] is True


async def test_a_provider_that_goes_away_meanwhile_is_named(
    browser: Browser, desk: MadeUpProvider
) -> None:
    answer = desk.logged_in(await browser.started())
    desk.is_away = True

    assert code_of(await browser.come_back(answer)) == "provider_unreachable"


async def test_an_unknown_key_is_looked_for_once_in_a_while(
    browser: Browser, desk: MadeUpProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await logged_in_by(browser, desk)
    desk.key = a_key("second")
    desk.published.append(desk.key)
    desk.header = {"alg": "RS256", "kid": "second"}
    browser.cookies.clear()
    early = await refused(browser, desk)
    asked = desk.asked.count("keys")
    monkeypatch.setattr(provider_module, "RENEWED_APART_SECONDS", 0.0)

    answer = await logged_in_by(browser, desk)

    assert (early, asked) == ((403, "sign_on_invalid"), 1)
    assert (answer.status_code, desk.asked.count("keys")) == (303, 2)


async def test_a_document_of_another_issuer_is_not_used(
    browser: Browser, desk: MadeUpProvider
) -> None:
    desk.document["issuer"] = "https://evil.example.org"

    answer = await browser.ask("POST", "auth/oidc/login", json={})

    assert answer.json()["code"] == "provider_unreachable"


async def test_without_a_provider_there_is_no_single_sign_on(
    browser: Browser, gateway: Gateway, empty: None
) -> None:
    offer = await browser.ask("GET", "auth/oidc")
    started = await browser.ask("POST", "auth/oidc/login", json={})
    back = await browser.come_back({"code": "x", "state": "y"})

    assert offer.json() == {"configured": False, "name": None}
    assert (started.status_code, code_of(back)) == (404, "sign_on_not_configured")
